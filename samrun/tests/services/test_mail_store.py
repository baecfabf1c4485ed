"""Store of mails."""

from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from samrun.services.mail_store import Mail, MailNotFoundError, MailStore
from support.stored_mails import mails_in

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


def add(store: MailStore, raw: bytes = b"Subject: Hi\r\n\r\nHi", created: datetime = NOON) -> str:
    return store.add(raw, sender="orders@shop.example.com", recipients=["ada@example.com"], created=created)


def test_store_returns_a_mail_byte_for_byte_with_its_envelope(tmp_path: Path) -> None:
    raw = b"Subject: \xff\r\n\r\n\x00"
    created = datetime(2026, 11, 22, 13, 0, 0, 123456, tzinfo=timezone(timedelta(hours=1)))
    recipients = ["ada@example.com", "audit@shop.example.com"]
    identifier = MailStore(tmp_path).add(raw, sender="orders@shop.example.com", recipients=recipients, created=created)

    another_process = MailStore(tmp_path)
    assert another_process.raw(identifier) == raw
    assert another_process.get(identifier) == Mail(
        id=identifier,
        sender="orders@shop.example.com",
        recipients=("ada@example.com", "audit@shop.example.com"),
        created=created,
        read=False,
    )


def test_empty_store_needs_no_folder(tmp_path: Path) -> None:
    assert mails_in(MailStore(tmp_path / "mails")) == []


def test_store_lists_the_mails_of_every_writer_newest_first(tmp_path: Path) -> None:
    writer, reader = MailStore(tmp_path / "mails"), MailStore(tmp_path / "mails")
    second = add(writer, created=NOON + timedelta(microseconds=1))
    first = add(writer, created=NOON)
    assert [mail.id for mail in mails_in(reader)] == [second, first]
    third = add(writer, created=NOON + timedelta(hours=1))
    assert [mail.id for mail in mails_in(reader)] == [third, second, first]


def test_store_keeps_all_mails_of_the_same_moment(tmp_path: Path) -> None:
    store = MailStore(tmp_path)
    assert len({add(store) for _ in range(50)}) == len(mails_in(store)) == 50


def test_read_mark_is_stored_and_can_be_removed(tmp_path: Path) -> None:
    identifier = add(MailStore(tmp_path))
    store = MailStore(tmp_path)
    store.mark_read(identifier)
    assert [mail.read for mail in mails_in(MailStore(tmp_path))] == [True]
    assert store.get(identifier).read
    store.mark_read(identifier, read=False)
    assert [mail.read for mail in mails_in(store)] == [False]


def test_deleted_mail_is_gone_with_all_its_files(tmp_path: Path) -> None:
    store = MailStore(tmp_path)
    identifier = add(store)
    store.mark_read(identifier)
    store.delete(identifier)
    store.delete(identifier)
    assert mails_in(store) == []
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(MailNotFoundError):
        store.get(identifier)
    with pytest.raises(MailNotFoundError):
        store.raw(identifier)
    with pytest.raises(MailNotFoundError):
        store.mark_read(identifier)


def test_store_has_no_envelope_of_a_mail_that_is_being_written_or_deleted(tmp_path: Path) -> None:
    store = MailStore(tmp_path)
    half_written, half_deleted = add(store), add(store)
    (tmp_path / f"{half_written}.eml").rename(tmp_path / f"{half_written}.eml.unfinished")
    (tmp_path / f"{half_deleted}.json").unlink()
    [entry] = store.entries()
    assert entry.id == half_deleted
    with pytest.raises(MailNotFoundError):
        store.envelope(entry)


def test_store_ignores_files_of_others(tmp_path: Path) -> None:
    (tmp_path / "notes.eml").write_text("Subject: mine")
    (tmp_path / ".DS_Store").touch()
    assert mails_in(MailStore(tmp_path)) == []


@pytest.mark.parametrize("identifier", ["../secret", "", "latest", "0" * 21, "0" * 22 + "\n", "0" * 22])
def test_invalid_id_is_not_found(identifier: str, tmp_path: Path) -> None:
    folder = tmp_path / "mails"
    store = MailStore(folder)
    (tmp_path / "secret.eml").write_text("not for you")
    with pytest.raises(MailNotFoundError):
        store.raw(identifier)


def test_store_reads_each_envelope_once(tmp_path: Path) -> None:
    store = MailStore(tmp_path)
    identifier = add(store)
    [before] = mails_in(store)
    (tmp_path / f"{identifier}.json").write_text("changed behind its back")
    assert mails_in(store) == [before]
