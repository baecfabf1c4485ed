"""Tool for dead letters, with moto's AWS in this process and a function of the tests."""

from __future__ import annotations

import base64
import io
import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from hypothesis import given
from hypothesis import strategies as st
from moto import mock_aws

from functions.notify.dead_letters import MAX_BODY, DeadLetters
from functions.notify.events.records import Record, read_records
from samrun import Endpoints
from samrun.testing.kafka_records import batch, kafka_mapping
from samrun.testing.kafka_records import record as kafka_record
from samrun.testing.mapping import DiscardedBatch, InvocationResult, send_to_on_failure_destination
from tests.tools.dead_letters_template import OUTPUTS, REGION, RESOURCES
from tools.deadletters import __main__ as tool
from tools.deadletters import dead_letter_queue, locations
from tools.deadletters.dead_letter import DeadLetter
from tools.deadletters.locations import Locations
from tools.stack_outputs import StackOutputsError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

NAME = "Ada Lovelace"
# Short enough for a message, and too deep for the parser of JSON.
NESTED = "[" * 200_000
NOTHING_FAILED: dict[str, Any] = {"batchItemFailures": []}


class Function:
    """Stand-in for Lambda's client and for notify: records the records that arrive, and answers by `reacts`."""

    def __init__(self) -> None:
        self.records: list[Record] = []
        self.reacts: Callable[[Record], Any] = lambda record: NOTHING_FAILED

    def invoke(self, *, FunctionName: str, Payload: str | bytes) -> dict[str, Any]:  # noqa: N803 boto3's names
        assert FunctionName == "NotifyFunction"
        [record] = read_records(json.loads(Payload))
        self.records.append(record)
        try:
            return {"Payload": io.BytesIO(json.dumps(self.reacts(record)).encode())}
        except ValueError as error:
            failure = {"errorType": "ValueError", "errorMessage": str(error)}
            return {"FunctionError": "Unhandled", "Payload": io.BytesIO(json.dumps(failure).encode())}

    def close(self) -> None:
        """Close nothing: it has no connections."""

    def offsets(self) -> list[int]:
        return [record.offset for record in self.records]


def fails_the_record(record: Record) -> dict[str, Any]:
    identifier = {"partition": record.partition_id, "offset": record.offset}
    return {"batchItemFailures": [{"itemIdentifier": identifier}]}


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    # moto is one server, so a receive without a wait misses nothing.
    monkeypatch.setattr(dead_letter_queue, "WAIT", 0)


@pytest.fixture
def function() -> Function:
    return Function()


@pytest.fixture(scope="session")
def session() -> boto3.Session:
    """One session for all tests: a new one reads boto3's descriptions of the services again."""
    return boto3.Session(region_name=REGION, aws_access_key_id="nobody", aws_secret_access_key="nothing")


@pytest.fixture
def found(function: Function, session: boto3.Session) -> Iterator[Locations]:
    """The queue and the bucket, empty."""
    with mock_aws():
        sqs, s3 = session.client("sqs"), session.client("s3")
        s3.create_bucket(Bucket="discarded-batches")
        yield Locations(
            sqs=sqs,
            s3=s3,
            functions=function,
            queue_url=sqs.create_queue(QueueName="dead-letters")["QueueUrl"],
            bucket="discarded-batches",
            function="NotifyFunction",
        )


def dead_letter(
    found: Locations, offset: int, *, reason: str = "the value is not JSON", size: int = 0, key: str = "key"
) -> None:
    """Put a record into the queue, as notify does."""
    encoded_key = base64.b64encode(key.encode()).decode()
    source = {
        "topic": "t",
        "partition": 0,
        "offset": offset,
        "key": encoded_key,
        "value": base64.b64encode(NAME.encode() + b"x" * size).decode(),
        "headers": [{"traceparent": [48, 48, -61]}],
    }
    record = Record(partition_id="t-0", topic="t", partition=0, offset=offset, key=encoded_key, source=source)
    DeadLetters(client=found.sqs, queue_url=found.queue_url).put(record, reason=reason)


def _base64_text(content: bytes) -> str:
    return base64.b64encode(content).decode()


