"""Pending writes: which of them an environment repeats, in which order, and how many it remembers."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import pytest

from functions.notify.aws_clients import THREADS
from functions.notify.domain.notification import Claim, Notification
from functions.notify.ledger.unavailable import LedgerUnavailableError
from functions.notify.notifying.pending_writes import MAX_PENDING_WRITES, PendingWrites

ONE = ThreadPoolExecutor(1)


@dataclass
class Writes:
    """Writes that note whose they are, and fail for the owners in `failing`."""

    made: list[str] = field(default_factory=list)
    failing: dict[str, Exception] = field(default_factory=dict)

    def of(self, owner: str) -> Any:
        def write() -> bool:
            self.made.append(owner)
            if owner in self.failing:
                raise self.failing[owner]
            return True

        return write


def claim(owner: str, *, channel: str = "mail") -> Claim:
    notification = Notification(key="ord_1", event_id="event-1", channel=channel)
    return Claim(notification=notification, owner=owner, attempts=1, possible_duplicate=False)


@pytest.fixture
def pending() -> PendingWrites:
    return PendingWrites()


@pytest.fixture
def writes() -> Writes:
    return Writes()


def add(pending: PendingWrites, writes: Writes, *owners: str, is_lost_claim: bool = False) -> None:
    for owner in owners:
        pending.add(claim(owner), writes.of(owner), is_lost_claim=is_lost_claim)


def finish(pending: PendingWrites, *, rounds: int = 3, has_time: bool = True) -> list[Exception]:
    """Finish what is due, and return the bugs that were reported."""
    bugs: list[Exception] = []
    pending.finish_due(ONE, rounds=rounds, has_time=lambda: has_time, report_bug=bugs.append)
    return bugs


def test_a_write_that_the_ledger_answers_is_not_pending(pending: PendingWrites, writes: Writes) -> None:
    assert pending.write(claim("a"), writes.of("a"), repeated=writes.of("a"))
    assert not pending.has(claim("a"))


def test_a_write_that_the_ledger_does_not_answer_is_pending_until_it_does(
    pending: PendingWrites, writes: Writes
) -> None:
    writes.failing["a"] = LedgerUnavailableError("ReadTimeoutError")
    with pytest.raises(LedgerUnavailableError):
        pending.write(claim("a"), writes.of("a"), repeated=writes.of("a"))
    finish(pending)
    assert pending.has(claim("a"))
    assert writes.made == ["a", "a"], "no second round follows one that finished nothing"
    writes.failing.clear()
    finish(pending)
    finish(pending)
    assert not pending.has(claim("a"))
    assert writes.made == ["a", "a", "a"]


def test_a_write_can_be_repeated_in_another_way(pending: PendingWrites, writes: Writes) -> None:
    writes.failing["together"] = LedgerUnavailableError("ReadTimeoutError")
    with pytest.raises(LedgerUnavailableError):
        pending.write(claim("a"), writes.of("together"), repeated=writes.of("alone"))
    finish(pending)
    assert writes.made == ["together", "alone"]
    assert not pending.has(claim("a"))


def test_a_pending_write_is_of_one_notification_of_an_owner(pending: PendingWrites, writes: Writes) -> None:
    add(pending, writes, "a")
    assert pending.has(claim("a"))
    assert not pending.has(claim("a", channel="text"))
    assert not pending.has(claim("b"))


def test_rounds_go_on_while_the_ledger_answers_some_of_the_writes(pending: PendingWrites, writes: Writes) -> None:
    writes.failing["a"] = LedgerUnavailableError("ReadTimeoutError")
    add(pending, writes, "a", *(f"fine-{number}" for number in range(2 * THREADS)))
    finish(pending)
    assert writes.made.count("a") == 3
    assert len(set(writes.made)) == 1 + 2 * THREADS
    add(pending, writes, *(f"more-{number}" for number in range(2 * THREADS)))
    finish(pending, rounds=1)
    assert len([owner for owner in writes.made if owner.startswith("more")]) == THREADS - 1, "beside the one that fails"


def test_nothing_is_written_without_time(pending: PendingWrites, writes: Writes) -> None:
    add(pending, writes, "a")
    finish(pending, has_time=False)
    assert writes.made == []
    assert pending.has(claim("a"))


def test_what_became_of_sends_is_written_before_lost_claims_are_released(
    pending: PendingWrites, writes: Writes
) -> None:
    add(pending, writes, "lost-1", "lost-2", is_lost_claim=True)
    add(pending, writes, "sent-1", "sent-2")
    finish(pending)
    assert writes.made == ["sent-1", "sent-2", "lost-1", "lost-2"]


def test_a_lost_claim_is_remembered_after_its_release_until_it_is_found(pending: PendingWrites, writes: Writes) -> None:
    add(pending, writes, "a", is_lost_claim=True)
    finish(pending)
    finish(pending)
    assert writes.made == ["a"]
    assert pending.has(claim("a"))
    pending.finish(claim("a"))
    assert writes.made == ["a", "a"]
    assert not pending.has(claim("a"))


def test_a_write_that_is_found_and_fails_stays_pending(pending: PendingWrites, writes: Writes) -> None:
    writes.failing["a"] = LedgerUnavailableError("ReadTimeoutError")
    add(pending, writes, "a")
    with pytest.raises(LedgerUnavailableError):
        pending.finish(claim("a"))
    assert pending.has(claim("a"))


def test_an_environment_remembers_no_more_writes_than_it_may_and_forgets_lost_claims_first(
    pending: PendingWrites, writes: Writes
) -> None:
    add(pending, writes, "sent")
    add(pending, writes, *(f"lost-{number}" for number in range(MAX_PENDING_WRITES)), is_lost_claim=True)
    assert pending.has(claim("sent"))
    assert not pending.has(claim("lost-0"))
    assert pending.has(claim("lost-1"))
    add(pending, writes, *(f"sent-{number}" for number in range(MAX_PENDING_WRITES)))
    assert not pending.has(claim(f"lost-{MAX_PENDING_WRITES - 1}"))
    assert not pending.has(claim("sent"))
    assert pending.has(claim("sent-0"))


def test_a_bug_in_a_write_is_reported_once_and_does_not_fail_the_others(pending: PendingWrites, writes: Writes) -> None:
    writes.failing["a"] = bug = RuntimeError("a bug")
    add(pending, writes, "a", "b")
    assert finish(pending) == [bug]
    assert finish(pending) == []
    assert writes.made == ["a", "b"]
