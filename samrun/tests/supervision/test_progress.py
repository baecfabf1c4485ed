"""Progress: what people see of work that takes seconds."""

import asyncio
import io
import re
from pathlib import Path

import pytest

from samrun.supervision.progress import progress
from samrun.supervision.terminal import Terminal


class UpdatingTty(io.StringIO):
    def isatty(self) -> bool:
        return True


def shown(output: io.StringIO) -> list[str]:
    """Return the lines that a terminal would show at the end, without the time of day."""
    lines = [line.rpartition("\r\x1b[K")[2] for line in output.getvalue().split("\n")]
    return [re.sub(r"^\d\d:\d\d:\d\d\.\d{3}  ", "", line) for line in lines if line]


@pytest.fixture(autouse=True)
def plain(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "80")


def test_without_a_terminal_there_is_a_line_before_and_one_after(tmp_path: Path) -> None:
    output = io.StringIO()

    async def scenario() -> None:
        async with progress(Terminal(output, tmp_path), "python", "uv installs x", "installed x"):
            assert shown(output) == ["python            uv installs x …"]

    asyncio.run(scenario())
    assert re.fullmatch(r"python            installed x in \d+\.\d s", shown(output)[1])
    assert "\r" not in output.getvalue()


def test_terminal_shows_one_line_below_all_others_and_replaces_it(tmp_path: Path) -> None:
    output = UpdatingTty()
    terminal = Terminal(output, tmp_path)

    async def scenario() -> None:
        async with progress(terminal, "python", "uv installs x", "installed x"):
            await asyncio.sleep(0)  # the line is shown
            terminal.step("kafka", "started")
            assert shown(output) == ["kafka             started", "python            0 s: uv installs x …"]

    asyncio.run(scenario())
    first, second = shown(output)
    assert first == "kafka             started"
    assert re.fullmatch(r"python            installed x in \d+\.\d s", second)


def test_after_an_error_nothing_is_done(tmp_path: Path) -> None:
    output = UpdatingTty()

    async def scenario() -> None:
        async with progress(Terminal(output, tmp_path), "python", "uv installs x", "installed x"):
            await asyncio.sleep(0)
            raise ValueError("of the installer")

    with pytest.raises(ValueError, match="of the installer"):
        asyncio.run(scenario())
    assert shown(output) == []


def test_line_is_never_wider_than_the_terminal(tmp_path: Path) -> None:
    output = UpdatingTty()
    terminal = Terminal(output, tmp_path)
    terminal.show_status("python", "x" * 200)
    assert len(output.getvalue()) == 79
    assert output.getvalue().endswith("x…")


def test_terminal_that_cannot_replace_a_line_gets_plain_ones(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "dumb")
    assert not Terminal(UpdatingTty(), tmp_path).updates