def batch_of(payload: str, *, zone: str = "Z") -> dict[str, Any]:
    """Return what a mapping writes about a discarded batch, with any payload."""
    context = {"condition": "RetryAttemptsExhausted"}
    return {
        "timestamp": f"2026-11-22T23:00:00{zone}",
        "requestContext": context,
        "responseContext": {},
        "payload": payload,
    }


def discard(found: Locations, *offsets: int) -> None:
    """Put a batch of these records into the bucket, as a mapping does."""
    discarded = DiscardedBatch(
        batch=batch(*(kafka_record(offset, value=NAME.encode()) for offset in offsets)),
        condition="RetryAttemptsExhausted",
        attempts=4,
        last_result=InvocationResult(request_id="r", payload=b"{}", function_error="Unhandled"),
        at=datetime(2026, 11, 22, 23, 0, tzinfo=UTC),
        mapping=kafka_mapping(),
        bootstrap="b:1",
    )
    send_to_on_failure_destination(discarded, arn=f"arn:aws:s3:::{found.bucket}", client=lambda service: found.s3)


def visible(found: Locations) -> int:
    """Return how many messages every reader of the queue can receive now."""
    attributes = found.sqs.get_queue_attributes(QueueUrl=found.queue_url, AttributeNames=["All"])["Attributes"]
    assert attributes["ApproximateNumberOfMessagesNotVisible"] == "0"
    return int(attributes["ApproximateNumberOfMessages"])


def batches(found: Locations) -> list[dict[str, Any]]:
    """Return the contents of the bucket's objects."""
    contents = found.s3.list_objects_v2(Bucket=found.bucket).get("Contents", [])
    return [json.loads(found.s3.get_object(Bucket=found.bucket, Key=each["Key"])["Body"].read()) for each in contents]


def test_list_has_both_locations_and_no_personal_data(found: Locations, capsys: pytest.CaptureFixture[str]) -> None:
    dead_letter(found, 7)
    discard(found, 3, 4)
    assert tool.list_dead_letters(found) == 0
    header, *rows = capsys.readouterr().out.splitlines()
    assert header.split() == ["ID", "ORDER", "TOPIC", "PARTITION", "OFFSET", "WHEN", "WHERE", "REASON"]
    assert [row.split(None, 1)[0] for row in rows] == ["t-0-3", "t-0-4", "t-0-7"]
    assert " ".join(rows[0].split()) == "t-0-3 t 0 3 2026-11-22 23:00:00Z bucket RetryAttemptsExhausted (Unhandled)"
    assert rows[2].endswith("Z  queue   the value is not JSON")
    shown = "".join(rows)
    assert not [secret for secret in (NAME, base64.b64encode(NAME.encode()).decode()) if secret in shown]


def test_list_has_the_number_of_a_records_order(found: Locations, capsys: pytest.CaptureFixture[str]) -> None:
    dead_letter(found, 7, key="ord_a7yuqahkcwyojza3z7chx7dkkq")
    tool.list_dead_letters(found)
    assert capsys.readouterr().out.splitlines()[1].split()[:3] == ["t-0-7", "A7YUQ-AHKC7", "t"]
    tool.show(found, "t-0-7")
    assert json.loads(capsys.readouterr().out)["order_number"] == "A7YUQ-AHKC7"


def test_list_says_that_there_are_no_dead_letters(found: Locations, capsys: pytest.CaptureFixture[str]) -> None:
    assert tool.list_dead_letters(found) == 0
    assert capsys.readouterr().out == "There are no dead letters.\n"


def test_reading_leaves_every_message_visible(found: Locations) -> None:
    for offset in range(25):
        dead_letter(found, offset)
    tool.list_dead_letters(found)
    assert visible(found) == 25
    tool.show(found, "t-0-3")
    tool.replay_dead_letters(found, None, dry_run=True)
    assert visible(found) == 25


def test_show_decodes_the_record_and_warns_about_personal_data(
    found: Locations, capsys: pytest.CaptureFixture[str]
) -> None:
    dead_letter(found, 7)
    assert tool.show(found, "t-0-7") == 0
    output = capsys.readouterr()
    shown = json.loads(output.out)
    assert (shown["id"], shown["key"], shown["value"]) == ("t-0-7", "key", NAME)
    assert shown["headers"] == [{"traceparent": "00\\xc3"}]
    assert "personal data" in output.err


