"""The tool for dead letters, on an AWS of moto in this process and a function of the test's own."""

from __future__ import annotations

import base64
import io
import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, cast

import boto3
import pytest
from moto import mock_aws

from functions.notify.deadletters import LARGEST_BODY, DeadLetters
from functions.notify.records import Record, read_records
from local.endpoints import Endpoints
from local.invoker import Answer
from local.mapping.destination import keep
from local.mapping.discarded import Discarded
from tests.local.test_mapping_batch import batch, mapping
from tests.local.test_mapping_batch import record as kafka_record
from tools.deadletters import __main__ as tool
from tools.deadletters import places as places_module
from tools.deadletters import queue
from tools.deadletters.places import Places, PlacesError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from mypy_boto3_lambda import LambdaClient

REGION, NAME = "us-east-1", "Ada Lovelace"
NOTHING_FAILED: dict[str, Any] = {"batchItemFailures": []}


class Function:
    """Stands for the client of Lambda and for notify: keeps the records that come, and answers by `reacts`."""

    def __init__(self) -> None:
        self.records: list[Record] = []
        self.reacts: Callable[[Record], Any] = lambda record: NOTHING_FAILED

    def invoke(self, *, FunctionName: str, Payload: str) -> dict[str, Any]:  # noqa: N803 boto3's names
        assert FunctionName == "NotifyFunction"
        [record] = read_records(json.loads(Payload))
        self.records.append(record)
        try:
            return {"Payload": io.BytesIO(json.dumps(self.reacts(record)).encode())}
        except ValueError as error:
            failure = {"errorType": "ValueError", "errorMessage": str(error)}
            return {"FunctionError": "Unhandled", "Payload": io.BytesIO(json.dumps(failure).encode())}

    def offsets(self) -> list[int]:
        return [record.offset for record in self.records]


def does_not_get_done(record: Record) -> dict[str, Any]:
    identifier = {"partition": record.partition_id, "offset": record.offset}
    return {"batchItemFailures": [{"itemIdentifier": identifier}]}


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    # moto is one server.
    monkeypatch.setattr(queue, "WAIT", 0)


@pytest.fixture
def function() -> Function:
    return Function()


@pytest.fixture
def found(function: Function) -> Iterator[Places]:
    """The queue and the bucket, empty."""
    session = boto3.Session(region_name=REGION, aws_access_key_id="nobody", aws_secret_access_key="nothing")
    with mock_aws():
        sqs, s3 = session.client("sqs"), session.client("s3")
        s3.create_bucket(Bucket="given-up")
        yield Places(
            sqs=sqs,
            s3=s3,
            functions=cast("LambdaClient", function),
            queue_url=sqs.create_queue(QueueName="dead-letters")["QueueUrl"],
            bucket="given-up",
            function="NotifyFunction",
        )


def set_aside(found: Places, offset: int, *, reason: str = "the value is not JSON", size: int = 0) -> None:
    """Put a record into the queue as notify does it."""
    source = {
        "topic": "t",
        "partition": 0,
        "offset": offset,
        "key": "a2V5",
        "value": base64.b64encode(NAME.encode() + b"x" * size).decode(),
        "headers": [{"traceparent": [48, 48, -61]}],
    }
    record = Record(partition_id="t-0", topic="t", partition=0, offset=offset, key="a2V5", source=source)
    DeadLetters(client=found.sqs, queue_url=found.queue_url).put(record, reason=reason)


def give_up(found: Places, *offsets: int) -> None:
    """Put a batch of these records into the bucket as a mapping does it."""
    discarded = Discarded(
        batch=batch(*(kafka_record(offset, value=NAME.encode()) for offset in offsets)),
        condition="RetryAttemptsExhausted",
        tries=4,
        answer=Answer(request_id="r", payload=b"{}", function_error="Unhandled"),
        at=datetime(2026, 11, 22, 23, 0, tzinfo=UTC),
        mapping=mapping(),
        bootstrap="b:1",
    )
    keep(discarded, arn=f"arn:aws:s3:::{found.bucket}", client=lambda service: found.s3)


def visible(found: Places) -> int:
    """Return how many messages of the queue anybody can receive now."""
    attributes = found.sqs.get_queue_attributes(QueueUrl=found.queue_url, AttributeNames=["All"])["Attributes"]
    assert attributes["ApproximateNumberOfMessagesNotVisible"] == "0"
    return int(attributes["ApproximateNumberOfMessages"])


