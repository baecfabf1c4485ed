"""Progress of a download, on a terminal and in a file."""

import io
from pathlib import Path

import pytest

from samrun.supervision import progress
from samrun.supervision.progress import Progress
from samrun.supervision.terminal import Terminal

CLEARED = "\r\x1b[K"


class Screen(io.StringIO):
    """An output that is a terminal."""

    def isatty(self) -> bool:
        """Return True."""
        return True


@pytest.fixture
def every_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the bar drawn with each call."""
    monkeypatch.setattr(progress, "_INTERVAL", -1)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("NO_COLOR", "1")


@pytest.mark.usefixtures("every_picture")
def test_terminal_rewrites_one_line_and_clears_it_at_the_end(tmp_path: Path) -> None:
    screen = Screen()
    bar = Progress(Terminal(screen, tmp_path), 98_000_000)
    bar.show(0)
    bar.show(49_000_000)
    bar.end()
    assert screen.getvalue() == (
        f"{CLEARED}  [{'.' * 30}] 0 MB of 98 MB{CLEARED}  [{'#' * 15}{'.' * 15}] 49 MB of 98 MB{CLEARED}"
    )


@pytest.mark.usefixtures("every_picture")
def test_line_that_is_printed_stands_above_the_bar(tmp_path: Path) -> None:
    screen = Screen()
    terminal = Terminal(screen, tmp_path)
    bar = Progress(terminal, 10_000_000)
    bar.show(10_000_000)
    terminal.say("Ready")
    bar.end()
    terminal.say("Stopped")
    full = f"  [{'#' * 30}] 10 MB of 10 MB"
    assert screen.getvalue() == f"{CLEARED}{full}{CLEARED}Ready\n{full}{CLEARED}Stopped\n"


def test_file_gets_a_line_for_each_quarter(tmp_path: Path) -> None:
    output = io.StringIO()
    bar = Progress(Terminal(output, tmp_path), 40_000_000)
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
    Progress(Terminal(output, tmp_path), 0).show(0)
    assert output.getvalue() == ""