def test_show_prints_every_copy_of_a_record(found: Locations, capsys: pytest.CaptureFixture[str]) -> None:
    dead_letter(found, 7)
    discard(found, 7)
    tool.show(found, "t-0-7")
    assert capsys.readouterr().out.count('"id": "t-0-7"') == 2


def test_replay_adds_one_header_to_the_record(found: Locations, function: Function) -> None:
    dead_letter(found, 7)
    assert tool.replay_dead_letters(found, ["t-0-7"], dry_run=False) == 0
    [record] = function.records
    assert record.headers() == {"traceparent": b"00\xc3", "replay": b"true"}
    assert (record.id, record.key, record.value()) == ("t-0-7", "a2V5", NAME.encode())


def test_second_replay_does_not_repeat_the_header(found: Locations, function: Function) -> None:
    dead_letter(found, 7)
    function.reacts = lambda record: dead_letter_again(found, record)
    assert tool.replay_dead_letters(found, None, dry_run=False) == 1
    assert tool.replay_dead_letters(found, None, dry_run=False) == 1
    assert [header for header in function.records[-1].source["headers"] if "replay" in header] == [
        {"replay": list(b"true")}
    ]


def dead_letter_again(found: Locations, record: Record) -> dict[str, Any]:
    DeadLetters(client=found.sqs, queue_url=found.queue_url).put(record, reason="still not JSON")
    return NOTHING_FAILED


def test_replay_removes_every_copy_of_the_record(found: Locations, function: Function) -> None:
    dead_letter(found, 7)
    dead_letter(found, 7)
    dead_letter(found, 8)
    discard(found, 6, 7)
    assert tool.replay_dead_letters(found, ["t-0-7"], dry_run=False) == 0
    assert function.offsets() == [7], "one replay for all copies"
    assert visible(found) == 1
    [left] = batches(found)
    assert [record["offset"] for record in json.loads(left["payload"])["records"]["t-0"]] == [6]
    assert left["requestContext"]["condition"] == "RetryAttemptsExhausted"


def test_replay_lists_the_records_before_it_sends_them(
    found: Locations, function: Function, capsys: pytest.CaptureFixture[str]
) -> None:
    shown: list[str] = []

    def record_output(_: Record) -> Any:
        shown.append(capsys.readouterr().out)
        return NOTHING_FAILED

    function.reacts = record_output
    dead_letter(found, 7)
    dead_letter(found, 8)
    assert tool.replay_dead_letters(found, None, dry_run=False) == 0
    assert [id_ for id_ in ("t-0-7", "t-0-8") if id_ in shown[0]] == ["t-0-7", "t-0-8"]


def test_replay_sends_all_records_in_the_order_of_the_topic(found: Locations, function: Function) -> None:
    for offset in (9, 2, 5):
        dead_letter(found, offset)
    discard(found, 3, 4)
    assert tool.replay_dead_letters(found, None, dry_run=False) == 0
    assert function.offsets() == [2, 3, 4, 5, 9]
    assert (visible(found), batches(found)) == (0, [])


@pytest.mark.parametrize(
    "reacts",
    [
        fails_the_record,
        lambda record: int("no number"),
        lambda record: None,
        lambda record: "ok",
        lambda record: {"batchItemFailures": None},
    ],
    ids=["named", "fails", "null", "text", "no list"],
)
def test_record_whose_replay_failed_stays_visible(
    found: Locations, function: Function, reacts: Callable[[Record], Any], capsys: pytest.CaptureFixture[str]
) -> None:
    dead_letter(found, 7)
    discard(found, 3, 4)
    function.reacts = lambda record: NOTHING_FAILED if record.offset == 4 else reacts(record)
    assert tool.replay_dead_letters(found, None, dry_run=False) == 1
    assert visible(found) == 1
    [left] = batches(found)
    assert [record["offset"] for record in json.loads(left["payload"])["records"]["t-0"]] == [3]
    output = capsys.readouterr()
    assert output.out.splitlines()[-2:] == ["t-0-4: NotifyFunction is done with it", "1 of 3 went through."]
    failed = [line.partition(": stays a dead letter, NotifyFunction ")[0] for line in output.err.splitlines()]
    assert failed == ["t-0-3", "t-0-7"]


