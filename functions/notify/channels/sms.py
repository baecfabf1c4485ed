"""Sends text messages through SNS, and tells what an error of SNS means for the message."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from functions.notify.aws import CALL_ERRORS, name_of
from functions.notify.sending import RefusedError, SendError, ThrottledError, meaning_of

if TYPE_CHECKING:
    from mypy_boto3_sns import SNSClient

# By the code of SNS's answer: https://docs.aws.amazon.com/sns/latest/api/API_Publish.html
MEANINGS: dict[str, type[SendError]] = {
    "Throttled": ThrottledError,
    "ThrottledException": ThrottledError,
    "Throttling": ThrottledError,
    "InvalidParameter": RefusedError,
    "InvalidParameterValue": RefusedError,
    "ParameterValueInvalid": RefusedError,
    "ValidationException": RefusedError,
}


@dataclass(frozen=True, kw_only=True)
class Texter:
    """Sends text messages. The client must be made with aws.SENDS."""

    client: SNSClient
    sender_id: str = ""

    def send(self, text: str, *, to: str) -> str:
        """Send a text message to a number in E.164 and return SNS's id of it.

        SNS takes messages to numbers that have opted out, too, and drops them. Raises SendError.
        """
        attributes = {"AWS.SNS.SMS.SMSType": "Transactional"}
        if self.sender_id:
            attributes["AWS.SNS.SMS.SenderID"] = self.sender_id
        try:
            answer = self.client.publish(
                PhoneNumber=to,
                Message=text,
                MessageAttributes={
                    name: {"DataType": "String", "StringValue": value} for name, value in attributes.items()
                },
            )
        except CALL_ERRORS as error:
            if meaning := meaning_of(error, MEANINGS):
                raise meaning(name_of(error)) from error
            raise
        return answer["MessageId"]
