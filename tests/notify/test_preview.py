"""The tool that renders every notification, to look at and to check."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from functions.notify.messages.messages import TEMPLATES
from tests.notify.samples import EVENTS
from tools import preview

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).parents[2]


@pytest.fixture
def templates(tmp_path: Path) -> Path:
    """A copy of the templates, to be broken."""
    return Path(shutil.copytree(TEMPLATES, tmp_path / "templates"))


@pytest.fixture
def check(templates: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Callable[[], tuple[int, list[str]]]:
    """Check the copy of the templates; return the exit status and the output, line by line."""

    def run() -> tuple[int, list[str]]:
        status = preview.main(["--check"], templates=templates, root=ROOT, folder=tmp_path / "preview")
        said = capsys.readouterr()
        assert said.out == ""
        assert not (tmp_path / "preview").exists()
        return status, said.err.splitlines()

    return run


def change(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def test_the_templates_pass_the_check(check: Callable[[], tuple[int, list[str]]]) -> None:
    assert check() == (0, [])


def test_a_syntax_error_fails_the_check(check: Callable[[], tuple[int, list[str]]], templates: Path) -> None:
    change(templates / "order.paid.v1/vi/mail.txt.jinja", "{% endblock %}", "{% endblok %}")
    status, said = check()
    assert status == 1
    assert said[0] == f"In {templates}:"
    assert said[1].startswith("  order.paid.v1/vi/mail.txt.jinja, line 23: Encountered unknown tag 'endblok'.")


def test_a_missing_file_fails_the_check(check: Callable[[], tuple[int, list[str]]], templates: Path) -> None:
    (templates / "order.cancelled.v1/vi/text_message.txt.jinja").unlink()
    assert check() == (
        1,
        [f"In {templates}:", "  order.cancelled.v1/vi/text_message.txt.jinja is missing; add it"],
    )


def test_an_undefined_variable_fails_the_check(check: Callable[[], tuple[int, list[str]]], templates: Path) -> None:
    change(templates / "order.cancelled.v1/en/mail.html.jinja", "cancelled_at", "canceled_at")
    change(templates / "order.paid.v1/vi/text_message.txt.jinja", "order_number", "ordernumber")
    status, said = check()
    assert status == 1
    assert sorted(line.partition(", with the event ")[0] for line in said[1:]) == [
        "  order.cancelled.v1/en/mail.html.jinja, line 8: 'canceled_at' is undefined",
        "  order.paid.v1/vi/text_message.txt.jinja, line 1: 'ordernumber' is undefined",
    ]


def test_a_variable_that_only_some_customers_have_fails_the_check(
    check: Callable[[], tuple[int, list[str]]], templates: Path
) -> None:
    change(templates / "order.paid.v1/en/mail.txt.jinja", "Thank you.", "Thank you, {{ customer.phone }}.")
    change(templates / "order.paid.v1/en/text_message.txt.jinja", "Thank you.", "Thank you, {{ customer.locale }}.")
    status, said = check()
    assert status == 1
    assert "  order.paid.v1/en/text_message.txt.jinja, line 1: " in said[1]


def test_a_notification_without_a_sample_event_fails_the_check(
    check: Callable[[], tuple[int, list[str]]], templates: Path
) -> None:
    shutil.copytree(templates / "order.paid.v1", templates / "order.shipped.v1")
    assert check() == (
        1,
        [f"In {templates}:", "  order.shipped.v1: there is no sample event; add events/order.shipped.v1.json"],
    )


def test_a_preview_has_every_mail_and_text_message_in_every_locale(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without Chromium there is a message, and everything except the pictures."""
    monkeypatch.delenv("CHROMIUM", raising=False)
    monkeypatch.setenv("PATH", "")
    folder = tmp_path / "preview"
    assert preview.main([], root=ROOT, folder=folder) == 0
    assert "Chromium is needed: install it, or name its path in CHROMIUM." in capsys.readouterr().err
    index = (folder / "index.html").read_text(encoding="utf-8")
    for template in TEMPLATES.glob("*/*/subject.txt.jinja"):
        locale = template.parent
        event = EVENTS[locale.parent.name]
        place = f"{locale.parent.name}/{locale.name}/{event['subject']}"
        written = {path.name: path.read_text(encoding="utf-8") for path in (folder / place).iterdir()}
        has_text_message = (locale / "text_message.txt.jinja").exists()
        assert written.keys() == {"headers.txt", "mail.txt", "mail.html", *(["text_message.txt"] * has_text_message)}
        assert "To: Ada Lovelace <ada@example.com>\n" in written["headers.txt"]
        assert all(event["data"]["order_number"] in content for content in written.values())
        assert f'href="{place}/mail.html"' in index
    assert "<img" not in index


def test_a_preview_removes_the_one_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CHROMIUM", raising=False)
    monkeypatch.setenv("PATH", "")
    (tmp_path / "order.lost.v9").mkdir()
    assert preview.main([], root=ROOT, folder=tmp_path) == 0
    assert not (tmp_path / "order.lost.v9").exists()
