"""Pending writes: what an environment still has to write to the ledger, because DynamoDB did not answer.

DynamoDB may have made a write whose answer was lost, or may make it later. So a claim without an answer can stand in
the ledger though nothing was sent, and a mail that was sent can stay `claimed`. The environment knows better: it
repeats these writes in the time that its invocation has left, at the start of the next one, and if a redelivered record
finds such a claim in its way. Each of them has the condition that the claim still is its owner's, so it can be repeated
at any time. If the environment dies, what it knew is lost.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import partial
from threading import Lock
from typing import TYPE_CHECKING

from functions.notify.aws_clients import THREADS
from functions.notify.ledger.unavailable import LedgerUnavailableError
from functions.notify.logs import logger

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Executor

    from functions.notify.domain.notification import Claim

MAX_PENDING_WRITES = 1000

Key = tuple[str, str, str]


@dataclass(frozen=True, kw_only=True)
class PendingWrite:
    """A write about the claim of one owner. It is due until it was answered.

    `is_lost_claim` says that the answer to the claim itself was lost: then the write releases the claim.
    """

    write: Callable[[], bool]
    is_lost_claim: bool
    is_due: bool = True


@dataclass(frozen=True)
class PendingWrites:
    """Pending writes of one environment, the newest MAX_PENDING_WRITES, for any number of threads."""

    _writes: dict[Key, PendingWrite] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def add(self, claim: Claim, write: Callable[[], bool], *, is_lost_claim: bool = False) -> None:
        """Remember a write about a claim. If there are too many, the oldest release of a lost claim is forgotten."""
        with self._lock:
            self._writes[_key(claim)] = PendingWrite(write=write, is_lost_claim=is_lost_claim)
            if len(self._writes) > MAX_PENDING_WRITES:
                oldest = next(iter(self._writes))
                del self._writes[next((key for key, each in self._writes.items() if each.is_lost_claim), oldest)]

    def write(self, claim: Claim, write: Callable[[], bool], *, repeated: Callable[[], bool]) -> bool:
        """Write, and remember the `repeated` write if the ledger does not answer. Raises LedgerUnavailableError."""
        try:
            return write()
        except LedgerUnavailableError:
            self.add(claim, repeated)
            raise

    def has(self, claim: Claim) -> bool:
        """Tell whether there is a write about the claim."""
        return _key(claim) in self._writes

    def finish(self, claim: Claim) -> None:
        """Write what there is about a claim, and forget it. Raises LedgerUnavailableError."""
        if pending := self._writes.get(_key(claim)):
            pending.write()
            with self._lock:
                self._writes.pop(_key(claim), None)

    def finish_due(
        self,
        threads: Executor,
        *,
        rounds: int,
        has_time: Callable[[], bool],
        report_bug: Callable[[Exception], None],
    ) -> None:
        """Repeat the writes that are due, side by side. Never raises; a write with a bug is reported and forgotten.

        There are so many rounds at most, while there is time, and none after one that finished nothing. A lost claim is
        remembered even after its release: DynamoDB may make it later than that.
        """
        finish = partial(self._finish_due, report_bug=report_bug)
        finished = 0
        for _ in range(rounds):
            due = self._due()
            if not due or not has_time():
                break
            before, finished = finished, finished + sum(threads.map(finish, due))
            if finished == before:
                break
        if finished:
            logger.info("pending writes to the ledger made", extra={"writes": finished})
        if due := self._due():
            logger.warning("the ledger does not answer: writes stay pending", extra={"writes": len(due)})

    def _due(self) -> list[Key]:
        """Return the keys of the writes that are due, as many as there are threads; releases of lost claims last."""
        with self._lock:
            due = [key for key, each in self._writes.items() if each.is_due]
            return sorted(due, key=lambda key: self._writes[key].is_lost_claim)[:THREADS]

    def _finish_due(self, key: Key, report_bug: Callable[[Exception], None]) -> bool:
        pending = self._writes[key]
        try:
            pending.write()
        except LedgerUnavailableError:
            return False
        except Exception as error:  # noqa: BLE001 a bug in one write must not fail the whole batch
            report_bug(error)
        with self._lock:
            if pending.is_lost_claim:
                self._writes[key] = replace(pending, is_due=False)
            else:
                del self._writes[key]
        return True


def _key(claim: Claim) -> Key:
    return claim.notification.key, claim.notification.id, claim.owner
