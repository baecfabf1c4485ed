"""Files: written whole or not at all, and the folder that all projects of a user share."""

from pathlib import Path

import pytest

from samrun.supervision.files import user_cache, write_atomically


@pytest.mark.parametrize(("xdg", "folder"), [("", "home/.cache/samrun"), ("cache", "cache/samrun")])
def test_cache_belongs_to_the_user(monkeypatch: pytest.MonkeyPatch, xdg: str, folder: str) -> None:
    monkeypatch.setenv("HOME", "home")
    monkeypatch.setenv("XDG_CACHE_HOME", xdg)
    assert user_cache() == Path(folder)


def test_file_that_cannot_be_written_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "mail" / "full").mkdir(parents=True)
    with pytest.raises(IsADirectoryError):
        write_atomically(tmp_path / "mail", b"Hello")
    assert [file.name for file in tmp_path.iterdir()] == ["mail"]
