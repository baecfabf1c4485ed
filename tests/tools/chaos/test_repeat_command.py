"""Command that repeats a run of `make chaos`: it has everything that the plan and the load follow from."""

from tools.chaos.__main__ import RATE, repeat_command


def test_default_rate_is_not_said() -> None:
    assert repeat_command(minutes=0.5, seed=7, rate=RATE) == "make chaos MINUTES=0.5 SEED=7"


def test_other_rate_is_an_argument() -> None:
    assert repeat_command(minutes=5, seed=7, rate=2.5) == "make chaos MINUTES=5 SEED=7 ARGS='--rate 2.5'"
