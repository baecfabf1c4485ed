"""Apache Kafka: one real broker (KRaft), its topics kept under the data folder."""

import asyncio
import base64
import socket
import uuid
from collections.abc import Callable, Collection
from pathlib import Path
from typing import TypeVar

from kafka import KafkaAdminClient
from kafka.errors import KafkaError

from local import docker, java
from local.errors import PlainError
from local.ports import LOOPBACK, until_open
from local.process import Process

_T = TypeVar("_T")

PROGRAM = "org.apache.kafka:kafka_2.13:4.4.0+org.slf4j:slf4j-simple:1.7.36"

# Small and quick to start rather than quick under load; the log goes to standard error, dated.
_JVM_OPTIONS = (
    "-Xmx256m",
    "-XX:+UseSerialGC",
    "-XX:TieredStopAtLevel=1",
    "-Dorg.slf4j.simpleLogger.showDateTime=true",
    "-Dorg.slf4j.simpleLogger.dateTimeFormat=HH:mm:ss.SSS",
)

_PATIENCE = 5.0


class KafkaUnreachableError(PlainError):
    """No broker answers at the address given, or none does what it is asked."""


async def start(
    *,
    port: int,
    controller_port: int,
    container_port: int | None,
    class_path: str,
    data: Path,
    logs: Path,
) -> Process:
    """Start the broker and return at once; `ready` tells when it takes records.

    With a `container_port`, containers reach it too, as host.docker.internal:port.
    """
    properties = data / "server.properties"
    data.mkdir(parents=True, exist_ok=True)
    properties.write_text(_properties(port, controller_port, container_port, data / "log"))
    command = (java.jvm(), *_JVM_OPTIONS, "-cp", class_path)
    if not (data / "log" / "meta.properties").exists():
        await _format(command, properties, logs / "kafka-format.log")
    return await Process.start("Kafka", [*command, "kafka.Kafka", properties], log=logs / "kafka.log")


async def ready(bootstrap: str) -> None:
    """Wait until the broker that we started answers."""
    # Its port first: the client's own back-off would stretch the wait.
    await until_open(int(bootstrap.rpartition(":")[2]))
    while True:
        try:
            await asyncio.to_thread(check, bootstrap)
        except KafkaUnreachableError:
            await asyncio.sleep(0.05)
        else:
            return


def check(bootstrap: str) -> None:
    """Ask the brokers for their topics. Raises KafkaUnreachableError."""
    _with_admin(bootstrap, lambda admin: admin.list_topics())


def create_topics(bootstrap: str, topics: Collection[str], *, partitions: int) -> list[str]:
    """Create the topics that do not exist yet, and return their names."""

    def create(admin: KafkaAdminClient) -> list[str]:
        missing = sorted(set(topics) - set(admin.list_topics()))
        if missing:
            admin.create_topics(
                # -1: as the brokers have it by default.
                {name: {"num_partitions": partitions, "replication_factor": -1} for name in missing},
                wait_for_metadata=True,
            )
        return missing

    return _with_admin(bootstrap, create)


def _with_admin(bootstrap: str, use: Callable[[KafkaAdminClient], _T]) -> _T:
    _reach(bootstrap)
    try:
        admin = KafkaAdminClient(bootstrap_servers=bootstrap.split(","), bootstrap_timeout_ms=int(_PATIENCE * 1000))
        try:
            return use(admin)
        finally:
            admin.close()
    except KafkaError as error:
        raise KafkaUnreachableError(
            f"Kafka at {bootstrap} does not do what it is asked: {type(error).__name__}: {error}"
        ) from error


def _reach(bootstrap: str) -> None:
    """Connect to any of the brokers. The client itself would try for seconds, and then not say what was wrong."""
    reasons = []
    for address in bootstrap.split(","):
        host, _, port = address.rpartition(":")
        try:
            socket.create_connection((host, int(port)), timeout=_PATIENCE).close()
        except OSError as error:
            reasons.append(f"{address}: {error.strerror or error}")
        else:
            return
    raise KafkaUnreachableError(
        f"No Kafka broker answers ({', '.join(reasons)}). Start it, or correct KAFKA_BOOTSTRAP_SERVERS."
    )


async def _format(command: tuple[str | Path, ...], properties: Path, log: Path) -> None:
    tool = await Process.start(
        "Kafka's storage tool",
        [*command, "kafka.tools.StorageTool", "format", f"--cluster-id={_cluster_id()}", "-c", properties],
        log=log,
    )
    try:
        ended = await tool.died()
    finally:
        await tool.stop()
    if not (properties.parent / "log" / "meta.properties").exists():
        raise ended


def _cluster_id() -> str:
    return base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")


def _properties(port: int, controller_port: int, container_port: int | None, log: Path) -> str:
    listeners = {"HOST": f"{LOOPBACK}:{port}", "CONTROLLER": f"{LOOPBACK}:{controller_port}"}
    advertised = {"HOST": f"{LOOPBACK}:{port}"}
    if container_port is not None:
        listeners["CONTAINERS"] = f"{docker.bridge_address() or LOOPBACK}:{container_port}"
        advertised["CONTAINERS"] = f"{docker.HOST_NAME}:{container_port}"
    properties = {
        "process.roles": "broker,controller",
        "node.id": 1,
        "controller.quorum.voters": f"1@{LOOPBACK}:{controller_port}",
        "controller.listener.names": "CONTROLLER",
        "listeners": _addresses(listeners),
        "advertised.listeners": _addresses(advertised),
        "listener.security.protocol.map": ",".join(f"{name}:PLAINTEXT" for name in listeners),
        "inter.broker.listener.name": "HOST",
        "log.dirs": log,
        "auto.create.topics.enable": "false",
        # One node: what Kafka keeps for itself has one copy, and few partitions start faster.
        "offsets.topic.replication.factor": 1,
        "offsets.topic.num.partitions": 4,
        "transaction.state.log.replication.factor": 1,
        "transaction.state.log.min.isr": 1,
        "transaction.state.log.num.partitions": 1,
        "share.coordinator.state.topic.replication.factor": 1,
        "share.coordinator.state.topic.min.isr": 1,
        "share.coordinator.state.topic.num.partitions": 1,
        "group.initial.rebalance.delay.ms": 0,
        # After a kill, the controller waits out the old session before it takes the broker back.
        "broker.session.timeout.ms": 2000,
        "broker.heartbeat.interval.ms": 300,
    }
    return "".join(f"{name}={value}\n" for name, value in properties.items())


def _addresses(listeners: dict[str, str]) -> str:
    return ",".join(f"{name}://{address}" for name, address in listeners.items())