def batches(found: Places) -> list[dict[str, Any]]:
    """Return what the objects of the bucket hold."""
    contents = found.s3.list_objects_v2(Bucket=found.bucket).get("Contents", [])
    return [json.loads(found.s3.get_object(Bucket=found.bucket, Key=each["Key"])["Body"].read()) for each in contents]


def test_the_list_tells_of_both_places_and_of_no_customer(found: Places, capsys: pytest.CaptureFixture[str]) -> None:
    set_aside(found, 7)
    give_up(found, 3, 4)
    assert tool.list_letters(found) == 0
    header, *rows = capsys.readouterr().out.splitlines()
    assert header.split() == ["ID", "TOPIC", "PARTITION", "OFFSET", "WHEN", "WHERE", "REASON"]
    assert [row.split(None, 1)[0] for row in rows] == ["t-0-3", "t-0-4", "t-0-7"]
    assert " ".join(rows[0].split()) == "t-0-3 t 0 3 2026-11-22 23:00:00Z bucket RetryAttemptsExhausted (Unhandled)"
    assert rows[2].endswith("Z  queue   the value is not JSON")
    shown = "".join(rows)
    assert not [secret for secret in (NAME, base64.b64encode(NAME.encode()).decode()) if secret in shown]


def test_the_list_of_nothing_says_so(found: Places, capsys: pytest.CaptureFixture[str]) -> None:
    assert tool.list_letters(found) == 0
    assert capsys.readouterr().out == "There are no dead letters.\n"


def test_looking_hides_nothing_from_anybody(found: Places) -> None:
    for offset in range(25):
        set_aside(found, offset)
    tool.list_letters(found)
    assert visible(found) == 25
    tool.show(found, "t-0-3")
    tool.replay_letters(found, None, dry_run=True)
    assert visible(found) == 25


def test_what_is_shown_is_the_record_in_clear_and_said_to_be_personal(
    found: Places, capsys: pytest.CaptureFixture[str]
) -> None:
    set_aside(found, 7)
    assert tool.show(found, "t-0-7") == 0
    output = capsys.readouterr()
    shown = json.loads(output.out)
    assert (shown["id"], shown["key"], shown["value"]) == ("t-0-7", "key", NAME)
    assert shown["headers"] == [{"traceparent": "00\\xc3"}]
    assert "personal data" in output.err


def test_every_copy_of_a_record_is_shown(found: Places, capsys: pytest.CaptureFixture[str]) -> None:
    set_aside(found, 7)
    give_up(found, 7)
    tool.show(found, "t-0-7")
    assert capsys.readouterr().out.count('"id": "t-0-7"') == 2


def test_a_replayed_record_is_the_same_with_one_header_more(found: Places, function: Function) -> None:
    set_aside(found, 7)
    assert tool.replay_letters(found, ["t-0-7"], dry_run=False) == 0
    [record] = function.records
    assert record.headers() == {"traceparent": b"00\xc3", "replay": b"true"}
    assert (record.id, record.key, record.value()) == ("t-0-7", "a2V5", NAME.encode())


def test_a_record_that_was_replayed_before_has_the_header_once(found: Places, function: Function) -> None:
    set_aside(found, 7)
    function.reacts = lambda record: set_aside_as_it_came(found, record)
    assert tool.replay_letters(found, None, dry_run=False) == 1
    assert tool.replay_letters(found, None, dry_run=False) == 1
    assert [header for header in function.records[-1].source["headers"] if "replay" in header] == [
        {"replay": list(b"true")}
    ]


def set_aside_as_it_came(found: Places, record: Record) -> dict[str, Any]:
    DeadLetters(client=found.sqs, queue_url=found.queue_url).put(record, reason="still not JSON")
    return NOTHING_FAILED


def test_what_went_through_is_removed_wherever_it_lies(found: Places, function: Function) -> None:
    set_aside(found, 7)
    set_aside(found, 7)
    set_aside(found, 8)
    give_up(found, 6, 7)
    assert tool.replay_letters(found, ["t-0-7"], dry_run=False) == 0
    assert function.offsets() == [7], "once, however many copies there are"
    assert visible(found) == 1
    [left] = batches(found)
    assert [record["offset"] for record in json.loads(left["payload"])["records"]["t-0"]] == [6]
    assert left["requestContext"]["condition"] == "RetryAttemptsExhausted"


