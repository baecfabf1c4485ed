"""Sends of mails that were made again, and the disturbance that explains each.

A second send is right only if the first one, or its mark in the ledger, was disturbed. The harness has seen all of it
from outside: which answers passed its proxies, which process asked, when that process was stopped or ended.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise

from tools.chaos.history import History, MailSend

# Seconds. notify waits 3 s for SES's answer (functions/notify/timeouts.py). On a busy machine, a sender that has no
# processor for the other half of that time reads an answer too late.
_PATIENCE = 3.0 / 2
# The longest time of an invocation of notify: a sender that ends later had the time to write its mark.
_INVOCATION = 15.0


class Disturbance(StrEnum):
    """Disturbance of a send or of its mark."""

    REFUSED = "SES refused the mail"
    ANSWER_LOST = "answer of SES lost"
    ANSWER_LATE = "answer of SES late"
    SENDER_ENDED = "sender ended before its mark"
    MARK_LOST = "mark without an answer"


@dataclass(frozen=True, kw_only=True)
class RepeatedSend:
    """Send after which the same mail was sent again; `disturbance` is None if nothing explains that."""

    send: MailSend
    disturbance: Disturbance | None


def repeated_sends(history: History) -> Iterator[RepeatedSend]:
    """Yield every send but the last of each notification."""
    by_notification: dict[str, list[MailSend]] = defaultdict(list)
    for send in sorted(history.sends, key=lambda each: each.began):
        by_notification[send.notification_id].append(send)
    for sends in by_notification.values():
        for send, following in pairwise(sends):
            yield RepeatedSend(send=send, disturbance=_disturbance(send, history, until=following.began))


def _disturbance(send: MailSend, history: History, *, until: float) -> Disturbance | None:
    """Return what became of a send that was made again at `until`."""
    if not send.accepted:
        return Disturbance.REFUSED
    if not send.told:
        return Disturbance.ANSWER_LOST
    if _heard(send, history) - send.began > _PATIENCE:
        return Disturbance.ANSWER_LATE
    end_of_invocation = min(until, send.began + _INVOCATION)
    if any(end.process == send.sender and send.began < end.at < end_of_invocation for end in history.process_ends):
        return Disturbance.SENDER_ENDED
    if any(
        mark.notification_id == send.notification_id
        and mark.sender == send.sender
        and send.began < mark.began < end_of_invocation
        for mark in history.lost_marks
    ):
        return Disturbance.MARK_LOST
    return None


def _heard(send: MailSend, history: History) -> float:
    """Return when the sender can have read its answer: at the end of a stop (SIGSTOP), if it was stopped then."""
    stops = [
        fault.ended
        for fault in history.faults
        if fault.process == send.sender and fault.ended and fault.began <= send.ended < fault.ended
    ]
    return max([send.ended, *stops])