def test_dry_run_lists_the_records_and_changes_nothing(
    found: Locations, function: Function, capsys: pytest.CaptureFixture[str]
) -> None:
    dead_letter(found, 7)
    discard(found, 3)
    before = batches(found)
    assert tool.replay_dead_letters(found, None, dry_run=True) == 0
    assert function.records == []
    assert (visible(found), batches(found)) == (1, before)
    assert "Nothing was changed." in capsys.readouterr().out


def test_replay_reports_a_record_that_is_dead_lettered_again(
    found: Locations, function: Function, capsys: pytest.CaptureFixture[str]
) -> None:
    """Such a record is done, and yet it did not go through."""
    dead_letter(found, 7)
    dead_letter(found, 8)
    discard(found, 3)
    function.reacts = lambda record: NOTHING_FAILED if record.offset == 8 else dead_letter_again(found, record)
    assert tool.replay_dead_letters(found, None, dry_run=False) == 1
    output = capsys.readouterr()
    assert output.err.splitlines() == [
        "t-0-3: dead-lettered again, still not JSON",
        "t-0-7: dead-lettered again, still not JSON",
    ]
    assert output.out.splitlines()[-1] == "1 of 3 went through."
    assert (visible(found), batches(found)) == (2, [])


def test_replay_names_the_offset_of_a_record_too_large_for_the_queue(
    found: Locations, function: Function, capsys: pytest.CaptureFixture[str]
) -> None:
    dead_letter(found, 7, size=MAX_BODY)
    assert tool.replay_dead_letters(found, None, dry_run=False) == 1
    assert function.records == []
    assert visible(found) == 1
    assert "too large for the queue: Kafka has it, topic t, partition 0, offset 7" in capsys.readouterr().err


def test_replay_prefers_the_copy_with_a_payload(found: Locations, function: Function) -> None:
    dead_letter(found, 7, size=MAX_BODY)
    discard(found, 7)
    assert tool.replay_dead_letters(found, None, dry_run=False) == 0
    assert function.offsets() == [7]
    assert (visible(found), batches(found)) == (0, [])


def test_replay_refuses_an_unknown_id_before_it_sends_anything(found: Locations, function: Function) -> None:
    dead_letter(found, 7)
    with pytest.raises(tool.UnknownDeadLetterError, match="No dead letter has the id t-0-9"):
        tool.replay_dead_letters(found, ["t-0-7", "t-0-9"], dry_run=False)
    assert function.records == []
    assert visible(found) == 1


def test_other_messages_and_objects_are_reported_and_not_changed(
    found: Locations, capsys: pytest.CaptureFixture[str]
) -> None:
    found.sqs.send_message(QueueUrl=found.queue_url, MessageBody="hello")
    found.s3.put_object(Bucket=found.bucket, Key="aws/lambda/hello", Body=b"hello")
    found.s3.put_object(Bucket=found.bucket, Key="aws/lambda/list", Body=b"[]")
    found.s3.put_object(Bucket=found.bucket, Key="aws/lambda/nested", Body=NESTED.encode())
    found.s3.put_object(Bucket=found.bucket, Key="aws/lambda/nested-payload", Body=json.dumps(batch_of(NESTED)))
    found.s3.put_object(Bucket=found.bucket, Key="aws/lambda/no-zone", Body=json.dumps(batch_of("{}", zone="")))
    found.s3.put_object(Bucket=found.bucket, Key="elsewhere", Body=b"hello")
    for body in (NESTED, "[]", "null", '"text"'):
        names = {"topic": "t", "partition": "0", "offset": "1", "reason": "r"}
        attributes: Any = {name: {"DataType": "String", "StringValue": value} for name, value in names.items()}
        found.sqs.send_message(QueueUrl=found.queue_url, MessageBody=body, MessageAttributes=attributes)
    dead_letter(found, 7)
    assert tool.replay_dead_letters(found, None, dry_run=False) == 0
    warnings = capsys.readouterr().err.splitlines()
    assert [line.rpartition(": ")[2] for line in warnings] == ["not changed."] * 10
    assert visible(found) == 5
    assert len(found.s3.list_objects_v2(Bucket=found.bucket)["Contents"]) == 6


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.binary(max_size=8).map(_base64_text),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)


