"""The circuit breaker, by a clock that only the tests move."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from functions.notify.channels.circuit_breaker import FIRST_PAUSE, MAX_PAUSE, CircuitBreaker
from functions.notify.timeouts import MAX_SEND

if TYPE_CHECKING:
    from tests.notify.fakes import FakeClock


@pytest.fixture
def breaker(clock: FakeClock) -> CircuitBreaker:
    return CircuitBreaker(clock=clock.monotonic)


def test_the_breaker_stays_closed_after_one_lost_answer(breaker: CircuitBreaker) -> None:
    breaker.record_failure()
    assert breaker.allow_request(possible_duplicate=False)
    assert breaker.allow_request(possible_duplicate=True)


def test_the_breaker_stays_closed_if_lost_answers_are_not_in_a_row(breaker: CircuitBreaker) -> None:
    for _ in range(5):
        breaker.record_failure()
        breaker.record_success()
    breaker.record_failure()
    assert breaker.allow_request(possible_duplicate=False)


def test_an_open_breaker_allows_one_send_at_a_time(breaker: CircuitBreaker, clock: FakeClock) -> None:
    breaker.record_failure()
    breaker.record_failure()
    assert not breaker.allow_request(possible_duplicate=False)
    clock.advance(seconds=FIRST_PAUSE)
    assert breaker.allow_request(possible_duplicate=False)
    assert not breaker.allow_request(possible_duplicate=False)
    # That one may have ended without a word, such as on a recipient who is refused.
    clock.advance(seconds=MAX_SEND)
    assert breaker.allow_request(possible_duplicate=False)


def test_a_possible_duplicate_waits_for_a_second_pause(breaker: CircuitBreaker, clock: FakeClock) -> None:
    breaker.record_failure()
    breaker.record_failure()
    clock.advance(seconds=FIRST_PAUSE)
    assert not breaker.allow_request(possible_duplicate=True)
    clock.advance(seconds=FIRST_PAUSE)
    assert breaker.allow_request(possible_duplicate=True)


def test_pauses_double_up_to_the_longest(breaker: CircuitBreaker, clock: FakeClock) -> None:
    breaker.record_failure()
    pauses = []
    for _ in range(11):
        breaker.record_failure()
        began = clock.seconds
        while not breaker.allow_request(possible_duplicate=False):
            clock.advance(seconds=0.5)
        pauses.append(clock.seconds - began)
        clock.advance(seconds=MAX_SEND)
    assert pauses == [*(FIRST_PAUSE * 2**number for number in range(9)), MAX_PAUSE, MAX_PAUSE]


def test_many_answers_that_are_lost_at_once_are_one_outage(breaker: CircuitBreaker, clock: FakeClock) -> None:
    for _ in range(100):
        breaker.record_failure()
    clock.advance(seconds=FIRST_PAUSE)
    assert breaker.allow_request(possible_duplicate=False)


def test_an_answer_closes_the_breaker(breaker: CircuitBreaker) -> None:
    breaker.record_failure()
    breaker.record_failure()
    breaker.record_success()
    assert all(breaker.allow_request(possible_duplicate=possible_duplicate) for possible_duplicate in (True, False))


def test_a_lost_answer_tells_whether_the_provider_has_answered_since_the_last(breaker: CircuitBreaker) -> None:
    assert not breaker.record_failure()
    breaker.record_success()
    assert breaker.record_failure()
    assert not breaker.record_failure()
