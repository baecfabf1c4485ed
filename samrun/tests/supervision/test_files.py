"""Files: the folder that all projects of a user share."""

from pathlib import Path

import pytest

from samrun.supervision.files import user_cache


@pytest.mark.parametrize(("xdg", "folder"), [("", "home/.cache/samrun"), ("cache", "cache/samrun")])
def test_cache_belongs_to_the_user(monkeypatch: pytest.MonkeyPatch, xdg: str, folder: str) -> None:
    monkeypatch.setenv("HOME", "home")
    monkeypatch.setenv("XDG_CACHE_HOME", xdg)
    assert user_cache() == Path(folder)
