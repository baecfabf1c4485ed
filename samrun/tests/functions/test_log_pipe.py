"""Pipe with the output of a process: its lines, and how to wait for what was printed."""

import asyncio
import os
from collections.abc import Callable

from samrun.functions.log_pipe import LogPipe

Lines = list[bytes]


def lines_after(use: Callable[[LogPipe, Lines], object]) -> Lines:
    """Return the lines that are read when `use`, a coroutine function, has ended and the pipe is closed."""

    async def scenario() -> Lines:
        pipe, lines = LogPipe(), Lines()

        async def read() -> None:
            async for line in pipe.lines():
                lines.append(line)

        reading = asyncio.create_task(read())
        await use(pipe, lines)  # type: ignore[misc]
        await pipe.close()
        await reading
        return lines

    return asyncio.run(scenario())


def test_everything_printed_before_a_flush_is_read_after_it() -> None:
    async def use(pipe: LogPipe, lines: Lines) -> None:
        for number in range(20):
            await asyncio.to_thread(os.write, pipe.writer, b"line\n" * 5000 + f"end of {number}".encode())
            await pipe.flush()
            assert len(lines) == 5001 * (number + 1)
            assert lines[-1] == f"end of {number}".encode()

    assert lines_after(use)[:2] == [b"line", b"line"]


def test_flush_leaves_no_trace_in_the_lines() -> None:
    async def use(pipe: LogPipe, _lines: Lines) -> None:
        os.write(pipe.writer, b"one\r\ntw")
        await asyncio.gather(pipe.flush(), pipe.flush())
        os.write(pipe.writer, b"o\n\nlast")

    assert lines_after(use) == [b"one\r", b"tw", b"o", b"", b"last"]


def test_endless_line_does_not_keep_a_flush_waiting() -> None:
    async def use(pipe: LogPipe, _lines: Lines) -> None:
        for _ in range(40):
            await asyncio.to_thread(os.write, pipe.writer, b"x" * 65_536)
        await pipe.flush()

    [rest] = lines_after(use)
    assert len(rest) < 2 * 1024 * 1024


def test_flush_after_the_end_returns_at_once() -> None:
    async def use(pipe: LogPipe, _lines: Lines) -> None:
        await pipe.close()
        await pipe.flush()

    assert lines_after(use) == []


def test_flush_does_not_wait_if_all_was_read_and_waits_if_not() -> None:
    async def use(pipe: LogPipe, lines: Lines) -> None:
        os.write(pipe.writer, b"one\n")
        assert not ends_at_once(pipe)
        await pipe.flush()
        await asyncio.sleep(0)
        assert lines == [b"one"]
        assert ends_at_once(pipe)
        os.write(pipe.writer, b"two")
        assert not ends_at_once(pipe)

    assert lines_after(use) == [b"one", b"two"]


def ends_at_once(pipe: LogPipe) -> bool:
    """Tell whether a flush ends without a wait."""
    flush = pipe.flush()
    try:
        flush.send(None)
    except StopIteration:
        return True
    flush.close()
    return False
