"""Checks of the machine: what keeps a stack from starting, and what does not."""

import socket
import subprocess
import sys
from pathlib import Path

import pytest

from samrun.administration.machine_checks import Check, check_machine
from samrun.endpoints import Endpoints
from samrun.settings import PORTS
from samrun.supervision.ports import LOOPBACK, claim

pytestmark = pytest.mark.processes

ANY_PORTS = {f"{name.upper()}_PORT": "0" for name in PORTS}


def checks(data: Path, **environment: str) -> dict[str, Check]:
    return {check.name: check for check in check_machine(data, ANY_PORTS | environment)}


def test_machine_that_runs_these_tests_has_no_fault(tmp_path: Path) -> None:
    found = checks(tmp_path / "data")
    assert [check for check in found.values() if check.status == "fail"] == []
    assert found["Python"].found.startswith(".".join(map(str, sys.version_info[:3])))
    assert not (tmp_path / "data").exists(), "a check leaves nothing behind"


def test_missing_docker_is_a_note(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert checks(tmp_path)["Docker"].status == "note"


def test_data_folder_that_is_a_file_is_a_fault(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert checks(tmp_path / "file" / "data")["data"].status == "fail"


def test_port_that_another_process_holds_is_a_fault_that_names_it(tmp_path: Path) -> None:
    with socket.create_server((LOOPBACK, 0)) as server:
        port = server.getsockname()[1]
        check = checks(tmp_path, KAFKA_PORT=str(port))["port of kafka"]
        assert check.status == "fail"
        assert check.found.startswith(f"{port} is taken by python")
        assert "--kafka-port or KAFKA_PORT" in str(check.advice)
        address = f"{LOOPBACK}:{port}"
        Endpoints(api=None, lambda_=None, console=f"http://{address}", aws="a", dynamodb="d", kafka=address).write(
            tmp_path
        )
        found = checks(tmp_path, KAFKA_PORT=str(port))
        assert found["port of kafka"].status == "note", "the stack's own"
        assert found["data"].found == f"a stack runs on {tmp_path}"
    assert checks(tmp_path)["data"].status == "ok", "a stack that was killed"


def test_port_that_a_process_of_samrun_holds_is_a_note(tmp_path: Path) -> None:
    port = claim("kafka", 0)
    code = f"import socket, time; s = socket.create_server(('{LOOPBACK}', {port})); print(flush=True); time.sleep(600)"
    script = tmp_path / "samrun"
    script.write_text(code)
    with subprocess.Popen([sys.executable, str(script)], stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout
            process.stdout.readline()
            assert checks(tmp_path, KAFKA_PORT=str(port))["port of kafka"].status == "note"
        finally:
            process.kill()


def test_port_of_an_external_service_is_not_needed(tmp_path: Path) -> None:
    check = checks(tmp_path, KAFKA_PORT="no", KAFKA_BOOTSTRAP_SERVERS="a:1")["port of kafka"]
    assert (check.status, check.found) == ("ok", "not needed: a:1 is used")
    assert checks(tmp_path, KAFKA_PORT="no")["port of kafka"].status == "fail"
