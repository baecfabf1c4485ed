"""Progress of a download, on a terminal and in a file."""

import io
import re
from pathlib import Path

import pytest

from samrun.supervision import download_progress
from samrun.supervision.download_progress import DownloadProgress
from samrun.supervision.terminal import Terminal


class WideScreen(io.StringIO):
    """An output that is a terminal."""

    def isatty(self) -> bool:
        """Return True."""
        return True


def test_terminal_shows_a_bar_that_is_gone_at_the_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(download_progress, "_INTERVAL", -1)
    for name, value in {"TERM": "xterm", "NO_COLOR": "1", "COLUMNS": "120"}.items():
        monkeypatch.setenv(name, value)
    screen = WideScreen()
    bar = DownloadProgress(Terminal(screen, tmp_path), "java", 98_000_000)
    bar.show(0)
    bar.show(49_000_000)
    bar.show(98_000_000)
    shown = len(screen.getvalue())
    bar.end()
    assert re.findall(r"\[([#.]{30})\] (\d+ MB of 98 MB)", screen.getvalue()) == [
        ("." * 30, "0 MB of 98 MB"),
        ("#" * 15 + "." * 15, "49 MB of 98 MB"),
        ("#" * 30, "98 MB of 98 MB"),
    ]
    assert "\n" not in screen.getvalue()
    assert "MB" not in screen.getvalue()[shown:]


def test_file_gets_a_line_for_each_quarter(tmp_path: Path) -> None:
    output = io.StringIO()
    bar = DownloadProgress(Terminal(output, tmp_path), "java", 40_000_000)
    for arrived in range(0, 40_000_001, 1_000_000):
        bar.show(arrived)
    bar.end()
    assert [line.split("  ")[-1] for line in output.getvalue().splitlines()] == [
        "10 MB of 40 MB",
        "20 MB of 40 MB",
        "30 MB of 40 MB",
        "40 MB of 40 MB",
    ]
    assert "\r" not in output.getvalue()


def test_an_empty_download_shows_nothing(tmp_path: Path) -> None:
    output = io.StringIO()
    DownloadProgress(Terminal(output, tmp_path), "java", 0).show(0)
    assert output.getvalue() == ""
