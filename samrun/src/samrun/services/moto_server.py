"""The local AWS: moto in a process of its own (SES, SNS, SQS, S3 and more). It stores what it accepts for people.

Queues and topics are in moto's memory and are lost when it ends. The mails and text messages are files and stay.
"""

import argparse
import logging
import os
import sys
import threading
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import SMTP
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

from samrun.services.mail_store import MailStore
from samrun.services.mailbox import split_mailbox
from samrun.services.send_options import SendOptions, read_send_options
from samrun.services.state_machine_execution import StateMachineMiddleware, run_state_machines
from samrun.services.text_message_store import TextMessageStore
from samrun.services.unknown_service import refuse_unknown_service
from samrun.services.unsupported_operation import refuse_unsupported_operations
from samrun.supervision.browser_guard import BrowserGuard, Pages, WsgiGuardMiddleware
from samrun.supervision.ports import wait_for_port
from samrun.supervision.process import Process
from samrun.supervision.quick_imports import quick_imports

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

# Limits of what moto lists of each kind at /moto-api. A MailCollector fetches the mails from there every 0.3 s.
_MAX_LISTED = 1000
_MAX_LISTED_BYTES = 10_000_000
# Seconds after which a connection on which nothing comes is closed.
_PATIENCE = 120


async def start(
    *,
    port: int,
    addresses: Sequence[str],
    mails: Path,
    text_messages: Path,
    logs: Path,
    lambda_api: str | None = None,
    dynamodb: str | None = None,
) -> Process:
    """Start moto on these addresses of the machine and return at once; `wait_until_ready` waits for it.

    It passes on what state machines ask of Lambda and of DynamoDB: to the URLs `lambda_api` and `dynamodb`.
    """
    command: list[str | Path] = [
        sys.executable,
        "-m",
        "samrun.services.moto_server",
        "--port",
        str(port),
        "--mails",
        mails,
        "--text-messages",
        text_messages,
        "--addresses",
        *addresses,
        *(["--lambda", lambda_api] if lambda_api else []),
        *(["--dynamodb", dynamodb] if dynamodb else []),
    ]
    return await Process.start("the local AWS (moto)", command, log=logs / "aws.log")


async def wait_until_ready(port: int) -> None:
    """Wait until moto accepts connections."""
    await wait_for_port(port)


class MessageStoringMiddleware:
    """Middleware that passes requests to moto, and stores the mails and text messages that moto accepted.

    They are stored before moto's answer is sent. moto keeps a list of everything that it ever made, for its own API and
    for nothing else. Only the newest part of it stays, or its process would grow with each mail and each message of a
    queue.
    """

    def __init__(self, moto: "WSGIApplication", mails: MailStore, text_messages: TextMessageStore) -> None:
        self._moto = moto
        self._mails = mails
        self._text_messages = text_messages
        self._lock = threading.Lock()
        self._requests = 0
        self._listed: deque[Any] = deque()
        self._listed_bytes = 0

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        options = read_send_options(environ)
        if options is None:
            answer = self._moto(environ, start_response)
            with self._lock:
                self._store(SendOptions())
        else:
            with self._lock:  # one after the other, so that each message gets the options of its own request
                self._store(SendOptions())
                answer = self._moto(environ, start_response)
                self._store(options)
        return answer

    def _store(self, options: SendOptions) -> None:
        """Store what moto has accepted since the last call."""
        for region, message in _take_accepted_messages():
            store_mails(message, region, self._mails, options)
            self._shorten_list_of_mails(message)
        for number, text in _take_text_messages():
            now = datetime.now(UTC)
            self._text_messages.add(
                _encodable(text),
                to=number,
                sender_id=options.sender_id,
                invocation=options.invocation,
                created=now,
            )
        self._requests += 1
        if self._requests % _MAX_LISTED == 0:
            _shorten_lists()

    def _shorten_list_of_mails(self, newest: Any) -> None:
        self._listed.append(newest)
        self._listed_bytes += _size(newest)
        while len(self._listed) > 1 and (self._listed_bytes > _MAX_LISTED_BYTES or len(self._listed) > _MAX_LISTED):
            oldest = self._listed.popleft()
            self._listed_bytes -= _size(oldest)
            with suppress(ValueError):  # moto was reset, or it has shortened the list itself
                kind: Any = type(oldest)
                kind.instances_tracked.remove(oldest)


def _size(message: Any) -> int:
    content = (getattr(message, name, None) for name in ("raw_data", "body", "template_data"))
    return len(next((each for each in content if isinstance(each, str | bytes)), ""))


def _shorten_lists() -> None:
    from moto.core.model_instances import model_data

    model: Any
    for models in model_data.values():
        for model in models.values():
            del model.instances_tracked[:-_MAX_LISTED]


def store_mails(message: Any, region: str, store: MailStore, options: SendOptions | None = None) -> None:
    """Store every mail in one of moto's messages; a bulk message has several."""
    options = options or SendOptions()
    sender = split_mailbox(message.source)[1]
    for raw, recipients in _as_mails(message, region):
        store.add(raw, sender=sender, recipients=recipients, created=datetime.now(UTC), options=options)


