"""A real broker in a test's own hands: to be stopped, killed, frozen and started again on the same data."""

import asyncio
import os
import signal
import sys
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Self

from kafka import KafkaConsumer, TopicPartition
from kafka.consumer.fetcher import ConsumerRecord

from local import java, kafka, ports
from local.kafka import Listener
from local.ports import LOOPBACK
from tests.system.proxy import Proxy

if TYPE_CHECKING:
    from local.process import Process


class Record(NamedTuple):
    """One record of a topic."""

    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: list[tuple[str, bytes]]


class Broker:
    """Apache Kafka on free ports, with its data in `folder`; ready once it is made. Used by one thread.

    Clients reach it at `bootstrap`, and through a proxy, `with broker.proxy() as proxy`, at `proxy.bootstrap`: the
    broker has a second listener, which tells clients that it is where the proxy is. What this class itself does
    goes around the proxy. `listeners` are further ones, `properties` are the broker's:
    {"connections.max.idle.ms": 1000}.

    A context manager: leaving it ends the broker, in whatever state it is. Its process ends with the thread that
    started it, too.
    """

    def __init__(
        self,
        folder: Path,
        *,
        listeners: Collection[Listener] = (),
        properties: Mapping[str, object] | None = None,
    ) -> None:
        self._folder = folder
        self._port = ports.claim("kafka", 0)
        self._controller_port = ports.claim("controller", 0)
        self._properties = properties
        self._proxy_port = ports.claim("proxy", 0)
        self._proxied_port = ports.claim("kafka", 0)
        proxied = Listener(name="PROXIED", port=self._proxied_port, advertised=f"{LOOPBACK}:{self._proxy_port}")
        self._listeners = [proxied, *listeners]
        self.bootstrap = f"{LOOPBACK}:{self._port}"
        self._process: Process | None = None
        self._runner = asyncio.Runner()
        try:
            self.start()
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def pid(self) -> int:
        """Return the id of its process. Raises AssertionError if it does not run."""
        assert self._process, "the broker does not run"
        return self._process.pid

    def start(self) -> None:
        """Start it, again or for the first time, on the same ports and data; wait until it takes records."""
        assert self._process is None, "the broker runs already"
        self._runner.run(self._start())
        self.wait_until_ready()

    async def _start(self) -> None:
        class_paths = await java.class_paths(
            [kafka.PROGRAM], remembered=Path(sys.prefix, "java-programs.json"), progress=print
        )
        self._process = await kafka.start(
            port=self._port,
            controller_port=self._controller_port,
            listeners=self._listeners,
            properties=self._properties,
            class_path=class_paths[kafka.PROGRAM],
            data=self._folder / "data",
            logs=self._folder / "logs",
        )

    def wait_until_ready(self) -> None:
        """Wait until it answers, as after `thaw`."""
        self._runner.run(kafka.ready(self.bootstrap))

    def stop(self) -> None:
        """End it by SIGTERM, and wait until it has ended."""
        assert self._process, "the broker does not run"
        self._runner.run(self._process.stop())
        self._process = None

    def kill(self) -> None:
        """End it by SIGKILL, frozen or not."""
        os.kill(self.pid, signal.SIGKILL)
        self.stop()

    def freeze(self) -> None:
        """Stop its time (SIGSTOP): connections stay, and new ones are made, but nothing is answered."""
        os.kill(self.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on (SIGCONT); it then works off what has arrived meanwhile."""
        os.kill(self.pid, signal.SIGCONT)

    def close(self) -> None:
        """End it for good; it may have ended already."""
        if self._process:
            self.kill()
        self._runner.close()

    def proxy(self) -> Proxy:
        """Return a proxy before it, one at a time; the broker need not run."""
        return Proxy(port=self._proxy_port, target_port=self._proxied_port)

    def create_topic(self, name: str, *, partitions: int = 1, **configs: object) -> None:
        """Create a topic, `configs` with underscores for dots: max_message_bytes=1000."""
        topic = {
            "num_partitions": partitions,
            "replication_factor": 1,
            "configs": {key.replace("_", "."): str(value) for key, value in configs.items()},
        }
        kafka.with_admin(
            self.bootstrap,
            lambda admin: admin.create_topics({name: topic}, wait_for_metadata=True),
        )

    def records(self, topic: str) -> list[Record]:
        """Return what the topic holds now, in order of partition and offset."""
        return [
            Record(each.partition, each.offset, each.key, each.value, list(each.headers))
            for each in read_all(self.bootstrap, topic)
        ]


def read_all(bootstrap: str, topic: str) -> list[ConsumerRecord]:
    """Return what a topic holds now, in order of partition and offset."""
    consumer = KafkaConsumer(bootstrap_servers=bootstrap)
    try:
        partitions = [TopicPartition(topic, number) for number in consumer.partitions_for_topic(topic)]
        consumer.assign(partitions)
        consumer.seek_to_beginning()
        ends = consumer.end_offsets(partitions)
        found: list[ConsumerRecord] = []
        while any(consumer.position(partition) < end for partition, end in ends.items()):
            for records in consumer.poll(timeout_ms=100).values():
                found.extend(records)
    finally:
        consumer.close()
    return sorted(found, key=lambda record: (record.partition, record.offset))
