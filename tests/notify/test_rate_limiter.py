"""The rate limit of sends, by a clock that only a sleep moves."""

from __future__ import annotations

import threading

from functions.notify.channels.rate_limiter import BACK_OFF, RateLimiter
from tests.notify.fakes import FakeClock


def limiter(per_second: float, clock: FakeClock) -> RateLimiter:
    return RateLimiter(per_second, clock=clock.monotonic, sleep=clock.sleep)


def test_the_first_send_waits_for_nothing() -> None:
    clock = FakeClock()
    assert limiter(14, clock).wait(at_most=0)
    assert clock.slept == []


def test_sends_are_spread_evenly_over_the_second() -> None:
    clock = FakeClock()
    began = clock.seconds
    rate_limiter = limiter(4, clock)
    assert all(rate_limiter.wait(at_most=10) for _ in range(9))
    assert clock.seconds == began + 2


def test_unused_sends_are_not_saved_up() -> None:
    clock = FakeClock()
    began = clock.seconds
    rate_limiter = limiter(4, clock)
    clock.advance(seconds=60)
    assert all(rate_limiter.wait(at_most=10) for _ in range(5))
    assert clock.seconds == began + 61


def test_a_send_that_would_wait_too_long_takes_no_moment() -> None:
    clock = FakeClock()
    began = clock.seconds
    rate_limiter = limiter(1, clock)
    rate_limiter.wait(at_most=0)
    assert not rate_limiter.wait(at_most=0.5)
    assert not rate_limiter.wait(at_most=-1)
    assert rate_limiter.wait(at_most=1)
    assert clock.seconds == began + 1


def test_a_throttled_send_stops_all_sends_for_a_second() -> None:
    clock = FakeClock()
    began = clock.seconds
    rate_limiter = limiter(100, clock)
    rate_limiter.wait(at_most=0)
    rate_limiter.back_off()
    assert not rate_limiter.wait(at_most=BACK_OFF / 2)
    assert rate_limiter.wait(at_most=BACK_OFF)
    assert clock.seconds == began + BACK_OFF


def test_threads_share_one_rate_limit() -> None:
    granted = []
    rate_limiter = RateLimiter(1e-6)  # one in a million seconds

    def ask() -> None:
        granted.append(rate_limiter.wait(at_most=1))

    threads = [threading.Thread(target=ask) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert granted.count(True) == 1
