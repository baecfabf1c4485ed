"""The pace of sends, by a clock that only those who wait move on."""

from __future__ import annotations

import threading

from functions.notify.pace import BACK_OFF, Pace


class FakeTime:
    """A clock, and the sleeps that move it on."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(round(seconds, 6))
        self.now += seconds


def pace_of(per_second: float, time: FakeTime) -> Pace:
    return Pace(per_second, clock=time, sleep=time.sleep)


def test_the_first_send_waits_for_nothing() -> None:
    time = FakeTime()
    assert pace_of(14, time).wait(at_most=0)
    assert time.slept == []


def test_sends_are_spread_over_the_second() -> None:
    time = FakeTime()
    pace = pace_of(4, time)
    assert all(pace.wait(at_most=10) for _ in range(9))
    assert time.now == 1002.0


def test_what_was_not_used_is_not_saved_up() -> None:
    time = FakeTime()
    pace = pace_of(4, time)
    time.now += 60
    assert all(pace.wait(at_most=10) for _ in range(5))
    assert time.now == 1061.0


def test_who_would_wait_too_long_does_not_and_takes_nobodys_place() -> None:
    time = FakeTime()
    pace = pace_of(1, time)
    pace.wait(at_most=0)
    assert not pace.wait(at_most=0.5)
    assert not pace.wait(at_most=-1)
    assert pace.wait(at_most=1)
    assert time.now == 1001.0


def test_after_a_complaint_nobody_sends_for_a_moment() -> None:
    time = FakeTime()
    pace = pace_of(100, time)
    pace.wait(at_most=0)
    pace.back_off()
    assert not pace.wait(at_most=BACK_OFF / 2)
    assert pace.wait(at_most=BACK_OFF)
    assert time.now == 1000.0 + BACK_OFF


def test_threads_share_one_pace() -> None:
    granted = []
    pace = Pace(1e-6)  # one in a million seconds

    def ask() -> None:
        granted.append(pace.wait(at_most=1))

    threads = [threading.Thread(target=ask) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert granted.count(True) == 1
