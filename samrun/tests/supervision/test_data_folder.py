"""The data folder of a stack: taken by one stack at a time, and kept from an earlier samrun than that of its data."""

import json
import os
from pathlib import Path

import pytest

from samrun.supervision import data_folder
from samrun.supervision.data_folder import DataFolderError, NewerDataError, StackInUseError, lock_data_folder


def lock(data: Path) -> None:
    """Take the folder, and release it."""
    lock_data_folder(data, command="up", version="0.1.0")()


def test_second_stack_learns_who_has_the_folder(tmp_path: Path) -> None:
    release = lock_data_folder(tmp_path / "data", command="services", version="0.1.0")
    try:
        with pytest.raises(
            StackInUseError, match=rf"\(`samrun services`, process {os.getpid()}, since 2\S+Z\): end it"
        ):
            lock(tmp_path / "data")
    finally:
        release()
    lock(tmp_path / "data")


@pytest.mark.parametrize("content", [None, "", "[]", '{"process": 1}'])
def test_folder_that_does_not_say_who_has_it_is_refused_all_the_same(tmp_path: Path, content: str | None) -> None:
    """An earlier samrun wrote no such file."""
    release = lock_data_folder(tmp_path, command="up", version="0.1.0")
    (tmp_path / data_folder.FILE).unlink()
    if content is not None:
        (tmp_path / data_folder.FILE).write_text(content)
    try:
        with pytest.raises(StackInUseError, match=rf"runs on {tmp_path}: end it"):
            lock(tmp_path)
    finally:
        release()


def test_data_of_a_newer_samrun_are_refused_and_left_as_they_are(tmp_path: Path) -> None:
    newer = json.dumps({"format": data_folder.FORMAT + 1, "samrun": "9.0.0"})
    (tmp_path / data_folder.FILE).write_text(newer)
    for _ in range(2):  # the first refusal releases the lock
        with pytest.raises(NewerDataError, match=r"newer samrun \(9\.0\.0, format 2\).* Update samrun, or .*--data"):
            lock(tmp_path)
    assert (tmp_path / data_folder.FILE).read_text() == newer


@pytest.mark.parametrize("content", [None, "", "{}", '{"format": 1}', '{"format": "?"}'])
def test_data_of_this_or_an_earlier_samrun_are_used(tmp_path: Path, content: str | None) -> None:
    if content is not None:
        (tmp_path / data_folder.FILE).write_text(content)
    lock(tmp_path)
    written = json.loads((tmp_path / data_folder.FILE).read_text())
    assert (written["format"], written["samrun"]) == (data_folder.FORMAT, "0.1.0")


def test_folder_that_cannot_be_made_is_an_error_that_names_it(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(DataFolderError, match=r"file, the folder for data and logs, cannot be written: .*--data"):
        lock(tmp_path / "file")


def test_folder_that_takes_no_file_is_an_error_that_names_it(tmp_path: Path) -> None:
    (tmp_path / data_folder.FILE).mkdir()
    with pytest.raises(DataFolderError, match=r"cannot be written: .*--data"):
        lock(tmp_path)
    assert [file.name for file in tmp_path.iterdir() if "unfinished" in file.name] == []
