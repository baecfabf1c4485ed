"""Logs of the functions: whole lines, also on a disk that becomes full."""

import resource
from pathlib import Path

import pytest

from samrun.supervision.function_log import function_log, write_function_log


def test_line_that_does_not_fit_leaves_no_part_of_it_behind(tmp_path: Path) -> None:
    write_function_log(tmp_path, "Hello", "first")
    file = function_log(tmp_path, "Hello")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(
        resource.RLIMIT_FSIZE, (file.stat().st_size + 3, limits[1])
    )  # as of a disk: three bytes are left
    try:
        with pytest.raises(OSError, match="No space left on device"):
            write_function_log(tmp_path, "Hello", "second")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    write_function_log(tmp_path, "Hello", "third")
    assert file.read_text() == "first\nthird\n"
