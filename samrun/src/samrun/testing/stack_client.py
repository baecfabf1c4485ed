"""Client of a stack that runs: what a test sends to it, waits for, and finds in it."""

import json
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any, TypeVar
from urllib.parse import quote

import httpx
from confluent_kafka import KafkaException, Producer

from samrun.administration.group_admin import GroupAdmin
from samrun.administration.kafka_connection import KafkaConnection
from samrun.administration.offset_choice import LATEST
from samrun.administration.partition_offsets import chosen_offsets
from samrun.errors import SamrunError
from samrun.functions.disturbances import Kind
from samrun.mapping.records import KafkaRecord
from samrun.mapping.topic_reader import TopicReader
from samrun.oidc.issuer import Issuer
from samrun.testing.aws import client
from samrun.testing.broker import read_all
from samrun.testing.completed_invocation import CompletedInvocation
from samrun.testing.dynamodb import scan
from samrun.testing.received_mail import ReceivedMail
from samrun.testing.received_message import ReceivedMessage
from samrun.testing.received_text_message import ReceivedTextMessage
from samrun.testing.waiting import PATIENCE, eventually

_T = TypeVar("_T")
_TIMEOUT = 30.0  # seconds
_NEW_TOPIC_PATIENCE = 2000  # milliseconds, for a topic that the broker does not know yet
_ANY_PARTITION = -1  # the client chooses one, by the key if there is one
_MAX_MESSAGES = 10  # of one call of SQS
# Options of botocore: else it would invoke a slow function again after a minute. A function has 15 minutes at most.
_INVOKES_ONCE = {"read_timeout": 16 * 60, "retries": {"total_max_attempts": 1}}
# The stack closes connections that were idle for five seconds. One that is almost as old may close under a request.
_LIMITS = httpx.Limits(keepalive_expiry=2)


class WaitError(SamrunError, AssertionError):
    """A test waited in vain. The message has what the stack has printed since the last reset."""


class UnknownNameError(SamrunError, AssertionError):
    """The stack has nothing of this name. The message has the names that there are."""

    def __init__(self, kind: str, name: str, known: Iterable[str]) -> None:
        super().__init__(f"the stack has no {kind} {name!r}; it has {', '.join(sorted(known)) or 'none'}")


