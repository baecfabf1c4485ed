"""History of a run: what clients asked and were told, what was sent and marked, and each fault."""

import json
import threading
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True, kw_only=True)
class ApiCall:
    """Request of a customer, and what the customer was told. Without a `status`, no answer came.

    `action` is "place" or "cancel"; `reference` is the payment's. `order_id` is that of the answer.
    """

    action: str
    reference: str
    began: float
    ended: float
    status: int | None = None
    order_id: str | None = None


@dataclass(frozen=True, kw_only=True)
class MailSend:
    """Request to SES, which the process `sender` made.

    `accepted`: SES has taken the mail, or may have: it got the request, and gave no answer. `told`: its answer went on
    to the sender, when the request `ended`.
    """

    began: float
    ended: float
    order_id: str
    notification_id: str
    sender: int
    accepted: bool
    told: bool


@dataclass(frozen=True, kw_only=True)
class LedgerMark:
    """Write of `sent` to a notification of which the function was told that it was made, at `at`."""

    at: float
    order_id: str
    notification_id: str


@dataclass(frozen=True, kw_only=True)
class LostMark:
    """Write of `sent` that the process `sender` wanted, and was not told that it was made, or could not be made."""

    began: float
    order_id: str
    notification_id: str
    sender: int


@dataclass(frozen=True, kw_only=True)
class LedgerClaim:
    """Write that gave a notification to `owner` until `lease_until`. `taken_from` is the owner that held it, if any.

    Only a claim whose lease is over has that: one that was released, or whose answer was lost, is free.
    """

    at: float
    notification_id: str
    owner: str
    lease_until: float
    taken_from: str = ""


@dataclass(frozen=True, kw_only=True)
class OutboxMark:
    """Write that removed an event from the pending ones of its order, of which the function was told at `at`."""

    at: float
    order_id: str
    event_type: str


@dataclass(frozen=True, kw_only=True)
class DeadLetterSend:
    """Request to SQS to take a dead letter, which it took. The record's place in Kafka, and the reason."""

    at: float
    topic: str
    partition: int
    offset: int
    reason: str


@dataclass(frozen=True, kw_only=True)
class DiscardedObject:
    """Batch that the mapping wrote to its on-failure destination."""

    at: float
    path: str


@dataclass(frozen=True, kw_only=True)
class InjectedFault:
    """Fault as it happened. `ended` is None for one that is over at once. `process` is that of a disturbed worker."""

    target: str
    kind: str
    began: float
    ended: float | None = None
    process: int = 0


@dataclass(frozen=True, kw_only=True)
class ProcessEnd:
    """End of an environment's process, whatever ended it."""

    at: float
    process: int


@dataclass(frozen=True, kw_only=True)
class UnexpectedEnd:
    """End of a part of the stack that no fault explains."""

    at: float
    what: str


Entry = (
    ApiCall
    | MailSend
    | LedgerMark
    | LostMark
    | LedgerClaim
    | OutboxMark
    | DeadLetterSend
    | DiscardedObject
    | InjectedFault
    | ProcessEnd
    | UnexpectedEnd
)


@dataclass(kw_only=True)
class History:
    """Entries of a run, in memory and in a file. Any thread may add some. Times are seconds of Unix time."""

    calls: list[ApiCall] = field(default_factory=list)
    sends: list[MailSend] = field(default_factory=list)
    ledger_marks: list[LedgerMark] = field(default_factory=list)
    lost_marks: list[LostMark] = field(default_factory=list)
    ledger_claims: list[LedgerClaim] = field(default_factory=list)
    outbox_marks: list[OutboxMark] = field(default_factory=list)
    dead_letters: list[DeadLetterSend] = field(default_factory=list)
    discarded: list[DiscardedObject] = field(default_factory=list)
    faults: list[InjectedFault] = field(default_factory=list)
    process_ends: list[ProcessEnd] = field(default_factory=list)
    unexpected: list[UnexpectedEnd] = field(default_factory=list)
    file: Path | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def add(self, entry: Entry) -> None:
        """Add an entry."""
        with self._lock:
            self._list_of(entry).append(entry)
            if self.file:
                with self.file.open("a", encoding="utf-8") as lines:
                    lines.write(json.dumps({"entry": type(entry).__name__, **asdict(entry)}) + "\n")

    def _list_of(self, entry: Entry) -> list[Any]:
        lists: dict[type[Entry], list[Any]] = {
            ApiCall: self.calls,
            MailSend: self.sends,
            LedgerMark: self.ledger_marks,
            LostMark: self.lost_marks,
            LedgerClaim: self.ledger_claims,
            OutboxMark: self.outbox_marks,
            DeadLetterSend: self.dead_letters,
            DiscardedObject: self.discarded,
            InjectedFault: self.faults,
            ProcessEnd: self.process_ends,
            UnexpectedEnd: self.unexpected,
        }
        return lists[type(entry)]


def now() -> float:
    """Return the time of the history's entries."""
    return time.time()
