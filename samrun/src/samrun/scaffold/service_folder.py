"""Folder of a new service: it gets the files, and loses none."""

from collections.abc import Mapping
from pathlib import Path

from samrun.errors import UserError


class FolderError(UserError):
    """The folder of a new service has files already, or cannot be written."""


def write_files(folder: Path, files: Mapping[str, str]) -> list[Path]:
    """Write the files into a folder, which is new or empty; return their paths. Raises FolderError."""
    try:
        if folder.exists() and any(folder.iterdir()):
            raise FolderError(
                f"{folder} has files already, and nothing is overwritten. Name another one with --folder."
            )
        for path, text in files.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(text, encoding="utf-8")
    except OSError as error:
        raise FolderError(f"{folder} cannot be written: {error.strerror}. Name another one with --folder.") from error
    return sorted(folder / path for path in files)
