"""The start and the end of a stack: it leaves no process running, and says what was wrong."""

import re
import signal
import socket
from collections.abc import Callable

import httpx
import psutil
import pytest

from samrun.testing.waiting import eventually
from tests.system.order_stack import OrderStack

Start = Callable[..., OrderStack]


@pytest.mark.parametrize(
    "number", [signal.SIGINT, signal.SIGTERM, pytest.param(signal.SIGHUP, marks=pytest.mark.proof)]
)
def test_a_signal_ends_every_process(start: Start, number: int) -> None:
    stack = start(eager=True)
    processes = stack.processes()
    assert len(processes) >= 6, "itself, Kafka, DynamoDB Local, moto and two functions"
    assert stack.stop(number) == 0
    _assert_ended(processes)
    assert not (stack.data / "endpoints.json").exists()


@pytest.mark.parametrize("number", [pytest.param(signal.SIGINT, marks=pytest.mark.proof), signal.SIGHUP])
def test_a_terminal_that_is_gone_changes_nothing_until_a_signal_comes(start: Start, number: int) -> None:
    stack = start(closed_terminal=True)
    stack.place("nobody-looks")
    stack.wait_for_mails_to(["nobody-looks"])
    processes = stack.processes()
    assert len(processes) >= 6, "itself, Kafka, DynamoDB Local, moto and two functions"
    assert stack.stop(number) == 0
    _assert_ended(processes)
    assert not (stack.data / "endpoints.json").exists()


@pytest.mark.parametrize("moment", ["started the local AWS", "started DynamoDB", "started Kafka", "created the topic"])
def test_a_signal_during_the_start_ends_every_process(start: Start, moment: str) -> None:
    stack = start(wait=False)
    eventually(lambda: stack.logged(moment), what=moment)
    processes = stack.processes()
    assert stack.stop(signal.SIGINT) == 0
    _assert_ended(processes)
    assert "Traceback" not in stack.log.read_text()


@pytest.mark.parametrize(
    "name",
    [
        "Kafka",
        pytest.param("DynamoDB Local", marks=pytest.mark.proof),
        pytest.param("the local AWS (moto)", marks=pytest.mark.proof),
    ],
)
def test_the_death_of_a_part_ends_the_rest_with_its_last_words(start: Start, name: str) -> None:
    stack = start()
    processes = stack.processes()
    (started,) = stack.logged(f"started {name}, pid ")
    psutil.Process(int(started.rpartition(" ")[2])).kill()
    assert stack.process.wait(timeout=60) == 1
    _assert_ended(processes)
    log = stack.log.read_text()
    assert f"{name} exited unexpectedly (signal SIGKILL)" in log
    assert "The last lines of" in log or "It printed nothing" in log
    assert "Traceback" not in log


def test_a_parent_that_is_killed_takes_its_children_along(start: Start) -> None:
    stack = start(eager=True)
    processes = stack.processes()
    stack.process.kill()
    stack.process.wait()
    _assert_ended(processes)


def test_a_taken_port_is_an_error_that_names_it(start: Start) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        stack = start(wait=False, ports={"console": port})
        assert stack.process.wait(timeout=60) == 1
    assert f"Port {port}, for console, is not available" in stack.log.read_text()
    assert "--console-port" in stack.log.read_text()
    assert "Traceback" not in stack.log.read_text()


@pytest.mark.xdist_group("shared-stack")
def test_two_stacks_cannot_share_a_data_folder(start: Start, samrun_stack: OrderStack) -> None:
    second = start(data=str(samrun_stack.data), wait=False)
    assert second.process.wait(timeout=60) == 1
    holder = re.escape(f"(`samrun up`, process {samrun_stack.process.pid}, since ")
    assert re.search(rf"Another stack runs on \S+ {holder}", second.log.read_text())


@pytest.mark.xdist_group("services")
def test_a_stack_can_use_a_broker_that_runs_already(start: Start, services: OrderStack) -> None:
    stack = start(environment={"KAFKA_BOOTSTRAP_SERVERS": services.endpoints["kafka"]})
    assert stack.endpoints["kafka"] == services.endpoints["kafka"]
    assert stack.logged("started Kafka") == []
    stack.place("external")
    stack.wait_for_mails_to(["external"])
    assert stack.stop() == 0


def test_a_broker_that_does_not_answer_is_named(start: Start) -> None:
    stack = start(wait=False, environment={"KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:1"})
    assert stack.process.wait(timeout=60) == 1
    assert "No Kafka broker answers (127.0.0.1:1" in stack.log.read_text()
    assert "Traceback" not in stack.log.read_text()


@pytest.mark.xdist_group("services")
def test_services_leave_the_ports_of_sam_local_free(services: OrderStack) -> None:
    assert set(services.endpoints) == {"console", "aws", "dynamodb", "kafka", "container_kafka"}
    assert httpx.get(f"{services.endpoints['console']}/api/v1/messages").status_code == httpx.codes.OK
    listeners = re.search(
        r"^advertised.listeners=(.*)$", (services.data / "kafka" / "server.properties").read_text(), re.MULTILINE
    )
    assert listeners
    assert "CONTAINERS://host.docker.internal:" in listeners[1]


def _assert_ended(processes: list[psutil.Process]) -> None:
    _, alive = psutil.wait_procs(processes, timeout=30)
    assert alive == []
