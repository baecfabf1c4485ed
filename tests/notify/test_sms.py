"""Text messages as SNS gets them, and the meaning of its errors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError, ConnectTimeoutError, ParamValidationError, ReadTimeoutError

from functions.notify.aws_clients import error_code
from functions.notify.channels.sms import SNS_ERRORS, SmsSender
from functions.notify.domain.send_errors import (
    AnswerLostError,
    DeferredError,
    RefusedError,
    SendError,
    ThrottledError,
    UnlistedRefusalError,
)

if TYPE_CHECKING:
    from tests.notify.fakes import FakeSns


def refusal(code: str, status: int = 400) -> ClientError:
    answer: Any = {
        "Error": {"Code": code, "Message": "to +14155550100"},
        "ResponseMetadata": {"HTTPStatusCode": status},
    }
    return ClientError(answer, "Publish")


ERRORS: list[tuple[Exception, type[SendError]]] = [
    (refusal("Throttled", 429), ThrottledError),
    (refusal("ThrottledException", 429), ThrottledError),
    (refusal("Throttling", 400), ThrottledError),
    (refusal("InvalidParameter"), RefusedError),
    (refusal("InvalidParameterValue"), RefusedError),
    (refusal("ParameterValueInvalid"), RefusedError),
    (refusal("ValidationException"), RefusedError),
    (refusal("NewInThisYear"), UnlistedRefusalError),
    (refusal("InternalError", 500), DeferredError),
    (refusal("AuthorizationError", 403), DeferredError),
    (ConnectTimeoutError(endpoint_url=""), DeferredError),
    (ReadTimeoutError(endpoint_url=""), AnswerLostError),
]


def test_a_text_message_goes_out_as_transactional(sns: FakeSns) -> None:
    assert SmsSender(client=sns).send("Thank you.", to="+14155550100") == "text-1"
    assert sns.sent == [
        {
            "PhoneNumber": "+14155550100",
            "Message": "Thank you.",
            "MessageAttributes": {
                "AWS.SNS.SMS.SMSType": {"DataType": "String", "StringValue": "Transactional"},
            },
        }
    ]


def test_a_text_message_names_its_sender_id_if_there_is_one(sns: FakeSns) -> None:
    SmsSender(client=sns, sender_id="Bookshop").send("Thank you.", to="+14155550100")
    attributes = sns.sent[0]["MessageAttributes"]
    assert attributes["AWS.SNS.SMS.SenderID"] == {"DataType": "String", "StringValue": "Bookshop"}


@pytest.mark.parametrize(("error", "meaning"), ERRORS, ids=str)
def test_each_error_of_sns_has_its_meaning(sns: FakeSns, error: Exception, meaning: type[SendError]) -> None:
    sns.answers = [error]
    with pytest.raises(SendError) as raised:
        SmsSender(client=sns).send("Thank you.", to="+14155550100")
    assert type(raised.value) is meaning
    assert "+1415" not in str(raised.value)


def test_every_error_of_the_table_has_a_test() -> None:
    assert SNS_ERRORS.keys() <= {error_code(error) for error, _ in ERRORS}


def test_a_bug_of_ours_is_not_a_send_error(sns: FakeSns) -> None:
    sns.answers = [ParamValidationError(report="")]
    with pytest.raises(ParamValidationError):
        SmsSender(client=sns).send("Thank you.", to="+14155550100")
