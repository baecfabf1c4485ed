"""Mails are read ahead of a search, once somebody looks at the list; memory stays bounded."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from samrun.console.inbox import inbox as inbox_module
from samrun.console.inbox.inbox import Inbox
from samrun.console.inbox.message_list import MessageList
from samrun.services.mail_store import MailStore
from samrun.services.text_message_store import TextMessageStore

NOON = datetime(2026, 11, 30, 12, tzinfo=UTC)


@pytest.fixture
def store(tmp_path: Path) -> MailStore:
    store = MailStore(tmp_path / "mails")
    for number in range(30):
        raw = f"Subject: Order {number}\n\nThank you, number {number}.\n".encode()
        store.add(raw, sender="a@example.com", recipients=["b@example.com"], created=NOON + timedelta(minutes=number))
    return store


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the files that were read."""
    names: list[str] = []
    read = Path.read_bytes

    def read_and_note(path: Path) -> bytes:
        names.append(path.name)
        return read(path)

    monkeypatch.setattr(Path, "read_bytes", read_and_note)
    return names


def look(inbox: Inbox, folder: Path) -> None:
    MessageList(inbox, TextMessageStore(folder / "text-messages")).page(limit=5)
    inbox.ahead.wait()


def test_search_after_a_look_at_the_list_reads_no_file(store: MailStore, opened: list[str], tmp_path: Path) -> None:
    inbox = Inbox(store)
    look(inbox, tmp_path)
    assert {name for name in opened if name.endswith(".eml")} == {f"{entry.id}.eml" for entry in inbox.entries()}
    opened.clear()
    assert inbox.page(start=0, limit=5, query='"number 7"').found == 1
    assert opened == []


def test_mail_that_comes_later_is_read_at_the_next_look(store: MailStore, opened: list[str], tmp_path: Path) -> None:
    inbox = Inbox(store)
    look(inbox, tmp_path)
    store.add(b"Subject: Late\n\nAt last.\n", sender="a@example.com", recipients=[], created=NOON + timedelta(days=1))
    look(inbox, tmp_path)
    opened.clear()
    assert inbox.page(start=0, limit=5, query='"at last"').found == 1
    assert opened == []


def test_reading_ahead_ends_where_there_is_no_more_room(
    store: MailStore, opened: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inbox_module, "_MAX_SUMMARIES", 10)
    inbox = Inbox(store)
    look(inbox, tmp_path)
    look(inbox, tmp_path)
    assert len({name for name in opened if name.endswith(".eml")}) == 10
    assert inbox.page(start=0, limit=50, query="number").found == 30


def test_mail_that_is_deleted_meanwhile_is_passed_over(store: MailStore, tmp_path: Path) -> None:
    inbox = Inbox(store)
    entries = inbox.entries()
    store.delete(entries[3].id)
    inbox.read_ahead(entries)
    inbox.ahead.wait()
    assert inbox.page(start=0, limit=50, query="number").found == 29
