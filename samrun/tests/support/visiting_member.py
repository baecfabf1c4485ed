"""Member of a consumer group beside the mapping, in a process of its own: it joins, and leaves or dies."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Self

from confluent_kafka import Consumer, KafkaException, Message, TopicPartition

from samrun.testing.processes import end_with_parent
from samrun.testing.waiting import eventually

_BATCH = 50
# Seconds.
_POLL = 0.1
_LEAVE = 20.0
_WORK = 0.02

_Offsets = dict[tuple[str, int], int]


class Visitor:
    """Process that reads a topic as a member of a group, and notes each record in a file in `notes`.

    It joins at once, and commits the records that it has noted. A context manager: leaving it ends whatever is left.
    """

    def __init__(self, bootstrap: str, group: str, topic: str, notes: Path) -> None:
        self._file = notes / f"visitor-{time.monotonic_ns()}.jsonl"
        arguments = [bootstrap, group, topic, str(self._file)]
        self._process = subprocess.Popen([sys.executable, __file__, *arguments], preexec_fn=end_with_parent)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.die()

    def wait_for_records(self) -> None:
        """Wait until the group has given it partitions, and it has noted records of them."""
        eventually(lambda: self._file.exists() and self._file.stat().st_size, what="records for the visiting member")

    def leave(self) -> None:
        """Leave the group, as a consumer does that is closed, and end.

        librdkafka closes a consumer only after its last commit, and can wait for that without end if the coordinator
        changes meanwhile. Then it dies, as a consumer does whose owner loses patience.
        """
        self._process.terminate()
        try:
            assert self._process.wait(timeout=_LEAVE) == os.EX_OK
        except subprocess.TimeoutExpired:
            self.die()

    def die(self) -> None:
        """End without a word: the group waits for its session to end."""
        self._process.kill()
        self._process.wait()


class _Member:
    """The consumer in that process."""

    def __init__(self, bootstrap: str, group: str, topic: str, file: Path) -> None:
        self._file = file.open("ab", buffering=0)
        self._uncommitted: _Offsets = {}
        self._consumer = Consumer(
            {
                "bootstrap.servers": bootstrap,
                "group.id": group,
                "session.timeout.ms": 6_000,  # the shortest that Kafka's brokers accept
                "auto.offset.reset": "earliest",
                "enable.auto.commit": False,
                "topic.metadata.refresh.interval.ms": 2_000,
                "reconnect.backoff.max.ms": 1_000,
                "log_level": 0,
            }
        )
        self._consumer.subscribe([topic], on_revoke=self._revoked, on_lost=self._lost)

    def run(self, leaving: threading.Event) -> None:
        while not leaving.is_set():
            messages = self._consumer.consume(_BATCH, _POLL)
            # A rebalance during the call has taken some of their partitions away.
            own = {(each.topic, each.partition) for each in self._consumer.assignment()}
            self._process([each for each in messages if not each.error() and (each.topic(), each.partition()) in own])
        self._consumer.close()

    def _process(self, messages: "list[Message[bytes, bytes]]") -> None:
        if messages:
            records = [(each.partition(), each.offset(), int(each.value() or b"")) for each in messages]
            self._file.write(json.dumps({"at": time.monotonic(), "records": records}).encode() + b"\n")
            time.sleep(_WORK)
            self._uncommitted |= {
                (each.topic() or "", each.partition() or 0): (each.offset() or 0) + 1 for each in messages
            }
        self._commit()

    def _commit(self) -> None:
        """Commit what is noted; if that fails, the next commit includes it."""
        if self._uncommitted:
            offsets = [TopicPartition(*partition, offset) for partition, offset in self._uncommitted.items()]
            with contextlib.suppress(KafkaException):
                self._consumer.commit(offsets=offsets, asynchronous=False)
                self._uncommitted.clear()

    def _revoked(self, _: Consumer, __: list[TopicPartition]) -> None:
        self._commit()
        self._uncommitted.clear()

    def _lost(self, _: Consumer, __: list[TopicPartition]) -> None:
        self._uncommitted.clear()


def main() -> None:
    """Read until SIGTERM: bootstrap, group, topic, file."""
    leaving = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: leaving.set())
    bootstrap, group, topic, file = sys.argv[1:]
    _Member(bootstrap, group, topic, Path(file)).run(leaving)


if __name__ == "__main__":
    main()
