"""Ports: claimed before a process starts, and listened on when it has started."""

import asyncio
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from samrun.supervision import ports
from samrun.supervision.ports import LOOPBACK, PortTakenError, claim, free_ports, is_free, listen, wait_for_port

CLAIM_ALL = """
from samrun.supervision import ports
ports.free_ports = lambda: range({first}, {first} + 10)
for _ in range(10):
    try:
        print(ports.claim("test", 0), flush=True)
    except ports.PortTakenError:
        break
print("none", flush=True)
input()
"""


def test_claim_finds_a_free_port_that_can_be_listened_on() -> None:
    port = claim("api", 0)
    assert claim("api", port) == port
    with listen("api", port) as listener:
        assert listener.getsockname() == (LOOPBACK, port)
        with pytest.raises(PortTakenError):
            claim("api", port)


def test_error_of_a_port_names_the_process_that_has_it() -> None:
    with listen("api", 0) as listener:
        port = listener.getsockname()[1]
        assert not is_free(port)
        with pytest.raises(PortTakenError, match=rf"It belongs to .*process {os.getpid()}\b.*--api-port or API_PORT"):
            claim("api", port)
    assert is_free(port)
    assert is_free(0)


def test_error_of_several_ports_names_all_and_the_options_for_others() -> None:
    with listen("aws", 0) as first, listen("kafka", 0) as second:
        taken = {"aws": first.getsockname()[1], "kafka": second.getsockname()[1]}
        said = str(ports.taken(taken, all_names=["console", "aws", "kafka"]))
    assert f"The ports {taken['aws']} (aws), {taken['kafka']} (kafka) are not available" in said
    assert said.count(f"process {os.getpid()}") == 1, "one process has both"
    assert said.endswith("\n--console-port 0 --aws-port 0 --kafka-port 0")


@pytest.mark.processes
def test_processes_that_claim_at_once_get_different_ports() -> None:
    first = claim("test", 0) // 10 * 10
    claimed: list[str] = []
    processes = []
    try:
        for _ in range(2):
            process = subprocess.Popen(
                [sys.executable, "-c", CLAIM_ALL.format(first=first)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
            processes.append(process)
            assert process.stdout
            while (port := process.stdout.readline().strip()) != "none":
                claimed.append(port)
    finally:
        for process in processes:
            process.kill()
            process.communicate()
    assert claimed
    assert len(set(claimed)) == len(claimed)


@pytest.mark.parametrize(
    ("ephemeral", "expected"),
    [
        ("32768\t60999\n", range(10_000, 32_768)),
        ("16000\t65535\n", range(10_000, 16_000)),
        ("1024\t40000\n", range(40_001, 65_536)),
        ("1024\t65535\n", range(10_000, 32_000)),
        ("unknown", range(10_000, 32_000)),
    ],
)
def test_ports_are_chosen_outside_those_of_outgoing_connections(
    tmp_path: Path, ephemeral: str, expected: range
) -> None:
    file = tmp_path / "ip_local_port_range"
    file.write_text(ephemeral)
    assert free_ports(file) == expected


def test_usual_ports_are_chosen_where_the_kernel_tells_no_range(tmp_path: Path) -> None:
    assert free_ports(tmp_path / "missing") == range(10_000, 32_000)


def test_taken_port_is_an_error_that_says_what_to_do() -> None:
    with socket.create_server((LOOPBACK, 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(PortTakenError) as raised:
            claim("console", port)
    message = str(raised.value)
    assert message.startswith(f"Port {port}, for console, is not available: Address already in use.")
    assert "--console-port or CONSOLE_PORT (0: any free one)" in message


def test_port_whose_last_connections_are_closing_is_free() -> None:
    with socket.create_server((LOOPBACK, 0)) as server:
        address = server.getsockname()
        with socket.create_connection(address):
            server.accept()[0].close()  # the server closes first, so its end of the connection stays in TIME_WAIT
    assert claim("api", address[1]) == address[1]


def test_wait_for_port_waits_until_the_port_accepts_connections() -> None:
    async def scenario() -> None:
        port = claim("api", 0)
        waiting = asyncio.create_task(wait_for_port(port, pause=0.01))
        await asyncio.sleep(0.05)
        assert not waiting.done()
        server = await asyncio.start_server(lambda _, writer: writer.close(), LOOPBACK, port)
        await asyncio.wait_for(waiting, 10)
        server.close()

    asyncio.run(scenario())
