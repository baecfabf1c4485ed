"""When a provider that does not answer may be tried, by a clock that only the tests move on."""

from __future__ import annotations

import pytest

from functions.notify.aws import LONGEST_SEND
from functions.notify.breaker import FIRST_PAUSE, LONGEST_PAUSE, CircuitBreaker


class FakeClock:
    """A clock that stands still."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def breaker(clock: FakeClock) -> CircuitBreaker:
    return CircuitBreaker(clock=clock)


def test_one_lost_answer_holds_nobody_back(breaker: CircuitBreaker) -> None:
    breaker.lost()
    assert breaker.allows(again=False)
    assert breaker.allows(again=True)


def test_lost_answers_that_are_not_in_a_row_hold_nobody_back(breaker: CircuitBreaker) -> None:
    for _ in range(5):
        breaker.lost()
        breaker.answered()
    breaker.lost()
    assert breaker.allows(again=False)


def test_after_two_in_a_row_one_send_at_a_time_tries_it(breaker: CircuitBreaker, clock: FakeClock) -> None:
    breaker.lost()
    breaker.lost()
    assert not breaker.allows(again=False)
    clock.now += FIRST_PAUSE
    assert breaker.allows(again=False)
    assert not breaker.allows(again=False)
    # That one may have ended without a word, such as on a recipient who is refused.
    clock.now += LONGEST_SEND
    assert breaker.allows(again=False)


def test_what_may_be_out_already_waits_for_others_to_try(breaker: CircuitBreaker, clock: FakeClock) -> None:
    breaker.lost()
    breaker.lost()
    clock.now += FIRST_PAUSE
    assert not breaker.allows(again=True)
    clock.now += FIRST_PAUSE
    assert breaker.allows(again=True)


def test_the_pauses_double_up_to_the_longest(breaker: CircuitBreaker, clock: FakeClock) -> None:
    breaker.lost()
    pauses = []
    for _ in range(11):
        breaker.lost()
        began = clock.now
        while not breaker.allows(again=False):
            clock.now += 0.5
        pauses.append(clock.now - began)
        clock.now += LONGEST_SEND
    assert pauses == [*(FIRST_PAUSE * 2**number for number in range(9)), LONGEST_PAUSE, LONGEST_PAUSE]


def test_many_that_are_lost_at_once_are_one_outage(breaker: CircuitBreaker, clock: FakeClock) -> None:
    for _ in range(100):
        breaker.lost()
    clock.now += FIRST_PAUSE
    assert breaker.allows(again=False)


def test_an_answer_lets_everybody_send(breaker: CircuitBreaker) -> None:
    breaker.lost()
    breaker.lost()
    breaker.answered()
    assert all(breaker.allows(again=again) for again in (True, False))


def test_a_loss_tells_whether_others_were_answered_before(breaker: CircuitBreaker) -> None:
    assert not breaker.lost()
    breaker.answered()
    assert breaker.lost()
    assert not breaker.lost()
