"""Sends mails through SES, and tells what an error of SES means for the mail."""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass
from email.headerregistry import Address
from typing import TYPE_CHECKING

import idna
from botocore.exceptions import ClientError

from functions.notify.aws import CALL_ERRORS, name_of
from functions.notify.mime import compose, header_text
from functions.notify.sending import DeferredError, RefusedError, SendError, ThrottledError, meaning_of

if TYPE_CHECKING:
    from mypy_boto3_sesv2 import SESV2Client

    from functions.notify.messages import Message

LOCAL_PART = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}")
UNVERIFIED = re.compile("is not verified|not have authority to send")  # SES's words, and moto's
IDENTITY = re.compile(r"[^\s,;:/<>\"]+")  # of "…: The Shop <orders@shop.example>, arn:…:identity/shop.example"
SPECIALS = re.compile(r'[()<>\[\]:;@\\,"]')


# By the code of SES's answer; those of the connection are every channel's.
MEANINGS: dict[str, type[SendError]] = {
    "TooManyRequestsException": ThrottledError,
    "LimitExceededException": DeferredError,
    "SendingPausedException": DeferredError,
    "AccountSuspendedException": DeferredError,
    "MailFromDomainNotVerifiedException": DeferredError,
    "BadRequestException": RefusedError,
    "MessageRejected": RefusedError,
}


@dataclass(frozen=True, kw_only=True)
class Mailer:
    """Sends mails from one address. The client must be made with aws.SENDS.

    SES tells what becomes of the mails of its `configuration_set`. Answers go to `reply_to`, else to the sender.
    """

    client: SESV2Client
    sender: Address
    configuration_set: str
    reply_to: Address | None = None

    def send(self, message: Message, *, to: str, name: str, tags: dict[str, str]) -> str:
        """Send a mail and return SES's id of it. `tags` come back in SES's events, as `tag_value` wrote them.

        Raises SendError.
        """
        recipient = parse_address(to, name=name)
        mail = compose(
            message,
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
        except CALL_ERRORS as error:
            if mail_error := read_error(error, sender=self.sender):
                raise mail_error from error
            raise
        return answer["MessageId"]


def parse_address(address: str, *, name: str) -> Address:
    """Read a bare address, its domain in whatever script. Raises RefusedError for one that SES cannot mail."""
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
    """Tell what an error of the client means for the mail; None if it is a bug of ours."""
    name, meaning = name_of(error), meaning_of(error, MEANINGS)
    message = error.response["Error"].get("Message", "") if isinstance(error, ClientError) else ""
    if UNVERIFIED.search(message):
        if _names(message, sender):
            return DeferredError(f"{name}: the sender is not verified")
        # Verifying customers one by one is nobody's plan: to wait for it would hold up the partition.
        return RefusedError(f"{name}: the recipient is not verified, as SES's sandbox asks for")
    return meaning(name) if meaning else None


def _names(message: str, sender: Address) -> bool:
    """Tell whether the identities that SES names are the sender's address or domain."""
    named = {identity.rstrip(".").lower() for identity in IDENTITY.findall(message)}
    return not named.isdisjoint({sender.addr_spec.lower(), sender.domain.lower()})


def _display_name(name: str) -> str:
    """Make a name that nobody takes for addresses: some mail programs decode a header before they read it."""
    return header_text(SPECIALS.sub(" ", name))[:100].rstrip()