def test_what_is_going_to_be_replayed_is_shown_before_it_is(
    found: Places, function: Function, capsys: pytest.CaptureFixture[str]
) -> None:
    shown: list[str] = []

    def notes_what_was_shown(_: Record) -> Any:
        shown.append(capsys.readouterr().out)
        return NOTHING_FAILED

    function.reacts = notes_what_was_shown
    set_aside(found, 7)
    set_aside(found, 8)
    assert tool.replay_letters(found, None, dry_run=False) == 0
    assert [id_ for id_ in ("t-0-7", "t-0-8") if id_ in shown[0]] == ["t-0-7", "t-0-8"]


def test_all_are_replayed_in_the_order_of_the_topic(found: Places, function: Function) -> None:
    for offset in (9, 2, 5):
        set_aside(found, offset)
    give_up(found, 3, 4)
    assert tool.replay_letters(found, None, dry_run=False) == 0
    assert function.offsets() == [2, 3, 4, 5, 9]
    assert (visible(found), batches(found)) == (0, [])


@pytest.mark.parametrize(
    "reacts",
    [
        does_not_get_done,
        lambda record: int("no number"),
        lambda record: None,
        lambda record: "ok",
        lambda record: {"batchItemFailures": None},
    ],
    ids=["named", "fails", "null", "text", "no list"],
)
def test_what_did_not_go_through_stays_for_everybody_to_see(
    found: Places, function: Function, reacts: Callable[[Record], Any], capsys: pytest.CaptureFixture[str]
) -> None:
    set_aside(found, 7)
    give_up(found, 3, 4)
    function.reacts = lambda record: NOTHING_FAILED if record.offset == 4 else reacts(record)
    assert tool.replay_letters(found, None, dry_run=False) == 1
    assert visible(found) == 1
    [left] = batches(found)
    assert [record["offset"] for record in json.loads(left["payload"])["records"]["t-0"]] == [3]
    output = capsys.readouterr()
    assert "1 of 3 went through." in output.out
    assert output.err.count("stays, NotifyFunction") == 2


def test_a_dry_run_says_what_would_be_done_and_does_nothing(
    found: Places, function: Function, capsys: pytest.CaptureFixture[str]
) -> None:
    set_aside(found, 7)
    give_up(found, 3)
    before = batches(found)
    assert tool.replay_letters(found, None, dry_run=True) == 0
    assert function.records == []
    assert (visible(found), batches(found)) == (1, before)
    assert "Nothing was changed." in capsys.readouterr().out


def test_what_the_function_sets_aside_again_is_not_called_delivered(
    found: Places, function: Function, capsys: pytest.CaptureFixture[str]
) -> None:
    set_aside(found, 7)
    function.reacts = lambda record: set_aside_as_it_came(found, record)
    assert tool.replay_letters(found, None, dry_run=False) == 1
    assert "t-0-7: was set aside again, still not JSON" in capsys.readouterr().err
    assert visible(found) == 1


def test_a_record_too_large_for_the_queue_stays_and_says_where_it_is(
    found: Places, function: Function, capsys: pytest.CaptureFixture[str]
) -> None:
    set_aside(found, 7, size=LARGEST_BODY)
    assert tool.replay_letters(found, None, dry_run=False) == 1
    assert function.records == []
    assert visible(found) == 1
    assert "too large for the queue: Kafka has it, topic t, partition 0, offset 7" in capsys.readouterr().err


def test_a_copy_with_its_payload_is_replayed_where_another_has_none(found: Places, function: Function) -> None:
    set_aside(found, 7, size=LARGEST_BODY)
    give_up(found, 7)
    assert tool.replay_letters(found, None, dry_run=False) == 0
    assert function.offsets() == [7]
    assert (visible(found), batches(found)) == (0, [])


def test_an_id_that_is_unknown_is_named_before_anything_is_done(found: Places, function: Function) -> None:
    set_aside(found, 7)
    with pytest.raises(tool.UnknownLetterError, match="No dead letter has the id t-0-9"):
        tool.replay_letters(found, ["t-0-7", "t-0-9"], dry_run=False)
    assert function.records == []
    assert visible(found) == 1


def test_what_is_no_dead_letter_is_told_and_left_alone(found: Places, capsys: pytest.CaptureFixture[str]) -> None:
    found.sqs.send_message(QueueUrl=found.queue_url, MessageBody="hello")
    found.s3.put_object(Bucket=found.bucket, Key="aws/lambda/hello", Body=b"hello")
    found.s3.put_object(Bucket=found.bucket, Key="aws/lambda/list", Body=b"[]")
    found.s3.put_object(Bucket=found.bucket, Key="elsewhere", Body=b"hello")
    set_aside(found, 7)
    assert tool.replay_letters(found, None, dry_run=False) == 0
    told = capsys.readouterr().err.splitlines()
    assert [line.rpartition(": ")[2] for line in told] == ["left as it is."] * 3
    assert visible(found) == 1
    assert len(found.s3.list_objects_v2(Bucket=found.bucket)["Contents"]) == 3


