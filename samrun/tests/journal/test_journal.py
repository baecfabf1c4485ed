"""Journal: bounded by number and by weight, and read by those who remember how far they got."""

from datetime import UTC, datetime

import pytest

from samrun.journal import journal as module
from samrun.journal.entries import BatchAnswered
from samrun.journal.journal import Journal
from samrun.mapping.records import TopicPartition
from samrun.supervision.access import Access


def access(path: str = "/orders", function: str | None = "Api") -> Access:
    return Access(method="POST", path=path, status=201, milliseconds=1500.0, function=function)


def answered(*offsets: int) -> BatchAnswered:
    places = frozenset((TopicPartition("t", 0), offset) for offset in offsets)
    return BatchAnswered(
        at=datetime.now(UTC),
        mapping="M",
        function="Fn",
        request_id="r",
        attempt=1,
        places=places,
        failed=frozenset(),
        error=None,
    )


def test_request_has_the_time_at_which_it_began() -> None:
    journal = Journal()
    journal.note_access(access())
    _, [request] = journal.requests()
    assert 1.4 < (datetime.now(UTC) - request.started).total_seconds() < 60


def test_request_that_met_no_route_is_left_out() -> None:
    journal = Journal()
    journal.note_access(access(function=None))
    assert journal.requests() == (0, [])


def test_reader_gets_what_came_after_it_read() -> None:
    journal = Journal()
    journal.note_access(access("/1"))
    number, _ = journal.requests()
    journal.note_access(access("/2"))
    number, newer = journal.requests(number)
    assert (number, [each.access.path for each in newer]) == (2, ["/2"])
    assert journal.requests(number) == (2, [])


def test_oldest_requests_are_forgotten_and_their_numbers_are_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_ENTRIES", 3)
    journal = Journal()
    for number in range(5):
        journal.note_access(access(f"/{number}"))
    number, kept = journal.requests()
    assert (number, [each.access.path for each in kept]) == (5, ["/2", "/3", "/4"])
    assert [each.access.path for each in journal.requests(4)[1]] == ["/4"]


def test_deliveries_of_large_batches_are_forgotten_sooner(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_PLACES", 5)
    journal = Journal()
    for _ in range(3):
        journal.note_delivery(answered(1, 2))
    assert len(journal.deliveries()[1]) == 2
    journal.note_delivery(answered(*range(9)))
    assert [len(each.places) for each in journal.deliveries()[1]] == [9]


def test_long_path_is_cut() -> None:
    journal = Journal()
    journal.note_access(access("/" + "a" * 8_000))
    assert len(journal.requests()[1][0].access.path) == 501


def test_version_grows_with_each_entry() -> None:
    journal = Journal()
    journal.note_access(access())
    journal.note_delivery(answered(1))
    assert journal.version == (1, 1)
    journal.clear(invocations=7)
    assert journal.requests() == (1, [])
    assert journal.invocations_before == 7
