"""Mail that a test puts into the inbox: the JSON of Mailpit's `POST /api/v1/send`, as a message in MIME."""

import base64
import binascii
import mimetypes
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import make_msgid
from typing import Any

from samrun.errors import SamrunError
from samrun.services.mail_store import MailStore

_OWN_HEADERS = {
    *("bcc", "cc", "content-disposition", "content-transfer-encoding", "content-type", "date", "from", "mime-version"),
    *("reply-to", "subject", "to", "x-tags"),
}


class ComposedMailError(SamrunError):
    """The JSON describes no mail; the message says which part of it."""


@dataclass(frozen=True, kw_only=True)
class ComposedMail:
    """A message, and the addresses of its envelope."""

    message: EmailMessage
    sender: str
    recipients: Sequence[str]

    def add_to(self, store: MailStore) -> str:
        """Store the mail as if SES had accepted it now, and return its id."""
        now = datetime.now(UTC)
        return store.add(bytes(self.message), sender=self.sender, recipients=self.recipients, created=now)


def composed_mail(content: Mapping[str, Any]) -> ComposedMail:
    """Return the mail that the JSON describes; its names are in lower case. Raises ComposedMailError."""
    try:
        return _composed(content)
    except (AttributeError, KeyError, TypeError, ValueError, LookupError) as error:
        raise ComposedMailError(f"this is no mail: {error!r}") from error


def _composed(content: Mapping[str, Any]) -> ComposedMail:
    message = EmailMessage(policy=SMTP)
    [sender] = _addresses("From", [content.get("from") or {}])
    fields = {name: _addresses(name, content.get(name.lower().replace("-", "")) or []) for name in ("To", "Cc")}
    message["From"] = sender
    for name, found in (*fields.items(), ("Reply-To", _addresses("Reply-To", content.get("replyto") or []))):
        if found:
            message[name] = found
    message["Subject"] = " ".join(str(content.get("subject") or "").split())
    message["Date"] = datetime.now(UTC)
    message["Message-ID"] = make_msgid(domain="samrun.local")
    if tags := content.get("tags"):
        message["X-Tags"] = ", ".join(tags)
    for name, value in (content.get("headers") or {}).items():
        if name.lower() in _OWN_HEADERS:
            raise ComposedMailError(f'cannot overwrite header: "{name}"')
        message[name] = value
    _set_content(message, content)
    hidden = _addresses("Bcc", [{"Email": each} for each in content.get("bcc") or []])
    recipients = [each.addr_spec for each in (*fields["To"], *fields["Cc"], *hidden)]
    return ComposedMail(message=message, sender=sender.addr_spec, recipients=recipients)


def _addresses(field: str, boxes: Sequence[Mapping[str, Any]]) -> list[Address]:
    return [_address(field, {name.lower(): value for name, value in box.items()}) for box in boxes]


def _address(field: str, box: Mapping[str, Any]) -> Address:
    address = str(box.get("email") or "")
    try:
        return Address(display_name=str(box.get("name") or ""), addr_spec=address)
    except (ValueError, IndexError, LookupError) as error:
        raise ComposedMailError(f"invalid {field} address: {address}") from error


def _set_content(message: EmailMessage, content: Mapping[str, Any]) -> None:
    message.set_content(str(content.get("text") or ""))
    attachments = list(_attachments(content.get("attachments") or []))
    if html := content.get("html"):
        message.add_alternative(str(html), subtype="html")
        for data, kind, name, identifier in attachments:
            if identifier:
                maintype, _, subtype = kind.partition("/")
                shown = message.get_payload()[1]  # type: ignore[index]
                shown.add_related(data, maintype, subtype, disposition="inline", cid=f"<{identifier}>", filename=name)  # type: ignore[union-attr]
    for data, kind, name, identifier in attachments:
        if not (html and identifier):
            maintype, _, subtype = kind.partition("/")
            message.add_attachment(data, maintype, subtype or "octet-stream", filename=name)


def _attachments(files: Sequence[Mapping[str, Any]]) -> Iterator[tuple[bytes, str, str, str]]:
    """Yield the content, the type, the name and the Content-ID of each."""
    for each in files:
        file = {name.lower(): value for name, value in each.items()}
        name = str(file.get("filename") or "")
        try:
            # A browser's data: URL has its type before the comma.
            data = base64.b64decode(str(file.get("content") or "").rpartition(",")[2], validate=True)
        except binascii.Error as error:
            raise ComposedMailError(f'error decoding base64 attachment "{name}": {error}') from error
        kind = str(file.get("contenttype") or "") or mimetypes.guess_type(name)[0] or "application/octet-stream"
        yield data, kind, name, str(file.get("contentid") or "")
