"""Apache Kafka: one real broker (KRaft). It keeps its topics under the data folder."""

import asyncio
import socket
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient, NewTopic, TopicMetadata

from samrun.errors import UserError
from samrun.services import aot_cache, java, kafka_format
from samrun.supervision import docker
from samrun.supervision.ports import LOOPBACK, wait_for_port
from samrun.supervision.process import Process
from samrun.template.model.kafka_topics import KafkaTopic

_T = TypeVar("_T")

PROGRAM = "org.apache.kafka:kafka_2.13:4.4.0+org.slf4j:slf4j-simple:1.7.36"

# These options favour a small and quick start over speed under load. The log goes to standard error, with times.
_JVM_OPTIONS = (
    "-Xmx256m",
    "-XX:+UseSerialGC",
    "-XX:TieredStopAtLevel=1",
    "-Dorg.slf4j.simpleLogger.showDateTime=true",
    "-Dorg.slf4j.simpleLogger.dateTimeFormat=HH:mm:ss.SSS",
)

# Seconds that a broker has to answer.
PATIENCE = 5.0
_POLL = 0.02
_NONE: Mapping[str, KafkaTopic] = {}
_NO_SETTINGS: Mapping[str, str] = {}


class KafkaUnreachableError(UserError):
    """No broker answers at the given address, or it refuses a request."""


@dataclass(frozen=True, kw_only=True)
class Listener:
    """An address on which the broker listens, and the address that it advertises to clients.

    `name` is in capitals, as in Kafka's documentation. `protocol` is Kafka's: PLAINTEXT, SSL or SASL_SSL.
    `properties` are those of this listener only, such as ssl.keystore.location.
    """

    name: str
    port: int
    address: str = LOOPBACK
    advertised: str | None = None
    protocol: str = "PLAINTEXT"
    properties: Mapping[str, object] = field(default_factory=dict)


async def start(
    *,
    port: int,
    controller_port: int,
    container_port: int | None = None,
    listeners: Collection[Listener] = (),
    properties: Mapping[str, object] | None = None,
    class_path: str,
    data: Path,
    logs: Path,
    jvm_options: Sequence[str] = (),
) -> Process:
    """Start the broker and return at once; `wait_until_ready` waits until it accepts records.

    With a `container_port`, containers can reach the broker too, at host.docker.internal:port. `properties` are
    the broker's; they override the ones that are set here. `jvm_options` are further options of its JVM.
    """
    plain = Listener(name="HOST", port=port)
    all_listeners = [plain, *_for_containers(container_port), *listeners]
    file = data / "server.properties"
    data.mkdir(parents=True, exist_ok=True)
    file.write_text(_properties(all_listeners, controller_port, data / "log", properties or {}))
    jvm: tuple[str | Path, ...] = (java.jvm(), *_JVM_OPTIONS, *aot_cache.options(class_path))
    await kafka_format.format_data(
        data / "log",
        (*jvm, "-cp", class_path),
        file,
        kept=kafka_format.kept(class_path),
        log=logs / "kafka-format.log",
    )
    return await Process.start(
        "Kafka",
        [*jvm, *jvm_options, "-cp", class_path, "kafka.Kafka", file],
        log=logs / "kafka.log",
        variables=java.VARIABLES,
    )


async def wait_until_ready(bootstrap: str) -> None:
    """Wait until the broker that `start` started answers."""
    # Wait for the port first: the client's own back-off would make the wait longer.
    await wait_for_port(int(bootstrap.rpartition(":")[2]))
    while True:
        try:
            await asyncio.to_thread(check, bootstrap)
        except KafkaUnreachableError:
            await asyncio.sleep(0.05)
        else:
            return


def check(bootstrap: str) -> None:
    """Ask the brokers for their topics. Raises KafkaUnreachableError."""
    with_admin(bootstrap, lambda admin: admin.list_topics(timeout=PATIENCE))


def create_topics(
    bootstrap: str, topics: Collection[str], *, partitions: int, declared: Mapping[str, KafkaTopic] = _NONE
) -> list[str]:
    """Create the topics that do not exist yet, and return their names.

    A topic in `declared` is created as it says, any other with so many partitions.
    """

    existing = with_admin(bootstrap, lambda admin: admin.list_topics(timeout=PATIENCE)).topics
    missing = sorted(set(topics) - set(existing))
    for name in missing:
        topic = declared.get(name) or KafkaTopic(logical_id="", name=name, partitions=partitions)
        # -1 is the brokers' default.
        create_topic(
            bootstrap,
            NewTopic(name, num_partitions=topic.partitions, replication_factor=-1, config=dict(topic.configs)),
        )
    return missing


def create_topic(bootstrap: str, topic: NewTopic) -> None:
    """Create a topic, and wait until each of its partitions has a leader. Raises KafkaUnreachableError."""

    def create(admin: AdminClient) -> None:
        admin.create_topics([topic])[topic.topic].result()
        deadline = time.monotonic() + PATIENCE
        while not _has_leaders(admin.list_topics(timeout=PATIENCE).topics.get(topic.topic)):
            if time.monotonic() > deadline:
                raise KafkaUnreachableError(f"Kafka at {bootstrap} created {topic.topic}, which has no leader yet.")
            time.sleep(_POLL)

    with_admin(bootstrap, create)


