"""A real broker that a test may stop, kill, freeze and start again on the same data."""

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import NamedTuple

from confluent_kafka.admin import NewTopic

from samrun.mapping.records import KafkaRecord
from samrun.mapping.topic_reader import TopicReader
from samrun.services import kafka
from samrun.services.kafka import Listener
from samrun.supervision import ports
from samrun.supervision.ports import LOOPBACK
from samrun.supervision.process import Process
from samrun.testing.killable_service import KillableService, class_path
from samrun.testing.proxy import Proxy


class Record(NamedTuple):
    """One record of a topic; `timestamp` is in milliseconds of Unix time."""

    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: list[tuple[str, bytes | None]]
    timestamp: int


class Broker(KillableService):
    """Apache Kafka on free ports, with its data in `folder`; ready once it is made. Used by one thread.

    Clients reach it at `bootstrap`, and through a proxy, `with broker.proxy() as proxy`, at `proxy.bootstrap`: the
    broker has a second listener, which gives clients the proxy's address. The methods of this class do not use the
    proxy. `listeners` are further ones, `properties` are the broker's: {"connections.max.idle.ms": 1000}.

    A context manager: leaving it ends the broker, in whatever state it is. The process also ends when the thread that
    started it ends.
    """

    def __init__(
        self,
        folder: Path,
        *,
        listeners: Collection[Listener] = (),
        properties: Mapping[str, object] | None = None,
    ) -> None:
        self._port = ports.claim("kafka", 0)
        self._controller_port = ports.claim("controller", 0)
        self._properties = properties
        self._proxy_port = ports.claim("proxy", 0)
        self._proxied_port = ports.claim("kafka", 0)
        proxied = Listener(name="PROXIED", port=self._proxied_port, advertised=f"{LOOPBACK}:{self._proxy_port}")
        self._listeners = [proxied, *listeners]
        self.bootstrap = f"{LOOPBACK}:{self._port}"
        super().__init__(folder, name="the broker")

    async def _start(self, folder: Path) -> Process:
        return await kafka.start(
            port=self._port,
            controller_port=self._controller_port,
            listeners=self._listeners,
            properties=self._properties,
            class_path=await class_path(kafka.PROGRAM),
            data=folder / "data",
            logs=folder / "logs",
        )

    async def _wait_until_ready(self) -> None:
        await kafka.wait_until_ready(self.bootstrap)

    def proxy(self) -> Proxy:
        """Return a proxy in front of it. There is one at a time; the broker need not run."""
        return Proxy(port=self._proxy_port, target_port=self._proxied_port)

    def create_topic(self, name: str, *, partitions: int = 1, **configs: object) -> None:
        """Create a topic, `configs` with underscores for dots: max_message_bytes=1000."""
        config = {key.replace("_", "."): str(value) for key, value in configs.items()}
        kafka.create_topic(
            self.bootstrap, NewTopic(name, num_partitions=partitions, replication_factor=1, config=config)
        )

    def records(self, topic: str) -> list[Record]:
        """Return the records that the topic holds now, by partition and offset."""
        return read_records(self.bootstrap, topic)


def read_all(bootstrap: str, topic: str) -> list[KafkaRecord]:
    """Return the records that a topic holds now, by partition and offset."""
    with TopicReader(bootstrap) as reader:
        return [
            record
            for partition in reader.partitions(topic)
            for record in reader.read(partition, *reader.bounds(partition))
        ]


def read_records(bootstrap: str, topic: str) -> list[Record]:
    """Return the records that a topic holds now with plain values, by partition and offset."""
    return [
        Record(each.partition, each.offset, each.key, each.value, list(each.headers), each.timestamp)
        for each in read_all(bootstrap, topic)
    ]
