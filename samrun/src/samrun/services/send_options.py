"""Options of a request that sends a mail or a text message: what the local AWS leaves out, and the console shows.

They are in the body of the request: a form of the query APIs of SES and SNS, or the JSON of SES's second version.
"""

import io
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from samrun.trace_ids import parent_in

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

_SERVICES = ("/ses/", "/sns/")
_SENDER_ID = "AWS.SNS.SMS.SenderID"
_MAX_FIELDS = 10_000


@dataclass(frozen=True, kw_only=True)
class SendOptions:
    """Options of one request: SES's configuration set and tags of the mail, and SNS's sender of a text message.

    `invocation` is the segment of the invocation that made the request, as its trace header says (`trace_ids`); empty
    if no function of this stack did.
    """

    configuration_set: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)
    sender_id: str = ""
    invocation: str = ""


def read_send_options(environ: "WSGIEnvironment") -> SendOptions | None:
    """Return the options of a request to SES, or to SNS for a phone number; None for any other request.

    The body can still be read afterwards. One that is not in AWS's form has no options: the local AWS refuses it.
    """
    authorization = environ.get("HTTP_AUTHORIZATION", "")
    if environ["REQUEST_METHOD"] != "POST" or not any(service in authorization for service in _SERVICES):
        return None
    body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    environ["wsgi.input"] = io.BytesIO(body)
    if "/sns/" in authorization and b"PhoneNumber=" not in body:
        return None
    invocation = parent_in(environ.get("HTTP_X_AMZN_TRACE_ID", "")) or ""
    try:
        options = _of_json(json.loads(body)) if body[:1] == b"{" else _of_form(dict(_fields(body)))
    except (ValueError, AttributeError, KeyError, TypeError):
        options = SendOptions()
    return replace(options, invocation=invocation)


def _fields(body: bytes) -> Iterator[tuple[str, str]]:
    yield from parse_qsl(body.decode(), max_num_fields=_MAX_FIELDS)


def _of_json(asked: Mapping[str, Any]) -> SendOptions:
    return SendOptions(
        configuration_set=str(asked.get("ConfigurationSetName") or ""),
        tags={str(tag["Name"]): str(tag["Value"]) for tag in asked.get("EmailTags") or []},
    )


def _of_form(asked: Mapping[str, str]) -> SendOptions:
    attributes = dict(_pairs(asked, "MessageAttributes.entry", "Name", "Value.StringValue"))
    return SendOptions(
        configuration_set=asked.get("ConfigurationSetName", ""),
        tags=dict(_pairs(asked, "Tags.member", "Name", "Value")),
        sender_id=attributes.get(_SENDER_ID, ""),
    )


def _pairs(asked: Mapping[str, str], prefix: str, name: str, value: str) -> Iterator[tuple[str, str]]:
    """Yield the names and values of a list in a form: `prefix.1.name`, `prefix.1.value`, and so on."""
    number = 1
    while f"{prefix}.{number}.{name}" in asked:
        yield asked[f"{prefix}.{number}.{name}"], asked.get(f"{prefix}.{number}.{value}", "")
        number += 1