def _has_leaders(topic: TopicMetadata | None) -> bool:
    return topic is not None and bool(topic.partitions) and all(each.leader >= 0 for each in topic.partitions.values())


def with_admin(bootstrap: str, use: Callable[[AdminClient], _T]) -> _T:
    """Call `use` with an admin client of the brokers, and return its result. Raises KafkaUnreachableError."""
    try:
        return use(admin_client(bootstrap))
    except KafkaException as error:
        reason = error.args[0]
        raise KafkaUnreachableError(
            f"Kafka at {bootstrap} refused a request: {reason.name()}: {reason.str()}"
        ) from error


def admin_client(bootstrap: str, authentication: Mapping[str, str] = _NO_SETTINGS) -> AdminClient:
    """Return a client for the administration of the brokers: all others are made by this.

    `authentication` are librdkafka's settings. Raises KafkaUnreachableError if no broker can be reached; the client
    itself raises KafkaException.
    """
    reach(bootstrap)
    # It would log to standard error what the exception says, too.
    return AdminClient({**authentication, "bootstrap.servers": bootstrap, "log_level": 0})


def reach(bootstrap: str) -> None:
    """Connect to any one of the brokers. Raises KafkaUnreachableError.

    The client itself would try for seconds, and then not say the cause.
    """
    reasons = []
    for address in bootstrap.split(","):
        host, _, port = address.rpartition(":")
        try:
            socket.create_connection((host, int(port)), timeout=PATIENCE).close()
        except OSError as error:
            reasons.append(f"{address}: {error.strerror or error}")
        else:
            return
    raise KafkaUnreachableError(
        f"No Kafka broker answers ({', '.join(reasons)}). Start it, or correct KAFKA_BOOTSTRAP_SERVERS or "
        "--bootstrap-servers."
    )


def _for_containers(port: int | None) -> list[Listener]:
    if port is None:
        return []
    address = docker.bridge_address() or LOOPBACK
    return [Listener(name="CONTAINERS", port=port, address=address, advertised=f"{docker.HOST_NAME}:{port}")]


def _properties(listeners: Collection[Listener], controller_port: int, log: Path, more: Mapping[str, object]) -> str:
    controller = Listener(name="CONTROLLER", port=controller_port)
    properties = {
        "process.roles": "broker,controller",
        "node.id": 1,
        "controller.quorum.voters": f"1@{LOOPBACK}:{controller_port}",
        "controller.listener.names": "CONTROLLER",
        "listeners": ",".join(f"{each.name}://{each.address}:{each.port}" for each in [*listeners, controller]),
        "advertised.listeners": ",".join(
            f"{each.name}://{each.advertised or f'{each.address}:{each.port}'}" for each in listeners
        ),
        "listener.security.protocol.map": ",".join(f"{each.name}:{each.protocol}" for each in [*listeners, controller]),
        "inter.broker.listener.name": "HOST",
        "log.dirs": log,
        "auto.create.topics.enable": "false",
        # With one node, Kafka's internal topics can have one copy only. Few partitions start faster.
        "offsets.topic.replication.factor": 1,
        "offsets.topic.num.partitions": 4,
        # A group of one member need not wait for others.
        "group.initial.rebalance.delay.ms": 0,
        "transaction.state.log.replication.factor": 1,
        "transaction.state.log.min.isr": 1,
        "transaction.state.log.num.partitions": 1,
        "share.coordinator.state.topic.replication.factor": 1,
        "share.coordinator.state.topic.min.isr": 1,
        "share.coordinator.state.topic.num.partitions": 1,
        # After a kill, the controller waits until the broker's old session ends before it accepts the broker again.
        "broker.session.timeout.ms": 2000,
        "broker.heartbeat.interval.ms": 500,
        # A broker that nobody uses does little: by default, its controller writes a record every half second, which
        # tells other controllers that it lives.
        "metadata.max.idle.interval.ms": 0,
        # The cleaner of compacted topics takes all of this memory at once, 128 MiB by default. That is enough for five
        # billion keys; this is enough for 150,000 in one pass, and more need a second one.
        "log.cleaner.dedupe.buffer.size": 4 * 1024 * 1024,
    }
    for each in listeners:
        properties |= {f"listener.name.{each.name.lower()}.{name}": value for name, value in each.properties.items()}
    return "".join(f"{name}={_escaped(str(value))}\n" for name, value in {**properties, **more}.items())


def _escaped(value: str) -> str:
    """Return a value in the form of Java's properties files, which are not in UTF-8."""
    units = value.replace("\\", "\\\\").encode("utf-16-be", "surrogatepass")
    codes = [int.from_bytes(units[at : at + 2]) for at in range(0, len(units), 2)]
    return "".join(chr(code) if code < 0x80 else f"\\u{code:04x}" for code in codes)
