"""`samrun generate-event`: the record in the event, and the messages about options that are wrong."""

import base64
import contextlib
import io
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from samrun.cli.main import main

Generate = Callable[..., dict[str, Any]]
Refused = Callable[..., str]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., int]:
    """Runs the command in an empty folder, and returns its exit status."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str) -> int:
        monkeypatch.setattr("sys.argv", ["samrun", "generate-event", *arguments])
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
    """Runs the command, which prints no event, and returns its error message."""

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


def test_an_event_of_a_self_managed_cluster_has_no_arn(generate: Generate) -> None:
    event = generate("self-managed-kafka", "--bootstrap", "a:1,b:2")
    assert (event["eventSource"], event["bootstrapServers"]) == ("SelfManagedKafka", "a:1,b:2")
    assert "eventSourceArn" not in event


def test_the_record_without_options_is_the_example_of_aws(generate: Generate) -> None:
    event = generate("msk")
    assert list(event["records"]) == ["mytopic-0"]
    record = only_record(event)
    assert (record["offset"], record["timestamp"], record["headers"]) == (15, 1545084650987, [])
    assert "key" not in record
    assert value(event) == b"Hello, this is a test."


def test_options_set_the_fields_of_the_record(generate: Generate) -> None:
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


def test_a_file_is_the_value_of_the_record(generate: Generate, tmp_path: Path) -> None:
    content = b'[{"city": "\xc3\xa9"},\r\n \xff]\n'
    (tmp_path / "value.json").write_bytes(content)
    assert value(generate("msk", "value.json")) == content


def test_standard_input_is_the_value_of_the_record(generate: Generate, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b'{"a": 1}\n')))
    assert value(generate("msk", "-")) == b'{"a": 1}\n'


def test_a_file_that_does_not_exist_is_an_error_that_names_it(refused: Refused) -> None:
    assert refused("msk", "value.json").startswith("value.json, the file with the record's value, cannot be read: ")


def test_a_topic_without_a_stack_is_an_error(refused: Refused) -> None:
    assert refused("msk", "--from-topic", "order-events").startswith("No stack runs on .local ")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ("", "the following arguments are required: SOURCE"),
        ("kafka", "argument SOURCE: invalid choice: 'kafka' (choose from"),
        ("msk f --value x", "argument --value: not allowed with argument FILE"),
        ("msk --value x --from-topic t", "argument --from-topic: not allowed with argument --value"),
        ("msk --header x", "argument --header: 'x' is not a header: write NAME=VALUE"),
        ("msk --offset -1", "argument --offset: '-1' is not a number of 0 or more"),
        ("msk --partition many", "argument --partition: 'many' is not a number of 0 or more"),
        ("msk --from-topic t:newest", "'t:newest' is not a position: write TOPIC[:PARTITION[:OFFSET]]"),
        ("msk --from-topic t:0:1:2", "'t:0:1:2' is not a position: write TOPIC[:PARTITION[:OFFSET]]"),
        ("msk --bootstrap localhost", "argument --bootstrap-servers: 'localhost': write host:port"),
    ],
)
def test_a_wrong_option_is_an_error_that_says_what_to_write(refused: Refused, arguments: str, said: str) -> None:
    assert said in refused(*arguments.split())