def test_an_error_gives_back_what_was_received(found: Places) -> None:
    set_aside(found, 7)
    with pytest.raises(found.s3.exceptions.NoSuchBucket):
        tool.list_letters(replace(found, bucket="gone"))
    assert visible(found) == 1


@pytest.mark.parametrize("arguments", [["replay"], ["replay", "--all", "t-0-7"], [], ["mend"]])
def test_a_command_line_that_says_too_little_or_too_much_is_refused(arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as raised:
        tool.main(arguments)
    assert raised.value.code == 2


def test_without_a_stack_it_says_how_to_start_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert tool.main(["list", "--data", str(tmp_path)]) == 1
    assert "start it with `make run`" in capsys.readouterr().err


TEMPLATE = {
    "Resources": {
        "DeadLetterQueue": {"Type": "AWS::SQS::Queue"},
        "DeadLetterBucket": {"Type": "AWS::S3::Bucket"},
        "NotifyFunction": {
            "Type": "AWS::Lambda::Function",
            "Properties": {
                "Runtime": "python3.13",
                "Handler": "app.handler",
                "Role": "arn:aws:iam::123456789012:role/notify",
                "Code": {"ZipFile": "def handler(event, context): pass"},
            },
        },
    }
}


@pytest.fixture
def deployed(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[dict[str, Any]], None]]:
    """Deploys a template as the stack `shop`."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "nobody")
    with mock_aws(config={"lambda": {"use_docker": False}, "iam": {"load_aws_managed_policies": False}}):
        boto3.client("iam", region_name=REGION).create_role(RoleName="notify", AssumeRolePolicyDocument="{}")
        cloudformation = boto3.client("cloudformation", region_name=REGION)
        yield lambda template: cloudformation.create_stack(StackName="shop", TemplateBody=json.dumps(template))


def test_a_stack_in_aws_is_found_by_its_name(deployed: Callable[[dict[str, Any]], None]) -> None:
    deployed(TEMPLATE)
    found = places_module.deployed("shop", region=REGION)
    assert found.functions.get_function(FunctionName=found.function)["Configuration"]["Runtime"] == "python3.13"
    set_aside(found, 7)
    give_up(found, 3)
    assert tool.main(["list", "--stack", "shop", "--region", REGION]) == 0


def test_a_stack_that_is_not_there_or_not_ours_says_so(deployed: Callable[[dict[str, Any]], None]) -> None:
    with pytest.raises(PlacesError, match=r"The stack shop cannot be looked up: .*shop does not exist"):
        places_module.deployed("shop", region=REGION)
    deployed({"Resources": {"DeadLetterQueue": {"Type": "AWS::SQS::Queue"}}})
    with pytest.raises(PlacesError, match="shop has no DeadLetterBucket and no NotifyFunction: is it one of"):
        places_module.deployed("shop", region=REGION)


def test_what_aws_says_is_told_in_words(
    deployed: Callable[[dict[str, Any]], None], capsys: pytest.CaptureFixture[str]
) -> None:
    deployed(TEMPLATE)
    found = places_module.deployed("shop", region=REGION)
    found.s3.delete_bucket(Bucket=found.bucket)
    assert tool.main(["list", "--stack", "shop", "--region", REGION]) == 1
    assert "AWS has not done what it was asked to: " in capsys.readouterr().err


def test_a_stack_without_functions_cannot_replay_and_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _endpoints(tmp_path, functions=None)
    assert tool.main(["list", "--data", str(tmp_path)]) == 1
    assert "runs without functions: start it with `make run`" in capsys.readouterr().err


def test_a_template_without_dead_letters_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _endpoints(tmp_path, functions="http://127.0.0.1:1")
    template = tmp_path / "template.yaml"
    template.write_text("Resources: {DeadLetterQueue: {Type: AWS::SQS::Queue}}")
    assert tool.main(["list", "--data", str(tmp_path), "--template", str(template)]) == 1
    assert capsys.readouterr().err == f"{template} declares no DeadLetterBucket.\n"


def _endpoints(data: Path, *, functions: str | None) -> None:
    """Write down where a stack is that does not run."""
    nowhere = "http://127.0.0.1:1"
    Endpoints(api=None, lambda_=functions, console=nowhere, aws=nowhere, dynamodb=nowhere, kafka="127.0.0.1:1").write(
        data
    )
