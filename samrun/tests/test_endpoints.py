"""The file of a stack's endpoints."""

import json
import os
import socket
import stat
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from samrun.endpoints import Endpoints, NoStackError, url
from samrun.supervision.files import write_atomically
from samrun.supervision.ports import LOOPBACK

ENDPOINTS = Endpoints(
    api=url(3000),
    lambda_=url(3001),
    console=url(8025),
    aws=url(4566),
    dynamodb=url(8000),
    kafka="127.0.0.1:9092",
)


def test_the_file_has_the_public_names(tmp_path: Path) -> None:
    file = ENDPOINTS.write(tmp_path)
    assert file == tmp_path / "endpoints.json"
    assert json.loads(file.read_text()) == {
        "api": "http://127.0.0.1:3000",
        "lambda": "http://127.0.0.1:3001",
        "console": "http://127.0.0.1:8025",
        "aws": "http://127.0.0.1:4566",
        "dynamodb": "http://127.0.0.1:8000",
        "kafka": "127.0.0.1:9092",
    }


def test_endpoints_of_a_listener_with_a_password_are_read_again(tmp_path: Path) -> None:
    of_scram = replace(ENDPOINTS, kafka_scram="127.0.0.1:9096", kafka_secret="arn:user", kafka_ca_secret="arn:ca")
    of_scram = replace(of_scram, kafka_mtls="127.0.0.1:9094", kafka_client_secret="arn:client")
    others = replace(ENDPOINTS, stack_apis={"rewards": "http://127.0.0.1:3000/rewards"})
    assert others.by_name()["rewards"] == "http://127.0.0.1:3000/rewards"
    without_api = replace(ENDPOINTS, api=None, container_kafka="host.docker.internal:19092")
    for endpoints in (ENDPOINTS, of_scram, others, without_api):
        endpoints.write(tmp_path)
        assert Endpoints.read(tmp_path) == endpoints
    values = {"S": "{kafka_scram}", "U": "{kafka_secret}", "C": "{kafka_ca_secret}", "M": "{kafka_mtls}"}
    assert of_scram.fill_in(values) == {"S": "127.0.0.1:9096", "U": "arn:user", "C": "arn:ca", "M": "127.0.0.1:9094"}


def test_addresses_of_debuggers_are_read_again_and_stand_for_nothing_in_parameters(tmp_path: Path) -> None:
    endpoints = replace(ENDPOINTS, debuggers={"Order": "127.0.0.1:5678"})
    assert json.loads(endpoints.write(tmp_path).read_text())["debuggers"] == {"Order": "127.0.0.1:5678"}
    assert Endpoints.read(tmp_path) == endpoints
    assert endpoints.by_name() == ENDPOINTS.by_name()
    assert endpoints.fill_in({"D": "{debuggers}"}) == {"D": "{debuggers}"}


def test_containers_call_this_machine_by_another_name() -> None:
    services = replace(ENDPOINTS, container_kafka="host.docker.internal:19092")
    values = {"A": "{aws}", "D": "{dynamodb}", "K": "{kafka}", "I": "{issuer}"}
    assert services.for_containers().fill_in(values) == {
        "A": "http://host.docker.internal:4566",
        "D": "http://host.docker.internal:8000",
        "K": "host.docker.internal:19092",
        # The gateway asks it, and not the functions.
        "I": "http://127.0.0.1:8025/issuer",
    }


def test_containers_use_the_same_addresses_of_other_machines() -> None:
    elsewhere = replace(ENDPOINTS, aws="http://localhost.example:4566", dynamodb="http://dynamodb.example:8000")
    assert elsewhere.for_containers().aws == elsewhere.aws
    assert elsewhere.for_containers().dynamodb == elsewhere.dynamodb


def test_the_file_leaves_out_parts_that_do_not_run(tmp_path: Path) -> None:
    services = Endpoints(api=None, lambda_=None, console="c", aws="a", dynamodb="d", kafka="k")
    assert set(json.loads(services.write(tmp_path).read_text())) == {"console", "aws", "dynamodb", "kafka"}


def test_endpoints_that_were_written_are_read_again(tmp_path: Path) -> None:
    services = Endpoints(api=None, lambda_=None, console="c", aws="a", dynamodb="d", kafka="k")
    for endpoints in (ENDPOINTS, services):
        endpoints.write(tmp_path)
        assert Endpoints.read(tmp_path) == endpoints


def test_endpoints_of_a_running_stack_are_those_of_its_file(tmp_path: Path) -> None:
    with socket.create_server((LOOPBACK, 0)) as console:
        endpoints = replace(ENDPOINTS, console=url(console.getsockname()[1]))
        endpoints.write(tmp_path)
        assert Endpoints.of_running_stack(tmp_path) == endpoints
    with pytest.raises(NoStackError, match=r"the last one was killed.* Start it again with `samrun up`"):
        Endpoints.of_running_stack(tmp_path)
    assert Endpoints.read(tmp_path) == endpoints


def test_a_folder_without_the_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(NoStackError, match=r"No stack runs on .*: start one with `samrun up`"):
        Endpoints.read(tmp_path)


def test_placeholders_in_parameters_become_addresses(tmp_path: Path) -> None:
    parameters = {"Brokers": "{kafka}", "Issuer": "{issuer}", "Url": "{api}/a?b={lambda}", "Other": "{other}"}
    assert ENDPOINTS.fill_in(parameters) == {
        "Brokers": "127.0.0.1:9092",
        "Issuer": "http://127.0.0.1:8025/issuer",
        "Url": "http://127.0.0.1:3000/a?b=http://127.0.0.1:3001",
        "Other": "{other}",
    }


@pytest.mark.parametrize("umask", [0o000, 0o022])
def test_a_file_can_be_for_its_owner_only(tmp_path: Path, umask: int) -> None:
    before = os.umask(umask)
    try:
        private = write_atomically(tmp_path / "private", "x", mode=0o600)
        public = write_atomically(tmp_path / "public", "x")
    finally:
        os.umask(before)
    assert stat.S_IMODE(private.stat().st_mode) == 0o600
    assert stat.S_IMODE(public.stat().st_mode) == 0o666 & ~umask


def test_nobody_sees_a_part_of_a_file(tmp_path: Path) -> None:
    file, text = tmp_path / "folder" / "file.json", "x" * 1_000_000
    write_atomically(file, text)
    seen: set[int] = set()
    written = threading.Event()

    def read() -> None:
        while not written.is_set():
            seen.add(len(file.read_text()))

    reader = threading.Thread(target=read)
    reader.start()
    for _ in range(20):
        write_atomically(file, text)
    written.set()
    reader.join()
    assert seen <= {len(text)}
    assert list(file.parent.iterdir()) == [file], "nothing unfinished is left"