def _take_accepted_messages() -> Iterator[tuple[str, Any]]:
    """Remove the messages from moto and yield each with its region; moto's own counter stays."""
    from moto.ses.models import ses_backends

    for account in list(ses_backends.values()):
        for region, backend in list(account.items()):
            while backend.sent_messages:
                yield region, backend.sent_messages.pop(0)


def _take_text_messages() -> Iterator[tuple[str, str]]:
    """Remove the text messages from moto and yield the phone number and the text of each."""
    from moto.sns.models import sns_backends

    for account in list(sns_backends.values()):
        for backend in list(account.values()):
            while backend.sms_messages:
                identifier, (number, text) = next(iter(backend.sms_messages.items()))
                del backend.sms_messages[identifier]
                backend.sms_message_objects.pop(identifier, None)
                yield number, text


def _as_mails(message: Any, region: str) -> Iterator[tuple[bytes, list[str]]]:
    """Yield each mail of one of moto's messages (raw, simple or templated) as MIME, with its recipients."""
    # SES adds this header too; a mail client needs it to tell mails apart.
    identifier = f"Message-ID: <{message.id}@{region}.amazonses.com>\r\n".encode()
    if hasattr(message, "raw_data"):
        # moto adds the recipients in the To header, with their names, to the recipients of the request.
        recipients = list(dict.fromkeys(split_mailbox(address)[1] for address in message.destinations))
        yield identifier + message.raw_data.encode(errors="replace"), recipients
        return
    for destination, subject, body in _contents(message):
        recipients = [split_mailbox(address)[1] for address in chain.from_iterable(destination.values())]
        yield identifier + _composed(message.source, destination, subject, body), recipients


def _contents(message: Any) -> Iterator[tuple[Mapping[str, Sequence[str]], str, str]]:
    """Yield destination, subject and body of each mail of a message that is not raw."""
    if not hasattr(message, "template"):
        yield message.destinations, message.subject, message.body
        return
    is_bulk = isinstance(message.destinations, list)
    for each in message.destinations if is_bulk else [{"Destination": message.destinations}]:
        data = each.get("ReplacementTemplateData") or message.template_data
        text = f"SES would fill in the template {message.template}; the local AWS does not. Its data:\n\n{data}\n"
        yield each["Destination"], f"The template {message.template}", text


def _composed(source: str, destination: Mapping[str, Sequence[str]], subject: str, body: str) -> bytes:
    headers = {"From": source}
    headers |= {
        header: ", ".join(addresses) for header in ("To", "Cc") if (addresses := destination.get(f"{header}Addresses"))
    }
    headers["Subject"] = subject
    headers = {name: " ".join(_encodable(value).split()) for name, value in headers.items()}  # a header has one line
    kind, body = "html" if body.lstrip().startswith("<") else "plain", _encodable(body)
    try:
        return _as_mime(headers, body, kind)
    except Exception:  # noqa: BLE001 - Python cannot write every text that moto accepts as an address
        head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        return f"{head}Content-Type: text/{kind}; charset=utf-8\r\n\r\n{body}".encode()


def _as_mime(headers: Mapping[str, str], body: str, kind: str) -> bytes:
    mail = EmailMessage(policy=SMTP)
    for name, value in headers.items():
        mail[name] = value
    mail.set_content(body, subtype=kind)
    return mail.as_bytes()


def _encodable(text: str) -> str:
    """Return the text without half surrogate pairs: JSON can hold them, a mail cannot."""
    return text.encode(errors="replace").decode()


def _main() -> None:
    with quick_imports():
        from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
        from werkzeug.serving import WSGIRequestHandler, make_server

    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--mails", type=Path, required=True)
    parser.add_argument("--text-messages", type=Path, required=True)
    parser.add_argument("--addresses", nargs="+", required=True)
    parser.add_argument("--lambda", dest="lambda_api")
    parser.add_argument("--dynamodb")
    options = parser.parse_args()

    run_state_machines(port=options.port)
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    # SQS purges a queue once a minute; the reset of a stack purges all of them, between two tests.
    os.environ["MOTO_SQS_ENFORCE_STRICT_QUEUE_PURGE_BEHAVIOUR"] = "false"
    WSGIRequestHandler.protocol_version = "HTTP/1.1"  # so that clients can reuse their connections
    WSGIRequestHandler.timeout = _PATIENCE  # each connection has a thread

    def create_app(service: Any) -> Any:
        if not service:
            return refuse_unknown_service
        app = create_backend_app(service)
        refuse_unsupported_operations(app, service)
        return app

    moto = DomainDispatcherApplication(create_app)
    storing = MessageStoringMiddleware(
        StateMachineMiddleware(moto, lambda_api=options.lambda_api, dynamodb=options.dynamodb),
        MailStore(options.mails),
        TextMessageStore(options.text_messages),
    )
    # moto's own API has every mail and every secret, and can reset everything.
    guard = BrowserGuard(pages=Pages.READERS, addresses=options.addresses, closed=("/moto-api",))
    guarded = WsgiGuardMiddleware(storing, guard)
    servers = [make_server(address, options.port, guarded, threaded=True) for address in options.addresses]
    threads = [threading.Thread(target=server.serve_forever) for server in servers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


if __name__ == "__main__":
    _main()
