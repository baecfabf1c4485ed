"""Benchmark of a burst of mails in which notify is killed: how long no mail comes, and how many customers get two.

SES is a stand-in that takes 50 ms for a mail and counts. The kill ends all environments of notify (SIGKILL), after a
stop (SIGSTOP), so that the stand-in can count the sends that it had in hand.

    python -m benchmarks.notify_killed [rounds [mails of a burst]]
"""

from __future__ import annotations

import itertools
import os
import signal
import sys
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from benchmarks.memory_folder import memory_folder
from benchmarks.row import Row
from samrun.testing.waiting import eventually
from tests.project import ROOT
from tests.system.customers import address
from tests.system.fake_ses import Ses, serving
from tests.system.order_events import event_of, publish
from tests.system.order_stack import OrderStack

if TYPE_CHECKING:
    from collections.abc import Sequence
    from socket import socket

# Writes of services on a disk would be most of the time.
HANDLER = "functions.notify.handlers.notify.handler"
LATENCY = 0.05  # seconds
KILLED_AFTER = 0.3  # of the mails
ARRIVAL = 0.3  # seconds
MAX_SILENCE, MAX_SECOND_OF_OPEN = 10.0, 1.0
PATIENCE = 300.0  # seconds, for the last mail of a burst
SILENCE_CAUSE = (
    "The dead sender's claims hold until the end of its lease, and the mapping adds the pause before its next retry. "
    "What another partition mails meanwhile shortens the silence, so it differs from kill to kill."
)
SECOND_CAUSE = (
    "SES had answered these sends, too, but the dead sender had not yet marked them as sent: an answer waits for the "
    "interpreter, which up to fifty threads share, and for the write of the mark."
)


@dataclass
class OpenSends:
    """Sends that have reached the stand-in, and those that it has answered. The difference is what it has in hand."""

    begun: int = 0
    answered: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def begin(self, _connection: socket) -> bool:
        """Count a request, which the stand-in then reads."""
        with self._lock:
            self.begun += 1
        return False

    def end(self, _address: str, _connection: socket) -> None:
        """Count an answer."""
        with self._lock:
            self.answered += 1


@dataclass(frozen=True, kw_only=True)
class Burst:
    """Result of a kill: the longest time without a mail after it, in seconds; second mails; and sends in hand at it."""

    silence: float
    extra: int
    in_hand: int


def measure_notify_killed(rounds: int = 3, mails: int = 500) -> list[Row]:
    """Measure so many bursts, each with one kill."""
    in_hand = OpenSends()
    ses = Ses(latency=LATENCY, before_mail=in_hand.begin, before_answer=in_hand.end)
    numbers = itertools.count()
    with (
        serving(ses) as url,
        memory_folder() as folder,
        OrderStack(ROOT, folder / "data", environment={"AWS_ENDPOINT_URL_SESV2": url}, eager=True) as stack,
    ):
        bursts = [_burst(stack, ses, in_hand, list(itertools.islice(numbers, mails))) for _ in range(rounds)]
    for each in bursts:
        print(f"silence {each.silence:.1f} s, {each.extra} second mails of {mails}, {each.in_hand} sends in hand")
    return rows_of(bursts, mails)


def rows_of(bursts: Sequence[Burst], mails: int) -> list[Row]:
    """Return the rows of these bursts."""
    return [
        Row(
            work=f"silence after a kill of notify, in a burst of {mails} mails",
            compared_with="nothing",
            samples=[each.silence for each in bursts],
            unit="s",
            aim=MAX_SILENCE,
            cause=SILENCE_CAUSE,
        ),
        Row(
            work="second mails after that kill",
            compared_with="the sends that SES had in hand",
            samples=[each.extra / max(each.in_hand, 1) for each in bursts],
            unit="x",
            aim=MAX_SECOND_OF_OPEN,
            cause=SECOND_CAUSE,
        ),
    ]


def _burst(stack: OrderStack, ses: Ses, in_hand: OpenSends, customers: Sequence[int]) -> Burst:
    before = len(ses.taken)
    publish(stack.endpoints["kafka"], (event_of(number) for number in customers))
    while len(ses.taken) - before < KILLED_AFTER * len(customers):
        time.sleep(0.005)
    environments = [each.pid for each in stack.processes() if HANDLER in each.cmdline()]
    if not environments:
        raise RuntimeError("notify has no environment that could be killed")
    for pid in environments:
        os.kill(pid, signal.SIGSTOP)
    answered, killed_at = in_hand.answered, time.monotonic()
    # A request that notify sent before may still be on its way to the stand-in, which shares two cores with all else.
    time.sleep(ARRIVAL)
    for pid in environments:
        os.kill(pid, signal.SIGKILL)
    begun = in_hand.begun
    addresses = {address(number) for number in customers}
    eventually(lambda: addresses <= ses.sent.keys(), what="everybody's mail", patience=PATIENCE)
    stack.wait_until_idle(patience=PATIENCE)
    moments = [killed_at, *sorted(each.at for each in ses.taken if each.at > killed_at)]
    return Burst(
        silence=max(later - earlier for earlier, later in itertools.pairwise(moments)),
        extra=len(ses.taken) - before - len(customers),
        in_hand=begun - answered,
    )


if __name__ == "__main__":
    for row in measure_notify_killed(*map(int, sys.argv[1:])):
        print(f"{row.work}, against {row.compared_with}: {row.value:.2f} {row.unit}, aim {row.aim}, {row.is_met}")
