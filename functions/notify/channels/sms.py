"""Text messages by SNS, and the meaning of SNS's errors for them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from functions.notify.aws_clients import error_code
from functions.notify.channels.provider_errors import message_id, send_error_type
from functions.notify.domain.send_errors import RefusedError, SendError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mypy_boto3_sns.type_defs import MessageAttributeValueTypeDef

    from functions.notify.aws_clients import MessageId

# By the code of SNS's answer; provider_errors.py has those of all services and of the connection:
# https://docs.aws.amazon.com/sns/latest/api/API_Publish.html
SNS_ERRORS: dict[str, type[SendError]] = {
    "InvalidParameter": RefusedError,
    "InvalidParameterValue": RefusedError,
    "ParameterValueInvalid": RefusedError,
}


class SnsClient(Protocol):
    """The part of SNS's client that sends a text message."""

    def publish(
        self,
        *,
        PhoneNumber: str,  # noqa: N803
        Message: str,  # noqa: N803
        MessageAttributes: Mapping[str, MessageAttributeValueTypeDef],  # noqa: N803
    ) -> MessageId:
        """Send a text message."""
        ...


@dataclass(frozen=True, kw_only=True)
class SmsSender:
    """Sender of text messages. The client must have the configuration aws_clients.NO_RETRY_CONFIG."""

    client: SnsClient
    sender_id: str = ""

    def send(self, text: str, *, to: str) -> str:
        """Send a text message to a number in E.164 and return its SNS id.

        SNS also takes messages to numbers that have opted out, and drops them. Raises SendError.
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
        except Exception as error:
            if send_error := send_error_type(error, SNS_ERRORS):
                raise send_error(error_code(error)) from error
            raise
        return message_id(answer)
