"""Plan of the faults: it follows from the seed, and no two faults of one target overlap."""

from itertools import pairwise

import pytest

from tools.chaos.fault_plan import ALL_TARGETS, plan_faults

SEEDS = range(20)


def test_same_seed_gives_the_same_plan_and_another_seed_another_one() -> None:
    assert plan_faults(7, seconds=60) == plan_faults(7, seconds=60)
    assert plan_faults(7, seconds=60) != plan_faults(8, seconds=60)


def test_plan_of_one_target_does_not_depend_on_the_others() -> None:
    alone = plan_faults(7, seconds=60, targets={"workers": ALL_TARGETS["workers"]})
    assert alone == [fault for fault in plan_faults(7, seconds=60) if fault.target == "workers"]


@pytest.mark.parametrize(("minutes", "count"), [(1, 40), (5, 200)])
def test_plan_has_enough_faults_and_ends_them_in_time(minutes: int, count: int) -> None:
    for seed in SEEDS:
        faults = plan_faults(seed, seconds=60 * minutes)
        assert len(faults) >= count
        assert all(0 < fault.at <= fault.at + fault.seconds <= 60 * minutes for fault in faults)


def test_plan_of_five_minutes_has_each_kind_of_fault_of_each_target() -> None:
    planned = {(fault.target, fault.kind) for seed in SEEDS for fault in plan_faults(seed, seconds=300)}
    assert planned == {(name, kind.name) for name, target in ALL_TARGETS.items() for kind in target.kinds}


def test_faults_of_a_target_do_not_overlap() -> None:
    for name, target in ALL_TARGETS.items():
        for first, second in pairwise(plan_faults(1, seconds=300, targets={name: target})):
            assert first.at + first.seconds < second.at
