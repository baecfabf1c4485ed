"""compose.yaml has the components that `make run` starts: in the same versions, at the same places."""

import re
from typing import Any

import pytest
import yaml

from samrun import PORTS
from samrun.testing.services import CONTAINER_KAFKA_PORT, DYNAMODB_VERSION, HOST_NAME, KAFKA_VERSION, LOOPBACK
from tests.project import ROOT

KAFKA, DYNAMODB, AWS = "kafka", "dynamodb", "aws"
MAKEFILE = (ROOT / "Makefile").read_text()


@pytest.fixture(scope="module")
def services() -> dict[str, Any]:
    services: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]
    return services


@pytest.fixture(scope="module")
def kafka_environment(services: dict[str, Any]) -> dict[str, str]:
    return {name: str(value) for name, value in services[KAFKA]["environment"].items()}


def by_listener(listed: str) -> dict[str, str]:
    """Return the address of each listener, by its name."""
    return dict(each.split("://") for each in listed.split(","))


def published(service: dict[str, Any]) -> dict[str, str]:
    """Return the port of the container by the address, host:port, that this machine has it at."""
    return {port.rpartition(":")[0]: port.rpartition(":")[2] for port in service["ports"]}


def moto_version() -> str:
    found = re.search(r"^moto(?:\[[^]]+\])?==(\S+)", (ROOT / "requirements.lock").read_text(), re.MULTILINE)
    assert found
    return found[1]


def test_the_versions_are_those_of_the_components(services: dict[str, Any]) -> None:
    assert {name: service["image"] for name, service in services.items()} == {
        KAFKA: f"apache/kafka:{KAFKA_VERSION}",
        DYNAMODB: f"amazon/dynamodb-local:{DYNAMODB_VERSION}",
        AWS: f"motoserver/moto:{moto_version()}",
    }


def test_every_component_has_the_address_that_it_has_without_docker_and_no_other(services: dict[str, Any]) -> None:
    assert {name: set(published(service)) for name, service in services.items()} == {
        KAFKA: {f"{LOOPBACK}:{PORTS['kafka']}", f"{LOOPBACK}:{CONTAINER_KAFKA_PORT}"},
        DYNAMODB: {f"{LOOPBACK}:{PORTS['dynamodb']}"},
        AWS: {f"{LOOPBACK}:{PORTS['aws']}"},
    }


def test_kafka_advertises_the_addresses_that_clients_reach_it_at(
    services: dict[str, Any], kafka_environment: dict[str, str]
) -> None:
    assert by_listener(kafka_environment["KAFKA_ADVERTISED_LISTENERS"]) == {
        "HOST": f"{LOOPBACK}:{PORTS['kafka']}",
        "CONTAINERS": f"{HOST_NAME}:{CONTAINER_KAFKA_PORT}",
    }
    listeners = by_listener(kafka_environment["KAFKA_LISTENERS"])
    assert [listeners[name] for name in ("HOST", "CONTAINERS")] == [
        f":{port}" for port in published(services[KAFKA]).values()
    ]


def test_kafka_is_one_node_that_makes_no_topics_by_itself(kafka_environment: dict[str, str]) -> None:
    copies = [value for name, value in kafka_environment.items() if name.endswith(("REPLICATION_FACTOR", "MIN_ISR"))]
    assert copies == ["1"] * 5
    assert kafka_environment["KAFKA_AUTO_CREATE_TOPICS_ENABLE"] == "false"
    assert kafka_environment["KAFKA_PROCESS_ROLES"] == "broker,controller"


def test_dynamodb_has_the_same_tables_for_everybody(services: dict[str, Any]) -> None:
    assert "-sharedDb" in services[DYNAMODB]["command"].split()


def test_each_component_says_when_it_is_ready(services: dict[str, Any]) -> None:
    assert all(service["healthcheck"]["test"][0] == "CMD" for service in services.values())


def test_containers_on_linux_have_the_same_ports_at_dockers_bridge(services: dict[str, Any]) -> None:
    for_linux = yaml.safe_load((ROOT / "compose.linux.yaml").read_text())["services"]
    bridge = "${DOCKER_BRIDGE:-172.17.0.1}"
    for name, port in {KAFKA: CONTAINER_KAFKA_PORT, DYNAMODB: PORTS["dynamodb"], AWS: PORTS["aws"]}.items():
        of_host = {address.rpartition(":")[2]: inside for address, inside in published(services[name]).items()}
        assert published(for_linux[name]) == {f"{bridge}:{port}": of_host[str(port)]}


def test_make_uses_the_published_ports_as_external_services() -> None:
    [variables] = re.findall(r"^EXTERNAL := (.*)$", MAKEFILE, re.MULTILINE)
    assert dict(each.split("=") for each in variables.split()) == {
        "KAFKA_BOOTSTRAP_SERVERS": f"{LOOPBACK}:{PORTS['kafka']}",
        "AWS_ENDPOINT_URL": f"http://{LOOPBACK}:{PORTS['aws']}",
        "AWS_ENDPOINT_URL_DYNAMODB": f"http://{LOOPBACK}:{PORTS['dynamodb']}",
    }
