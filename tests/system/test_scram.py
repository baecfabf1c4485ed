"""The whole path, with a Kafka that encrypts and asks for a password, as parameters/scram.yaml has it, or by PLAIN."""

from collections.abc import Callable
from pathlib import Path

import httpx
import psutil
import pytest

from tests.system.order_stack import OrderStack

pytestmark = pytest.mark.xdist_group("scram")


def connected_to(stack: OrderStack, *, broker: int) -> set[str]:
    """Return where in Kafka the processes of the stack, all but the broker itself, are connected now."""
    kafka = {stack.endpoints[name] for name in ("kafka", "kafka_scram")}
    remote = {
        f"{connection.raddr.ip}:{connection.raddr.port}"
        for process in stack.processes()
        if process.pid != broker
        for connection in process.net_connections("tcp")
        if connection.status == psutil.CONN_ESTABLISHED and connection.raddr
    }
    return remote & kafka


@pytest.mark.parametrize("method", ["scram", "plain"])
def test_an_order_becomes_a_mail_with_a_password_over_tls(
    method: str, start: Callable[..., OrderStack], project: Path
) -> None:
    parameters = [f"file://{project / 'parameters' / 'scram.yaml'}", f"KafkaAuthentication={method}"]
    stack = start(options=["--parameter-overrides", *parameters])
    scram = stack.endpoints["kafka_scram"]
    [line] = stack.logged("started Kafka, pid ")
    broker = int(line.rpartition(" ")[2])

    assert stack.place("pay-scram").status_code == httpx.codes.CREATED
    stack.wait_for_mails_to(["pay-scram"])
    assert stack.logged("event published"), "the function published it by itself"
    # Neither the functions nor the mapping use the listener without a password.
    assert connected_to(stack, broker=broker) == {scram}
