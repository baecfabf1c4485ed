"""Sample files of an application: the JSON files below the folder `events` beside its template."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

_FOLDER = "events"
_MAX_FILES = 300
_MAX_FILE = 1024 * 1024  # bytes


@dataclass(frozen=True, kw_only=True)
class SampleFile:
    """A file with an event, or with another JSON text. `name` is its path below the folder of the events."""

    name: str
    text: str


class SampleFiles:
    """The sample files beside some templates. They are read again each time, so that a change of one is seen."""

    def __init__(self, templates: Iterable[Path]) -> None:
        self._folders = sorted({template.parent / _FOLDER for template in templates})

    def all(self) -> list[SampleFile]:
        """Return the files that are JSON, but for schemas, by their names."""
        found = (self._read(path, folder) for folder in self._folders for path in sorted(folder.rglob("*.json")))
        return [file for file in found if file][:_MAX_FILES]

    def find(self, name: str) -> SampleFile | None:
        """Return the file of a name."""
        return next((file for file in self.all() if file.name == name), None)

    def _read(self, path: Path, folder: Path) -> SampleFile | None:
        try:
            if not path.is_file() or path.stat().st_size > _MAX_FILE:
                return None
            text = path.read_text(encoding="utf-8")
            content = json.loads(text)
        except (OSError, ValueError, RecursionError):
            return None
        if isinstance(content, dict) and "$schema" in content:
            return None
        return SampleFile(name=path.relative_to(folder).as_posix(), text=text)
