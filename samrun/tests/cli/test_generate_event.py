"""`python -m local generate-event`: which record is in the event, and what is said of one that cannot be."""

import base64
import contextlib
import io
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from local.__main__ import main

Generate = Callable[..., dict[str, Any]]
Refused = Callable[..., str]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., int]:
    """Runs the command in an empty folder, and returns its exit status."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str) -> int:
        monkeypatch.setattr("sys.argv", ["local", "generate-event", *arguments])
        return main()

    return run


@pytest.fixture
def generate(run: Callable[..., int], capsys: pytest.CaptureFixture[str]) -> Generate:
    """Runs the command, and returns the event that it prints."""

    def generate(*arguments: str) -> dict[str, Any]:
        assert run(*arguments) == os.EX_OK
        event: dict[str, Any] = json.loads(capsys.readouterr().out)
        return event

    return generate


@pytest.fixture
def refused(run: Callable[..., int], capsys: pytest.CaptureFixture[str]) -> Refused:
    """Runs the command, which prints no event, and returns what it says instead."""

    def refused(*arguments: str) -> str:
        with contextlib.suppress(SystemExit):  # argparse's way, with a status of 2
            assert run(*arguments) == 1
        said = capsys.readouterr()
        assert said.out == ""
        return said.err

    return refused


def only_record(event: dict[str, Any]) -> dict[str, Any]:
    [[record]] = event["records"].values()
    assert isinstance(record, dict)
    return record


def value(event: dict[str, Any]) -> bytes:
    return base64.b64decode(only_record(event)["value"])


def test_an_event_of_msk_names_its_cluster(generate: Generate) -> None:
    event = generate("msk")
    assert event["eventSource"] == "aws:kafka"
    assert event["eventSourceArn"].startswith("arn:aws:kafka:us-east-1:123456789012:cluster/")


def test_an_event_of_a_cluster_of_one_s_own_has_no_arn(generate: Generate) -> None:
    event = generate("self-managed-kafka", "--bootstrap", "a:1,b:2")
    assert (event["eventSource"], event["bootstrapServers"]) == ("SelfManagedKafka", "a:1,b:2")
    assert "eventSourceArn" not in event


def test_untold_the_record_is_aws_s_own_example(generate: Generate) -> None:
    event = generate("msk")
    assert list(event["records"]) == ["mytopic-0"]
    record = only_record(event)
    assert (record["offset"], record["timestamp"], record["headers"]) == (15, 1545084650987, [])
    assert "key" not in record
    assert value(event) == b"Hello, this is a test."


def test_a_record_is_as_the_options_say(generate: Generate) -> None:
    place = ["--topic", "orders", "--partition", "2", "--offset", "7", "--timestamp", "1795342530612"]
    headers = ["--header", "type=order.paid.v1", "--header", "city=Hà Nội=HN"]
    event = generate("msk", "--value", "{}", "--key", "ord_1", *place, *headers)
    assert event["records"] == {
        "orders-2": [
            {
                "topic": "orders",
                "partition": 2,
                "offset": 7,
                "timestamp": 1795342530612,
                "timestampType": "CREATE_TIME",
                "headers": [
                    {"type": list(b"order.paid.v1")},
                    # Bytes are signed, as Java has them.
                    {"city": [72, -61, -96, 32, 78, -31, -69, -103, 105, 61, 72, 78]},
                ],
                "key": base64.b64encode(b"ord_1").decode(),
                "value": base64.b64encode(b"{}").decode(),
            }
        ]
    }


def test_the_value_is_what_a_file_has(generate: Generate, tmp_path: Path) -> None:
    content = b'[{"city": "\xc3\xa9"},\r\n \xff]\n'
    (tmp_path / "value.json").write_bytes(content)
    assert value(generate("msk", "value.json")) == content


def test_the_value_is_what_standard_input_has(generate: Generate, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b'{"a": 1}\n')))
    assert value(generate("msk", "-")) == b'{"a": 1}\n'


def test_a_file_that_is_not_there_is_named(refused: Refused) -> None:
    assert refused("msk", "value.json").startswith("value.json, which is to hold the record's value, cannot be read: ")


def test_a_topic_is_read_where_a_stack_runs(refused: Refused) -> None:
    assert refused("msk", "--from-topic", "order-events").startswith("No stack runs on .local ")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ("", "the following arguments are required: SOURCE"),
        ("kafka", "argument SOURCE: invalid choice: 'kafka' (choose from"),
        ("msk f --value x", "argument --value: not allowed with argument FILE"),
        ("msk --value x --from-topic t", "argument --from-topic: not allowed with argument --value"),
        ("msk --header x", "argument --header: 'x' is no header: write NAME=VALUE"),
        ("msk --offset -1", "argument --offset: '-1' is no number of 0 or more"),
        ("msk --partition many", "argument --partition: 'many' is no number of 0 or more"),
        ("msk --from-topic t:newest", "'t:newest' is no place: write TOPIC[:PARTITION[:OFFSET]]"),
        ("msk --from-topic t:0:1:2", "'t:0:1:2' is no place: write TOPIC[:PARTITION[:OFFSET]]"),
        ("msk --bootstrap localhost", "argument --bootstrap: 'localhost': write host:port"),
    ],
)
def test_what_cannot_be_meant_is_said(refused: Refused, arguments: str, said: str) -> None:
    assert said in refused(*arguments.split())