@given(st.dictionaries(st.sampled_from(["key", "value", "headers", "timestamp"]), JSON))
def test_record_of_any_form_is_shown(record: dict[str, Any]) -> None:
    when = datetime(2026, 11, 22, tzinfo=UTC)
    shown = DeadLetter(
        topic="t", partition=0, offset=1, reason="r", when=when, where="queue", place="m", record=record
    ).readable()
    assert json.loads(json.dumps(shown))["id"] == "t-0-1"


def test_error_releases_the_received_messages(found: Locations) -> None:
    dead_letter(found, 7)
    with pytest.raises(found.s3.exceptions.NoSuchBucket):
        tool.list_dead_letters(replace(found, bucket="gone"))
    assert visible(found) == 1


@pytest.mark.parametrize("arguments", [["replay"], ["replay", "--all", "t-0-7"], [], ["mend"]])
def test_incomplete_or_contradictory_command_line_is_refused(arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as raised:
        tool.main(arguments)
    assert raised.value.code == 2


def test_error_without_a_stack_says_how_to_start_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert tool.main(["list", "--data", str(tmp_path)]) == 1
    assert "start one with `samrun up`" in capsys.readouterr().err


TEMPLATE = {"Resources": RESOURCES, "Outputs": OUTPUTS}


def test_stack_in_aws_is_found_by_its_name(deployed: Callable[[dict[str, Any]], None]) -> None:
    deployed(TEMPLATE)
    found = locations.deployed("shop", region=REGION)
    configuration = boto3.client("lambda", region_name=REGION).get_function(FunctionName=found.function)
    assert configuration["Configuration"]["Runtime"] == "python3.13"
    assert found.functions.invoke(FunctionName=found.function, Payload="{}")["StatusCode"] == 200
    dead_letter(found, 7)
    discard(found, 3)
    assert tool.main(["list", "--stack", "shop", "--region", REGION]) == 0


def test_error_names_a_stack_that_is_missing_or_another(deployed: Callable[[dict[str, Any]], None]) -> None:
    with pytest.raises(StackOutputsError, match=r"The stack shop cannot be looked up: .*shop does not exist"):
        locations.deployed("shop", region=REGION)
    outputs = {"DeadLetterQueueUrl": {"Value": {"Ref": "DeadLetterQueue"}}}
    deployed({"Resources": {"DeadLetterQueue": {"Type": "AWS::SQS::Queue"}}, "Outputs": outputs})
    missing = r"shop has no output DeadLetterBucketName and no NotifyFunctionName\. Is it a stack of"
    with pytest.raises(StackOutputsError, match=missing):
        locations.deployed("shop", region=REGION)


def test_error_of_aws_is_printed_without_a_traceback(
    deployed: Callable[[dict[str, Any]], None], capsys: pytest.CaptureFixture[str]
) -> None:
    deployed(TEMPLATE)
    found = locations.deployed("shop", region=REGION)
    found.s3.delete_bucket(Bucket=found.bucket)
    assert tool.main(["list", "--stack", "shop", "--region", REGION]) == 1
    assert "AWS refused a request: " in capsys.readouterr().err


def test_error_says_that_a_stack_without_functions_cannot_replay(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _endpoints(tmp_path, functions=None)
    assert tool.main(["list", "--data", str(tmp_path)]) == 1
    assert "runs without functions. To replay, start it with `make run`" in capsys.readouterr().err


def test_error_names_a_template_without_dead_letters(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _endpoints(tmp_path, functions="http://127.0.0.1:1")
    template = tmp_path / "template.yaml"
    template.write_text("Resources: {DeadLetterQueue: {Type: AWS::SQS::Queue}}")
    assert tool.main(["list", "--data", str(tmp_path), "--template", str(template)]) == 1
    assert capsys.readouterr().err == f"{template} declares no DeadLetterBucket.\n"


def _endpoints(data: Path, *, functions: str | None) -> None:
    """Write the endpoints of a stack that does not run."""
    nowhere = "http://127.0.0.1:1"
    Endpoints(api=None, lambda_=functions, console=nowhere, aws=nowhere, dynamodb=nowhere, kafka="127.0.0.1:1").write(
        data
    )
