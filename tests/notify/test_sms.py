"""Text messages as SNS gets them, and what its errors mean."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import pytest
from botocore.exceptions import ClientError, ConnectTimeoutError, ParamValidationError, ReadTimeoutError

from functions.notify.aws import name_of
from functions.notify.sending import AnswerLostError, DeferredError, RefusedError, SendError, ThrottledError
from functions.notify.texter import MEANINGS, Texter

if TYPE_CHECKING:
    from mypy_boto3_sns import SNSClient

    from tests.notify.conftest import FakeSns


def texter(sns: FakeSns, **options: Any) -> Texter:
    return Texter(client=cast("SNSClient", sns), **options)


def refusal(code: str, status: int = 400) -> ClientError:
    answer: Any = {
        "Error": {"Code": code, "Message": "to +14155550100"},
        "ResponseMetadata": {"HTTPStatusCode": status},
    }
    return ClientError(answer, "Publish")


def test_a_text_message_goes_out_as_transactional(sns: FakeSns) -> None:
    assert texter(sns).send("Thank you.", to="+14155550100") == "text-1"
    assert sns.sent == [
        {
            "PhoneNumber": "+14155550100",
            "Message": "Thank you.",
            "MessageAttributes": {
                "AWS.SNS.SMS.SMSType": {"DataType": "String", "StringValue": "Transactional"},
            },
        }
    ]


def test_it_names_its_sender_where_there_is_one(sns: FakeSns) -> None:
    texter(sns, sender_id="Bookshop").send("Thank you.", to="+14155550100")
    attributes = sns.sent[0]["MessageAttributes"]
    assert attributes["AWS.SNS.SMS.SenderID"] == {"DataType": "String", "StringValue": "Bookshop"}


@pytest.mark.parametrize(
    ("error", "meaning"),
    [
        (refusal("Throttled", 429), ThrottledError),
        (refusal("ThrottledException", 429), ThrottledError),
        (refusal("Throttling", 400), ThrottledError),
        (refusal("InvalidParameter"), RefusedError),
        (refusal("InvalidParameterValue"), RefusedError),
        (refusal("ParameterValueInvalid"), RefusedError),
        (refusal("ValidationException"), RefusedError),
        (refusal("InternalError", 500), DeferredError),
        (refusal("AuthorizationError", 403), DeferredError),
        (ConnectTimeoutError(endpoint_url=""), DeferredError),
        (ReadTimeoutError(endpoint_url=""), AnswerLostError),
    ],
    ids=str,
)
def test_what_an_error_means(sns: FakeSns, error: Exception, meaning: type[SendError]) -> None:
    sns.answers = [error]
    with pytest.raises(SendError) as raised:
        texter(sns).send("Thank you.", to="+14155550100")
    assert type(raised.value) is meaning
    assert "+1415" not in str(raised.value)


def test_every_line_of_the_table_has_a_test() -> None:
    lines = cast("Any", test_what_an_error_means).pytestmark[0].args[1]
    assert MEANINGS.keys() <= {name_of(error) for error, _ in lines}


def test_a_bug_of_ours_is_no_error_of_sns(sns: FakeSns) -> None:
    sns.answers = [ParamValidationError(report="")]
    with pytest.raises(ParamValidationError):
        texter(sns).send("Thank you.", to="+14155550100")
