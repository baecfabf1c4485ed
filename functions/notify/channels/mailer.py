"""Mails by SES, and the meaning of SES's errors for them."""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass
from email.headerregistry import Address
from typing import TYPE_CHECKING, Protocol

import idna
from botocore.exceptions import ClientError

from functions.notify.aws_clients import error_code
from functions.notify.channels.mime import compose, header_text
from functions.notify.channels.provider_errors import message_id, send_error_type
from functions.notify.domain.send_errors import DeferredError, RefusedError, SendError, ThrottledError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from mypy_boto3_sesv2.type_defs import DestinationTypeDef, EmailContentTypeDef, MessageTagTypeDef

    from functions.notify.aws_clients import MessageId
    from functions.notify.messages.messages import Message

# No "=?": it begins an encoded word, and what some programs decode from it may hold line breaks.
LOCAL_PART = re.compile(r"(?![^@]*=\?)[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}")
UNVERIFIED = re.compile("is not verified|not have authority to send")  # SES's words, and moto's
IDENTITY = re.compile(r"[^\s,;:/<>\"]+")  # of "…: The Shop <orders@shop.example>, arn:…:identity/shop.example"
SPECIALS = re.compile(r'[()<>\[\]:;@\\,"]')


# By the code of SES's answer; provider_errors.py has those of all services and of the connection:
# https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_SendEmail.html
SES_ERRORS: dict[str, type[SendError]] = {
    "TooManyRequestsException": ThrottledError,
    "LimitExceededException": DeferredError,  # the quota of a day
    "SendingPausedException": DeferredError,
    "AccountSuspendedException": DeferredError,
    "MailFromDomainNotVerifiedException": DeferredError,
    "NotFoundException": DeferredError,  # the configuration set
    "BadRequestException": RefusedError,
    "MessageRejected": RefusedError,
}


class SesClient(Protocol):
    """The part of SES's client that sends a mail."""

    def send_email(
        self,
        *,
        FromEmailAddress: str,  # noqa: N803
        Destination: DestinationTypeDef,  # noqa: N803
        Content: EmailContentTypeDef,  # noqa: N803
        ConfigurationSetName: str,  # noqa: N803
        EmailTags: Sequence[MessageTagTypeDef],  # noqa: N803
    ) -> MessageId:
        """Send a mail."""
        ...


@dataclass(frozen=True, kw_only=True)
class Mailer:
    """Sender of mails from one address. The client must have the configuration aws_clients.NO_RETRY_CONFIG.

    SES publishes events about mails that use `configuration_set`. Replies go to `reply_to`, or else to the sender.
    `clock` gives the time in UTC.
    """

    client: SesClient
    sender: Address
    configuration_set: str
    clock: Callable[[], datetime]
    reply_to: Address | None = None

    def send(self, message: Message, *, to: str, name: str, tags: dict[str, str]) -> str:
        """Send a mail and return its SES id. SES's events about it have the `tags`, as `tag_value` writes them.

        Raises SendError.
        """
        recipient = parse_address(to, name=name)
        mail = compose(
            message,
            date=self.clock(),
            sender=self.sender,
            recipient=recipient,
            reply_to=self.reply_to,
            notification_id=tags["notification_id"],
        )
        try:
            answer = self.client.send_email(
                FromEmailAddress=self.sender.addr_spec,
                Destination={"ToAddresses": [recipient.addr_spec]},
                Content={"Raw": {"Data": mail}},
                ConfigurationSetName=self.configuration_set,
                EmailTags=[{"Name": tag, "Value": tag_value(value)} for tag, value in tags.items()],
            )
        except Exception as error:
            if mail_error := read_error(error, sender=self.sender):
                raise mail_error from error
            raise
        return message_id(answer)


def parse_address(address: str, *, name: str) -> Address:
    """Parse a bare address; its domain may be in any script. Raises RefusedError for one that SES cannot mail."""
    local_part, _, domain = address.rpartition("@")
    if not LOCAL_PART.fullmatch(local_part):
        raise RefusedError("the part of the address before the @ is not one that SES takes")
    try:
        ascii_domain = idna.encode(domain, uts46=True).decode()
    except UnicodeError:  # idna's errors are that
        raise RefusedError("the domain of the address is not one of the internet") from None
    return Address(_display_name(name), local_part, ascii_domain)


def tag_value(text: str) -> str:
    """Write any text in the alphabet of SES's tags: base64url without padding."""
    return base64.urlsafe_b64encode(text.encode()).rstrip(b"=").decode()


def read_error(error: Exception, *, sender: Address) -> SendError | None:
    """Return the SendError that an error of the client stands for; None if it is a bug of ours."""
    code, send_error = error_code(error), send_error_type(error, SES_ERRORS)
    message = error.response.get("Error", {}).get("Message", "") if isinstance(error, ClientError) else ""
    if UNVERIFIED.search(message):
        if _names(message, sender):
            return DeferredError(f"{code}: the sender is not verified")
        # Nobody verifies customers one by one: to wait for it would hold up the partition.
        return RefusedError(f"{code}: the recipient is not verified, as SES's sandbox asks for")
    return send_error(code) if send_error else None


def _names(message: str, sender: Address) -> bool:
    """Tell whether the identities that SES names are the sender's address or domain."""
    named = {identity.rstrip(".").lower() for identity in IDENTITY.findall(message)}
    return not named.isdisjoint({sender.addr_spec.lower(), sender.domain.lower()})


def _display_name(name: str) -> str:
    """Make a name that is not read as an address: some mail programs decode a header before they parse it."""
    return header_text(SPECIALS.sub(" ", name))[:100].rstrip()
