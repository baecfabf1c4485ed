"""Rule of the soak: a figure of a process that grows steadily is found, and one that goes up and down is not."""

import sys
from collections.abc import Callable
from dataclasses import replace

import pytest

from tools.chaos.chaos_run import RunResult
from tools.chaos.checker import Violation
from tools.chaos.evidence import Evidence, LedgerItem
from tools.chaos.growth import JVM_ROOF, MIN_SAMPLES, growth_table, growths, slope_of
from tools.chaos.history import History
from tools.chaos.process_samples import ProcessSample
from tools.chaos.soak import MIN_MINUTES, marked_without_faults, sample_pause, soak_violations, warm_up
from tools.chaos.soak import main as soak_main

ENTRY = LedgerItem(
    order_id="ord_1",
    notification_id="1#mail",
    event_type="order.paid.v1",
    status="sent",
    attempts=2,
    possible_duplicate=False,
)


def soak(change: Callable[[ProcessSample], ProcessSample], *, process: str = "samrun up (1)") -> list[ProcessSample]:
    """Ten minutes of samples, each 5 s; memory settles in the first two, and then goes up and down."""
    samples = []
    for number in range(120):
        at = number / 12
        flat = ProcessSample(
            at=at, process=process, rss=min(at, 2) * 30 + number % 3, handles=20 + number % 2, threads=8
        )
        samples.append(change(flat))
    return samples


def grown(samples: list[ProcessSample]) -> set[str]:
    return {each.figure for each in growths(samples, warm_up=2) if not each.is_flat}


def test_slope_is_that_of_the_line() -> None:
    assert slope_of([(0, 1), (1, 3), (2, 5)]) == pytest.approx(2)
    assert slope_of([(0, 1), (1, 2), (2, 1)]) == pytest.approx(0)


def test_steady_process_is_flat_after_its_warm_up() -> None:
    samples = soak(lambda each: each)
    assert grown(samples) == set()
    assert "rss" in {each.figure for each in growths(samples, warm_up=0) if not each.is_flat}


@pytest.mark.parametrize(
    ("leak", "figure"),
    [
        (lambda each: replace(each, rss=each.rss + 1.2 * each.at), "rss"),  # 4 kB for each of 300 orders a minute
        (lambda each: replace(each, handles=each.handles + 3 * each.at), "handles"),
        (lambda each: replace(each, threads=each.threads + 3 * each.at), "threads"),
    ],
    ids=["memory", "handles", "threads"],
)
def test_planted_leak_is_found(leak: Callable[[ProcessSample], ProcessSample], figure: str) -> None:
    samples = soak(leak)
    assert grown(samples) == {figure}
    assert [line.split()[3] for line in growth_table(growths(samples, warm_up=2)).splitlines() if "GROWS" in line] == [
        figure
    ]


def test_heap_of_a_jvm_may_grow_up_to_its_roof() -> None:
    def growing(slope: float) -> list[ProcessSample]:
        return soak(lambda each: replace(each, rss=slope * each.at), process="Kafka (2)")

    assert grown(growing(20)) == set()
    assert grown(growing(JVM_ROOF / 9)) == {"rss"}


def test_process_with_few_samples_is_not_judged() -> None:
    samples = soak(lambda each: each)[: 24 + MIN_SAMPLES]
    assert list(growths(samples[:-1], warm_up=2)) == []
    assert len(list(growths(samples, warm_up=2))) == 3


def test_mark_of_a_possible_duplicate_has_no_reason_without_faults() -> None:
    assert marked_without_faults([ENTRY]) == []
    [violation] = marked_without_faults([ENTRY, replace(ENTRY, order_id="ord_2", possible_duplicate=True)])
    assert violation.subject == "ord_2"


def test_soak_says_whatever_is_wrong() -> None:
    found = list(growths(soak(lambda each: replace(each, threads=each.at * 9)), warm_up=2))
    lost = Violation(kind="lost order", subject="ord_1")
    ledger = [replace(ENTRY, possible_duplicate=True)]
    evidence = Evidence(orders=[], records=[], ledger=ledger, mails=[])
    result = RunResult(history=History(), evidence=evidence, violations=[lost])
    assert [each.kind for each in soak_violations(result, found)] == ["lost order", "possible duplicate", "growth"]


def test_soak_that_measured_nothing_is_a_violation() -> None:
    result = RunResult(history=History(), evidence=Evidence(orders=[], records=[], ledger=[], mails=[]), violations=[])
    assert [each.text for each in soak_violations(result, [])] == ["too few samples"]


@pytest.mark.parametrize("minutes", [MIN_MINUTES, 3.0, 10.0, 60.0])
def test_soak_of_any_length_has_enough_samples_after_its_warm_up(minutes: float) -> None:
    pause = sample_pause(minutes) / 60
    times = [number * pause for number in range(1, int(minutes / pause))]
    samples = [ProcessSample(at=at, process="p (1)", rss=1, handles=1, threads=1) for at in times]
    assert len(list(growths(samples, warm_up=warm_up(minutes)))) == 3


def test_soak_that_is_too_short_says_at_its_start_how_long_it_takes(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", ["soak", "--minutes", "1"])
    with pytest.raises(SystemExit):
        soak_main()
    assert "--minutes is 1: a soak takes 2 minutes at least" in capsys.readouterr().err
