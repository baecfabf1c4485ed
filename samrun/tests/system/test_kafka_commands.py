"""The commands for Kafka on a real broker: what the examples of docs/commands.md do not show."""

import json
import os
import pty
import signal
import socket
import subprocess
import sys
import uuid
from pathlib import Path

import pytest

from samrun.services.kafka import create_topics
from samrun.supervision.ports import LOOPBACK
from samrun.testing.broker import Broker, read_records
from samrun.testing.stack import RunningStack
from samrun.testing.waiting import eventually

pytestmark = pytest.mark.xdist_group("shared-broker")

SAMRUN = [sys.executable, "-m", "samrun"]
SECURED = """
Transform: AWS::Serverless-2016-10-31
Parameters:
  Scram: {Type: String, Default: "-"}
  MutualTls: {Type: String, Default: "-"}
Resources:
  Queue: {Type: AWS::SQS::Queue}
"""


@pytest.fixture
def topic(broker: Broker) -> str:
    name = f"topic-{uuid.uuid4().hex}"
    create_topics(broker.bootstrap, [name], partitions=2)
    return name


def samrun(folder: Path, *words: str, text: str = "", status: int = 0) -> str:
    """Run a command in a folder; return what it prints, or its message if it is to fail."""
    done = subprocess.run([*SAMRUN, *words], cwd=folder, input=text, capture_output=True, text=True, check=False)
    assert done.returncode == status, done.stderr
    assert "Traceback" not in done.stderr
    return done.stderr if status else done.stdout


def test_records_go_through_tail_and_produce_unchanged(broker: Broker, topic: str, tmp_path: Path) -> None:
    at = ("--bootstrap-servers", broker.bootstrap)
    samrun(tmp_path, "produce", topic, "--key", "k", "--header", "h=ü", "--partition", "1", *at, text='{"a":["ü"]}')
    samrun(tmp_path, "produce", topic, "--null", "--key", "gone", "--partition", "1", *at)
    samrun(tmp_path, "produce", topic, "x", "--count", "3", "--partition", "1", *at)
    lines = samrun(tmp_path, "tail", topic, "--from", "beginning", "--no-follow", "--json", *at)
    samrun(tmp_path, "produce", topic, "--records", "--partition", "0", *at, text=lines)
    records = read_records(broker.bootstrap, topic)
    copied, first = ([each[2:5] for each in records if each.partition == number] for number in (0, 1))
    assert (
        copied
        == first
        == [
            (b"k", b'{"a":["\xc3\xbc"]}', [("h", "ü".encode())]),
            (b"gone", None, []),
            *[(None, b"x", [])] * 3,
        ]
    )
    one = ("--from", "4", "--partition", "1", "--count", "1", "--json")
    assert json.loads(samrun(tmp_path, "tail", topic, *one, *at))["offset"] == 4


def test_tail_follows_until_ctrl_c_and_finds_partitions_that_are_added(
    broker: Broker, topic: str, tmp_path: Path
) -> None:
    at = ("--bootstrap-servers", broker.bootstrap)
    output = tmp_path / "output"
    with (
        output.open("w") as file,
        subprocess.Popen(
            [*SAMRUN, "tail", topic, "--from", "beginning", *at], stdout=file, stderr=subprocess.PIPE
        ) as process,
    ):
        try:
            samrun(tmp_path, "produce", topic, "one", "--partition", "0", *at)
            eventually(lambda: "    one\n" in output.read_text(), what="the first record")
            samrun(tmp_path, "topics", "grow", topic, "3", *at)
            samrun(tmp_path, "produce", topic, "two", "--partition", "2", *at)
            eventually(lambda: "    two\n" in output.read_text(), what="the record of the new partition")
            process.send_signal(signal.SIGINT)
            assert process.stderr
            assert process.stderr.read() == b""
        finally:
            process.send_signal(signal.SIGINT)
    assert process.returncode == 130


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("produce nowhere x", "There is no topic nowhere"),
        ("produce TOPIC x --partition 7", "has no partition 7: it has 2, from 0 to 1."),
        ("produce TOPIC --records", "the standard input, line 1, is no record"),
        ("tail nowhere", "There is no topic nowhere"),
        ("topics create TOPIC", "already exists. Delete it first"),
        ("topics grow TOPIC 1", "Kafka can only add partitions"),
        ("topics create new --config nonsense=1", "Unknown topic config name: nonsense"),
        ("topics delete TOPIC", "Nobody can confirm"),
        ("topics delete nowhere --yes", "There is no topic nowhere"),
    ],
)
def test_refusal_is_a_message_that_says_what_to_do(
    broker: Broker, topic: str, tmp_path: Path, words: str, said: str
) -> None:
    command = words.replace("TOPIC", topic).split()
    assert said in samrun(tmp_path, *command, "--bootstrap-servers", broker.bootstrap, text="x\n", status=1)


@pytest.mark.parametrize(("entered", "is_deleted"), [("NAME", True), ("no", False)])
def test_topic_is_deleted_if_a_person_enters_its_name(
    broker: Broker, topic: str, entered: str, *, is_deleted: bool
) -> None:
    ours, theirs = pty.openpty()
    os.write(ours, f"{entered.replace('NAME', topic)}\n".encode())
    command = [*SAMRUN, "topics", "delete", topic, "--bootstrap-servers", broker.bootstrap]
    done = subprocess.run(command, stdin=theirs, capture_output=True, text=True, check=False)
    os.close(ours)
    os.close(theirs)
    assert done.returncode == (0 if is_deleted else 1)
    assert (f"The topic {topic} stays." in done.stderr) is not is_deleted


def test_server_that_is_no_broker_is_a_message(tmp_path: Path) -> None:
    with socket.create_server((LOOPBACK, 0)) as server:
        address = f"{LOOPBACK}:{server.getsockname()[1]}"
        said = samrun(tmp_path, "topics", "--bootstrap-servers", address, status=1)
    assert said.startswith(f"Kafka at {address} does not answer")


def test_listeners_of_a_stack_get_its_own_credentials(tmp_path: Path) -> None:
    project = tmp_path / "project"
    project.mkdir()
    (project / "template.yaml").write_text(SECURED)
    parameters = ["--parameter-overrides", "Scram={kafka_scram}", "MutualTls={kafka_mtls}"]
    with RunningStack(project, project / ".local", options=parameters) as stack:
        samrun(project, "topics", "create", "greetings")
        for listener in ("kafka_scram", "kafka_mtls"):
            at = ("--bootstrap-servers", stack.endpoints[listener])
            assert samrun(project, "produce", "greetings", "x", *at).startswith("greetings-")
            assert "greetings" in samrun(project, "topics", *at)
        said = samrun(tmp_path, "topics", "--bootstrap-servers", stack.endpoints["kafka_scram"], status=1)
        assert "does not answer" in said, "elsewhere, nobody knows the credentials"
