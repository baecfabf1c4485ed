"""Previews: which files are one, and that no name leads out of the folder."""

from pathlib import Path

import pytest

from samrun.console.inbox.previews import PreviewNotFoundError, Previews


def write(folder: Path, **files: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / name.replace("__", ".")).write_text(content, encoding="utf-8")


def test_each_folder_with_a_message_is_a_preview(tmp_path: Path) -> None:
    write(tmp_path, index__html="all")
    write(tmp_path / "paid/vi", mail__html="<p>Cảm ơn</p>", mail__txt="Cảm ơn", text_message__txt="Trả\n")
    write(tmp_path / "paid/en", mail__eml="Subject: Paid\n\nThanks")
    write(tmp_path / "paid/de", picture__png="")
    previews = Previews([tmp_path, tmp_path / "missing"])
    assert previews.names() == ["paid/en", "paid/vi"]
    vietnamese, english = previews.get("paid/vi"), previews.get("paid/en")
    assert vietnamese.message is not None
    assert (vietnamese.message.html, vietnamese.texts) == ("<p>Cảm ơn</p>", {"mail.txt": "Cảm ơn"})
    assert vietnamese.text_message == "Trả"
    assert english.message is not None
    assert (english.message.subject, english.texts, english.text_message) == ("Paid", {"text": "Thanks"}, None)


@pytest.mark.parametrize("name", ["..", "../secret", "/etc", "none", "", ".", "link", "paid/../../secret"])
def test_name_that_is_no_preview_is_not_found(tmp_path: Path, name: str) -> None:
    write(tmp_path / "previews/paid", mail__txt="x")
    write(tmp_path / "previews", index__html="x")
    write(tmp_path / "secret", key__txt="x")
    (tmp_path / "previews/link").symlink_to(tmp_path / "secret")
    with pytest.raises(PreviewNotFoundError):
        Previews([tmp_path / "previews"]).get(name)


def test_link_to_a_file_outside_is_no_part_of_a_preview(tmp_path: Path) -> None:
    write(tmp_path / "previews/paid", mail__txt="x")
    write(tmp_path / "secret", key__txt="secret")
    (tmp_path / "previews/paid/key.txt").symlink_to(tmp_path / "secret/key.txt")
    assert Previews([tmp_path / "previews"]).get("paid").texts == {"mail.txt": "x"}