class StackClient(ABC):
    """Client of the stack with these endpoints.

    Methods that wait do so for `patience` seconds, if they are given no other number, and then raise WaitError. Those
    with the name of a function, topic, table or queue raise UnknownNameError if there is none.
    """

    patience = PATIENCE
    endpoints: Mapping[str, str]
    _issuer: Issuer
    _since = 0
    _earlier_text_messages: frozenset[str] = frozenset()

    @abstractmethod
    def timeline(self) -> str:
        """Return what the stack has printed since the last reset: requests, batches, retries, and what was logged."""

    def close(self) -> None:
        """Close the connections; the next use of the client opens others."""
        for name in ("http", "_console", "_moto"):
            if opened := self.__dict__.pop(name, None):
                opened.close()
        for opened in self.__dict__.pop("_aws", {}).values():
            opened.close()

    # Sending.

    @cached_property
    def http(self) -> httpx.Client:
        """A client of the stack's API: `http.get("/orders/1")`."""
        return self._http_client("api")

    def issue_token(self, *, audience: str, sub: str, scope: str = "") -> str:
        """Return a token of the stack's own issuer."""
        return self._issuer.token(subject=sub, audience=audience, scope=scope)

    def produce(
        self,
        topic: str,
        value: object,
        *,
        key: str | bytes | None = None,
        headers: Mapping[str, str | bytes] | None = None,
        partition: int | None = None,
    ) -> tuple[int, int]:
        """Write a record, and return its partition and its offset.

        `value` is bytes, a text, None, or anything else that JSON can hold. Raises KafkaException.
        """
        written: list[Any] = []
        self._producer.produce(
            topic,
            value=value if value is None or isinstance(value, str | bytes) else json.dumps(value),
            key=key,
            headers=list(headers.items()) if headers else None,
            on_delivery=lambda error, message: written.append((error, message)),
            partition=_ANY_PARTITION if partition is None else partition,
        )
        self._producer.flush()
        [(error, message)] = written
        if error and topic not in (topics := self._topics()):
            raise UnknownNameError("topic", topic, topics)
        if error:
            raise KafkaException(error)
        return message.partition(), message.offset()

    @cached_property
    def _producer(self) -> Producer:
        return Producer(
            {
                "bootstrap.servers": self.endpoints["kafka"],
                "linger.ms": 0,
                "log_level": 0,
                "topic.metadata.propagation.max.ms": _NEW_TOPIC_PATIENCE,
            }
        )

    def invoke(self, function: str, event: object) -> Any:
        """Invoke a function once, however long it takes, and return its result. Raises AssertionError if it failed."""
        lambda_ = self.aws("lambda")
        try:
            answer = lambda_.invoke(FunctionName=function, Payload=json.dumps(event).encode())
        except lambda_.exceptions.ResourceNotFoundException:
            raise UnknownNameError("function", function, self._functions) from None
        result = json.loads(answer["Payload"].read())
        assert "FunctionError" not in answer, f"{function} failed: {result}"
        return result

    def disturb(self, function: str, kind: Kind, *, seconds: float = 0) -> None:
        """Have a function fail (`error`), be slow by some seconds (`delay`), throttled (`throttle`) or time out.

        It lasts until `mend`, or the next reset.
        """
        self._change_disturbance("PUT", function, {"kind": kind, "seconds": seconds})

    def mend(self, function: str) -> None:
        """End the disturbance of a function."""
        self._change_disturbance("DELETE", function)

    def _change_disturbance(self, method: str, function: str, content: object = None) -> None:
        answer = self._console.request(method, f"/samrun/v1/disturbances/{quote(function, safe='')}", json=content)
        if answer.status_code == httpx.codes.NOT_FOUND:
            raise UnknownNameError("function", function, self._functions)
        assert answer.is_success, answer.text

    def aws(self, service: Any) -> Any:
        """Return the boto3 client of a service of the stack: the same one each time, until `close`."""
        own = {"dynamodb": "dynamodb", "dynamodbstreams": "dynamodb", "lambda": "lambda"}
        options = _INVOKES_ONCE if service == "lambda" else {}
        if service not in self._aws:
            self._aws[service] = client(service, self.endpoints[own.get(service, "aws")], **options)
        return self._aws[service]

    @cached_property
    def _aws(self) -> dict[str, Any]:
        return {}

    # Waiting.

    def wait_for_invocation(
        self,
        function: str,
        where: Callable[[CompletedInvocation], bool] = lambda _: True,
        *,
        patience: float | None = None,
    ) -> CompletedInvocation:
        """Wait until an invocation of a function since the last reset has ended, and return it.

        Of several, it is the first one for which `where` is true.
        """

        def look() -> CompletedInvocation | None:
            return next((each for each in self.invocations(function) if where(each)), None)

        return self._wait(look, what=f"an invocation of {function}", patience=patience)

    def wait_for_mail(self, *, to: str, subject: str = "", patience: float | None = None) -> ReceivedMail:
        """Wait until a mail to this address, with `subject` in its subject, has come. Return the newest one."""

        def look() -> ReceivedMail | None:
            for mail in self.mails():
                if to in [each["Address"] for each in mail["To"]] and subject in mail["Subject"]:
                    return self.mail(mail["ID"])
            return None

        return self._wait(look, what=f"a mail to {to}" + (f" about {subject!r}" if subject else ""), patience=patience)

    def wait_for_text_message(self, *, to: str, patience: float | None = None) -> ReceivedTextMessage:
        """Wait until a text message to this phone number has come. Return the newest one."""

        def look() -> ReceivedTextMessage | None:
            return next((each for each in reversed(self.text_messages()) if each.to == to), None)

        return self._wait(look, what=f"a text message to {to}", patience=patience)

    def wait_until_idle(self, *, patience: float | None = None) -> None:
        """Wait until every record, message and event is done, and no invocation is under way."""
        patience = self.patience if patience is None else patience
        end, waiting_for = time.monotonic() + patience, ["nothing yet"]
        while waiting_for and time.monotonic() < end:
            wait = min(_TIMEOUT / 2, end - time.monotonic())
            answer = self._console.get("/samrun/v1/idle", params={"wait": f"{wait:.3f}"}).raise_for_status().json()
            waiting_for = answer["waiting_for"]
        if waiting_for:
            raise self._error("the stack to be idle", patience, waiting_for)

    def reset(self) -> None:
        """Take away what earlier tests left: records, items, messages, objects and mails, and what waits for a retry.

        An invocation that is under way is waited for, up to a minute. Raises AssertionError then, with the reason.
        """
        answer = self._console.post("/samrun/v1/reset", timeout=PATIENCE)
        assert answer.status_code == httpx.codes.OK, answer.text
        self._since = answer.json()["last"]
        self._earlier_text_messages = frozenset(each.id for each in self._all_text_messages())

    def _wait(self, look: Callable[[], _T | None], *, what: str, patience: float | None) -> _T:
        patience = self.patience if patience is None else patience
        try:
            return eventually(look, what=what, patience=patience)
        except UnknownNameError:
            raise
        except AssertionError:
            raise self._error(what, patience, self._left_to_do()) from None

    def _left_to_do(self) -> list[str]:
        try:
            answer = self._console.get("/samrun/v1/idle", params={"wait": "0"}).raise_for_status().json()
        except httpx.HTTPError as error:  # a stack that died says more by what it printed
            return [f"the stack does not answer: {error}"]
        return list(answer["waiting_for"])

    def _error(self, what: str, patience: float, waiting_for: Sequence[str]) -> WaitError:
        left = "\n".join(waiting_for) or "(nothing: the stack is idle)"
        return WaitError(
            f"waited {patience:g} s in vain for {what}.\n\nThe stack has left to do:\n{left}\n\n"
            f"Since the last reset, the stack has printed:\n{self.timeline() or '(nothing)'}"
        )

    # Looking.

    def invocations(self, function: str | None = None) -> list[CompletedInvocation]:
        """Return the invocations since the last reset that have ended, of a function or of all, in their order."""
        parameters = {"after": str(self._since)} | ({"function": function} if function else {})
        if function and function not in self._functions:
            raise UnknownNameError("function", function, self._functions)
        answer = self._console.get("/samrun/v1/invocations", params=parameters).raise_for_status()
        return [CompletedInvocation.from_json(each) for each in answer.json()["invocations"] if not each["running"]]

    def records(self, topic: str) -> list[KafkaRecord]:
        """Return the records of a topic, by partition and offset."""
        records = read_all(self.endpoints["kafka"], topic)
        if not records and topic not in (topics := self._topics()):
            raise UnknownNameError("topic", topic, topics)
        return records

    def _topics(self) -> list[str]:
        with TopicReader(self.endpoints["kafka"]) as reader:
            return reader.topics()

    @cached_property
    def _functions(self) -> frozenset[str]:
        pages = self.aws("lambda").get_paginator("list_functions").paginate()
        return frozenset(each["FunctionName"] for page in pages for each in page["Functions"])

    def items(self, table: str) -> list[dict[str, Any]]:
        """Return the items of a table, which is named by its logical id or its name."""
        dynamodb = self.aws("dynamodb")
        try:
            return scan(dynamodb, self.resource_name(table))
        except dynamodb.exceptions.ResourceNotFoundException:
            raise UnknownNameError("table", table, self._logical_ids("AWS::DynamoDB::Table")) from None

    def messages(self, queue: str) -> list[ReceivedMessage]:
        """Return the messages of a queue, which is named by its logical id or its name. They stay there.

        Each message has been received once more then.
        """
        sqs = self.aws("sqs")
        try:
            url = sqs.get_queue_url(QueueName=self.resource_name(queue))["QueueUrl"]
        except sqs.exceptions.QueueDoesNotExist:
            raise UnknownNameError("queue", queue, self._logical_ids("AWS::SQS::Queue")) from None
        wanted = {"MaxNumberOfMessages": _MAX_MESSAGES, "VisibilityTimeout": 60, "MessageAttributeNames": ["All"]}
        received: list[Any] = []
        while found := sqs.receive_message(QueueUrl=url, **wanted).get("Messages"):
            received += found
        for message in received:
            sqs.change_message_visibility(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"], VisibilityTimeout=0)
        return [ReceivedMessage.from_sqs(message) for message in received]

    def resource_name(self, name: str) -> str:
        """Return the name of a resource of the template by its logical id; another name is returned as it is."""
        names = {each["logical_id"]: each["name"] for each in self._resources()}
        return str(names.get(name, name))

    def _logical_ids(self, resource_type: str) -> list[str]:
        return [each["logical_id"] for each in self._resources() if each["type"] == resource_type]

    def _resources(self) -> list[dict[str, str]]:
        answer = self._console.get("/samrun/v1/resources")
        resources: list[dict[str, str]] = answer.raise_for_status().json()["resources"]
        return resources

    def mails(self) -> list[dict[str, Any]]:
        """Return the mails in the inbox, by Mailpit's API; the newest one comes first."""
        answer = self._console.get("/api/v1/messages", params={"limit": 1000})
        messages: list[dict[str, Any]] = answer.raise_for_status().json()["messages"]
        return messages

    def mail(self, identifier: str) -> ReceivedMail:
        """Return a mail by its id in the inbox."""
        message = self._console.get(f"/api/v1/message/{identifier}").raise_for_status().json()
        headers = self._console.get(f"/api/v1/message/{identifier}/headers").raise_for_status().json()
        return ReceivedMail.from_mailpit(message, headers)

    def text_messages(self) -> list[ReceivedTextMessage]:
        """Return the text messages that SNS accepted since the last reset, in their order."""
        return [each for each in self._all_text_messages() if each.id not in self._earlier_text_messages]

    def _all_text_messages(self) -> list[ReceivedTextMessage]:
        listed = self._moto.get("/moto-api/data.json").raise_for_status().json()
        return [ReceivedTextMessage.from_moto(each) for each in listed.get("sns", {}).get("SMS", [])]

    def recipients(self) -> list[str]:
        """Return the addresses that the mails went to, sorted; an address with two mails is in it twice."""
        return sorted(address["Address"] for mail in self.mails() for address in mail["To"])

    def has_committed_all(self, group: str) -> bool:
        """Tell whether a consumer group has committed every record of the topics that it reads."""
        admin = KafkaConnection(bootstrap=self.endpoints["kafka"]).admin()
        committed = GroupAdmin(admin).committed(group)
        return bool(committed) and chosen_offsets(admin, committed, LATEST) == committed

    @cached_property
    def _console(self) -> httpx.Client:
        return self._http_client("console")

    @cached_property
    def _moto(self) -> httpx.Client:
        return self._http_client("aws")

    def _http_client(self, endpoint: str) -> httpx.Client:
        if endpoint not in self.endpoints:
            raise UnknownNameError("endpoint", endpoint, self.endpoints)
        return httpx.Client(base_url=self.endpoints[endpoint], timeout=_TIMEOUT, trust_env=False, limits=_LIMITS)
