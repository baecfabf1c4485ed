"""Copies of a table's changes in a stream of Kinesis."""

import json
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from samrun.streams.table_copy import copy_changes
from support.templates import load_template

CHANGE = {
    "eventID": "e",
    "eventName": "MODIFY",
    "awsRegion": "us-east-1",
    "dynamodb": {
        "ApproximateCreationDateTime": 1700000000.5,
        "Keys": {"id": {"S": "7"}},
        "NewImage": {"id": {"S": "7"}, "n": {"N": "2"}},
        "OldImage": {"id": {"S": "7"}, "n": {"N": "1"}},
        "SequenceNumber": "1",
        "SizeBytes": 20,
        "StreamViewType": "NEW_AND_OLD_IMAGES",
    },
}
EVENT = json.dumps({"Records": [CHANGE]}).encode()


class _Kinesis:
    def __init__(self, *, failed: int = 0, error: ClientError | None = None) -> None:
        self.calls: list[dict[str, Any]] = []
        self._failed = failed
        self._error = error

    def put_records(self, **call: Any) -> dict[str, Any]:
        self.calls.append(call)
        if self._error:
            raise self._error
        return {"FailedRecordCount": self._failed}


def _copy(kinesis: _Kinesis) -> Any:
    return copy_changes("Comments", {"kinesis": kinesis}.__getitem__)("changes", EVENT).result()


def test_change_has_the_form_of_dynamodbs_records_in_kinesis() -> None:
    kinesis = _Kinesis()
    assert _copy(kinesis).function_error is None
    [call] = kinesis.calls
    [record] = call["Records"]
    data = json.loads(record["Data"])
    assert (call["StreamName"], data["tableName"], data["eventName"]) == ("changes", "Comments", "MODIFY")
    assert data["dynamodb"] == {
        "ApproximateCreationDateTime": 1700000000500,
        "ApproximateCreationDateTimePrecision": "MILLISECOND",
        "Keys": {"id": {"S": "7"}},
        "NewImage": {"id": {"S": "7"}, "n": {"N": "2"}},
        "OldImage": {"id": {"S": "7"}, "n": {"N": "1"}},
        "SizeBytes": 20,
    }


def test_changes_of_an_item_have_one_partition_key() -> None:
    kinesis = _Kinesis()
    copy = copy_changes("Comments", {"kinesis": kinesis}.__getitem__)
    other = {**CHANGE, "dynamodb": {**CHANGE["dynamodb"], "Keys": {"id": {"S": "8"}}}}  # type: ignore[dict-item]
    copy("changes", json.dumps({"Records": [CHANGE, other, CHANGE]}).encode())
    first, second, third = [each["PartitionKey"] for each in kinesis.calls[0]["Records"]]
    assert first == third != second


def test_change_that_kinesis_does_not_take_is_retried_as_an_error_of_a_function() -> None:
    error = ClientError({"Error": {"Code": "ResourceNotFoundException", "Message": "no stream"}}, "PutRecords")
    assert "no stream" in _copy(_Kinesis(error=error)).error_message
    assert _copy(_Kinesis(failed=1)).error_type == "FailedRecords"


TABLE = """
  Comments:
    Type: AWS::DynamoDB::Table
    Properties:
      AttributeDefinitions: [{AttributeName: id, AttributeType: S}]
      KeySchema: [{AttributeName: id, KeyType: HASH}]
      BillingMode: PAY_PER_REQUEST
"""


def test_table_is_copied_to_the_stream_of_its_template(tmp_path: Path) -> None:
    resources = f"""{TABLE}      KinesisStreamSpecification: {{StreamArn: !GetAtt Changes.Arn}}
  Changes: {{Type: AWS::Kinesis::Stream, Properties: {{Name: changes, ShardCount: 1}}}}
"""
    application = load_template(tmp_path, resources)
    [copy] = application.table_copies
    assert (copy.name, copy.function, copy.starting_position) == ("Comments", "changes", "TRIM_HORIZON")
    assert application.ignored == ()


def test_stream_of_another_template_is_named(tmp_path: Path) -> None:
    arn = "arn:aws:kinesis:us-east-1:123456789012:stream/other"
    application = load_template(tmp_path, f"{TABLE}      KinesisStreamSpecification: {{StreamArn: '{arn}'}}\n")
    assert application.table_copies == ()
    assert application.ignored == (f"Comments: its changes go to {arn}, which is not a stream of the template",)
