"""Checkpoint: a file that says how far a backfill has come. It survives the death of the process at any moment."""

from __future__ import annotations

import fcntl
import json
import os
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING

from pydantic import TypeAdapter, ValidationError

from tools.backfill.errors import BackfillError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class Job:
    """A backfill as it was asked for. Its times are RFC 3339; `since` is empty for the beginning."""

    table: str
    topic: str
    types: tuple[str, ...]
    since: str
    until: str
    segment: str


@dataclass(frozen=True, kw_only=True)
class Progress:
    """Progress of a job: every order up to `last_id`, in the table's own order, is done; None: none is."""

    job: Job
    last_id: str | None = None
    is_complete: bool = False
    orders: int = 0
    erased: int = 0
    refused: int = 0
    published: dict[str, int] = field(default_factory=dict)


_PROGRESS = TypeAdapter(Progress)


@dataclass(frozen=True, kw_only=True)
class CheckpointFile:
    """The file of one job, which one process at a time may use."""

    path: Path

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keep other processes from the file. Raises BackfillError if one has it; the lock ends with the process."""
        with self.path.with_name(f"{self.path.name}.lock").open("w") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise BackfillError(
                    f"Another backfill uses {self.path}. Wait until it ends, or name another file with --checkpoint."
                ) from None
            yield

    def read(self, job: Job, *, until: str | None) -> Progress:
        """Return the progress of the job; that of a new job if there is no file. Raises BackfillError.

        `until` is the end that was asked for; None: that of the file, which is when the job began.
        """
        try:
            stored = _PROGRESS.validate_json(self.path.read_bytes())
        except FileNotFoundError:
            return Progress(job=job)
        except ValidationError as error:
            raise BackfillError(
                f"{self.path} is no checkpoint of this tool: {error.error_count()} errors. Name another file with"
                " --checkpoint, or remove it to begin at the first order."
            ) from error
        wanted = job if until else replace(job, until=stored.job.until)
        if differing := _differences(stored.job, wanted):
            raise BackfillError(
                f"{self.path} is the checkpoint of another backfill: {differing}. Repeat the options of that one to go"
                " on with it, or name another file with --checkpoint."
            )
        return stored

    def write(self, progress: Progress) -> None:
        """Replace the file as a whole: whoever reads it later finds the old content or the new one."""
        new = self.path.with_name(f"{self.path.name}.new")
        with new.open("w", encoding="utf-8") as file:
            json.dump(asdict(progress), file, indent=2)
            file.flush()
            os.fsync(file.fileno())
        new.replace(self.path)


def _differences(stored: Job, wanted: Job) -> str:
    there, here = asdict(stored), asdict(wanted)
    return ", ".join(
        f"its {name} is {there[name]!r} and not {here[name]!r}" for name in there if there[name] != here[name]
    )
