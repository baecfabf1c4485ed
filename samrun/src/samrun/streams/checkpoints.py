"""Checkpoints of a trigger: how far it has read each shard of a table's stream, also after a restart."""

import json
import threading
from dataclasses import dataclass, field
from pathlib import Path

from samrun.supervision.files import write_atomically


@dataclass(frozen=True, kw_only=True)
class Checkpoints:
    """Checkpoints in a file, or in memory if `file` is None. `stream` is the identity of the stream.

    A file of another stream of the same name counts as none: its table was deleted since.
    """

    file: Path | None
    stream: str
    _done: dict[str, str] = field(default_factory=dict, init=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False)

    def __post_init__(self) -> None:
        if self.file is not None and self.file.exists():
            stored = json.loads(self.file.read_text())
            if stored["stream"] == self.stream:
                self._done.update(stored["shards"])

    def __bool__(self) -> bool:
        """Tell whether a record of the stream was done before."""
        return bool(self._done)

    def get(self, shard: str) -> str | None:
        """Return the sequence number of the last record of a shard that is done."""
        return self._done.get(shard)

    def set(self, shard: str, sequence_number: str) -> None:
        """Note that the records of a shard are done up to this one."""
        with self._lock:
            self._done[shard] = sequence_number
            if self.file is not None:
                write_atomically(self.file, json.dumps({"stream": self.stream, "shards": self._done}))
