"""Logs of functions: written in files of a limited size, and read across their rotations."""

from collections.abc import Callable
from itertools import islice
from pathlib import Path

import pytest

from samrun.administration.log_reader import LogFollower, LogLine, NoLogError, last_lines, logged_functions
from samrun.supervision.function_log import function_log, rotated_log, write_function_log


def write(logs: Path, function: str, *lines: str) -> None:
    for line in lines:
        write_function_log(logs, function, line, max_bytes=30)


def test_log_has_a_limited_size(tmp_path: Path) -> None:
    write(tmp_path, "Hello", *map(str, range(1000)))
    file = function_log(tmp_path, "Hello")
    sizes = [each.stat().st_size for each in (file, rotated_log(file)) if each.exists()]
    assert sum(sizes) < 80
    assert last_lines(tmp_path, "Hello", 3) == [LogLine("Hello", text) for text in ("997", "998", "999")]


def test_last_lines_are_also_those_before_the_rotation(tmp_path: Path) -> None:
    write(tmp_path, "Hello", "first line", "second line", "third line", "fourth")
    assert rotated_log(function_log(tmp_path, "Hello")).exists()
    assert [line.text for line in last_lines(tmp_path, "Hello", 3)] == ["second line", "third line", "fourth"]


def test_function_without_a_log_is_an_error_that_names_the_others(tmp_path: Path) -> None:
    write(tmp_path, "Hello", "x")
    write(tmp_path, "Rotated", "x" * 40)
    assert logged_functions(tmp_path) == ["Hello", "Rotated"]
    with pytest.raises(NoLogError, match=r"no log of Bye in .*; there are logs of: Hello, Rotated"):
        last_lines(tmp_path, "Bye", 3)


def steps(*actions: Callable[[], None]) -> Callable[[], None]:
    """Return a function that does the next of the actions at each call, and then nothing."""
    left = list(actions)
    return lambda: left.pop(0)() if left else None


def test_follower_yields_new_lines_across_rotations_and_of_new_functions(tmp_path: Path) -> None:
    write(tmp_path, "Hello", "old")
    waiting = steps(
        lambda: write(tmp_path, "Hello", "one", "x" * 30, "two"),
        lambda: write(tmp_path, "Other", "three"),
        lambda: write(tmp_path, "Hello", "four"),
    )
    with LogFollower(tmp_path, []) as follower:
        found = list(islice(follower.lines(while_waiting=waiting), 5))
    assert found == [
        LogLine("Hello", "one"),
        LogLine("Hello", "x" * 30),
        LogLine("Hello", "two"),
        LogLine("Other", "three"),
        LogLine("Hello", "four"),
    ]
