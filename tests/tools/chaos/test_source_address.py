"""Source addresses: what a patched process connects from, and which process that is."""

import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tools.chaos.source_address import give_addresses, process_of

CONNECT = """
import os, socket, sys
print(os.getpid(), socket.create_connection(("127.0.0.1", int(sys.argv[1]))).getsockname()[0])
"""


@pytest.mark.processes
def test_environment_connects_from_an_address_that_names_its_process(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text("import os\n")
    give_addresses(tmp_path)
    with socket.create_server(("127.0.0.1", 0)) as server:
        done = subprocess.run(
            [sys.executable, "-c", CONNECT, str(server.getsockname()[1])],
            env={"PYTHONPATH": str(tmp_path)},
            capture_output=True,
            text=True,
            check=True,
        )
        process, address = done.stdout.split()
        _, (peer, _) = server.accept()
    assert peer == address
    assert process_of(address) == int(process)


@pytest.mark.parametrize(
    ("address", "process"), [("127.0.0.1", 0), ("127.64.1.2", 258), ("127.127.255.255", 2**22 - 1), ("10.0.0.1", 0)]
)
def test_address_outside_the_network_is_of_no_process(address: str, process: int) -> None:
    assert process_of(address) == process
