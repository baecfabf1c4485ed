"""Client of a stack that runs: what a test sends to it, waits for, and finds in it."""

import json
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any, TypeVar

import httpx
from confluent_kafka import KafkaException, Producer

from samrun.administration.group_admin import GroupAdmin
from samrun.administration.kafka_connection import KafkaConnection
from samrun.administration.offset_choice import LATEST
from samrun.administration.partition_offsets import chosen_offsets
from samrun.errors import SamrunError
from samrun.mapping.records import KafkaRecord
from samrun.oidc.issuer import Issuer
from samrun.testing.aws import client
from samrun.testing.broker import read_all
from samrun.testing.completed_invocation import CompletedInvocation
from samrun.testing.dynamodb import Table
from samrun.testing.received_mail import ReceivedMail
from samrun.testing.waiting import PATIENCE, eventually

_T = TypeVar("_T")
_TIMEOUT = 30.0  # seconds
_ANY_PARTITION = -1  # the client chooses one, by the key if there is one
_MAX_MESSAGES = 10  # of one call of SQS


class WaitError(SamrunError, AssertionError):
    """A test waited in vain. The message has what the stack has printed since the last reset."""


class StackClient(ABC):
    """Client of the stack with these endpoints.

    Methods that wait do so for `patience` seconds, and then raise WaitError.
    """

    endpoints: Mapping[str, str]
    _issuer: Issuer
    _since = 0

    @abstractmethod
    def timeline(self) -> str:
        """Return what the stack has printed since the last reset: requests, batches, retries, and what was logged."""

    def close(self) -> None:
        """Close the connections; the next use of the client opens others."""
        for name in ("http", "_console"):
            if opened := self.__dict__.pop(name, None):
                opened.close()

    # Sending.

    @cached_property
    def http(self) -> httpx.Client:
        """A client of the stack's API: `http.get("/orders/1")`."""
        return httpx.Client(base_url=self.endpoints["api"], timeout=_TIMEOUT, trust_env=False)

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
        if error:
            raise KafkaException(error)
        return message.partition(), message.offset()

    @cached_property
    def _producer(self) -> Producer:
        return Producer({"bootstrap.servers": self.endpoints["kafka"], "linger.ms": 0, "log_level": 0})

    def invoke(self, function: str, event: object) -> Any:
        """Invoke a function and return its result. Raises AssertionError if it failed."""
        answer = self.aws("lambda").invoke(FunctionName=function, Payload=json.dumps(event).encode())
        result = json.loads(answer["Payload"].read())
        assert "FunctionError" not in answer, f"{function} failed: {result}"
        return result

    def aws(self, service: Any) -> Any:
        """Return the boto3 client of a service of the stack."""
        own = {"dynamodb": "dynamodb", "dynamodbstreams": "dynamodb", "lambda": "lambda"}
        return client(service, self.endpoints[own.get(service, "aws")])

    # Waiting.

    def wait_for_invocation(
        self,
        function: str,
        where: Callable[[CompletedInvocation], bool] = lambda _: True,
        *,
        patience: float = PATIENCE,
    ) -> CompletedInvocation:
        """Wait until an invocation of a function since the last reset has ended, and return it.

        Of several, it is the first one for which `where` is true.
        """

        def look() -> CompletedInvocation | None:
            return next((each for each in self.invocations(function) if where(each)), None)

        return self._wait(look, what=f"an invocation of {function}", patience=patience)

    def wait_for_mail(self, *, to: str, subject: str = "", patience: float = PATIENCE) -> ReceivedMail:
        """Wait until a mail to this address, with `subject` in its subject, has come. Return the newest one."""

        def look() -> ReceivedMail | None:
            for mail in self.mails():
                if to in [each["Address"] for each in mail["To"]] and subject in mail["Subject"]:
                    return self.mail(mail["ID"])
            return None

        return self._wait(look, what=f"a mail to {to}" + (f" about {subject!r}" if subject else ""), patience=patience)

    def wait_until_idle(self, *, patience: float = PATIENCE) -> None:
        """Wait until every record, message and event is done, and no invocation is under way."""
        end, waiting_for = time.monotonic() + patience, ["nothing yet"]
        while waiting_for and time.monotonic() < end:
            wait = min(_TIMEOUT / 2, end - time.monotonic())
            answer = self._console.get("/samrun/v1/idle", params={"wait": f"{wait:.3f}"}).raise_for_status().json()
            waiting_for = answer["waiting_for"]
        if waiting_for:
            raise self._error(f"the stack to be idle, after {patience:.0f} s: {'; '.join(waiting_for)}")

    def reset(self) -> None:
        """Take away what earlier tests left: records, items, messages, objects and mails, and what waits for a retry.

        An invocation that is under way is waited for.
        """
        answer = self._console.post("/samrun/v1/reset", timeout=PATIENCE)
        assert answer.status_code == httpx.codes.OK, answer.text
        self._since = answer.json()["last"]

    def _wait(self, look: Callable[[], _T | None], *, what: str, patience: float) -> _T:
        try:
            return eventually(look, what=what, patience=patience)
        except AssertionError:
            raise self._error(f"{what}, after {patience:.0f} s") from None

    def _error(self, text: str) -> WaitError:
        return WaitError(
            f"waited in vain for {text}.\n\nSince the last reset, the stack has printed:\n{self.timeline()}"
        )

    # Looking.

    def invocations(self, function: str | None = None) -> list[CompletedInvocation]:
        """Return the invocations since the last reset that have ended, of a function or of all, in their order."""
        parameters = {"after": str(self._since)} | ({"function": function} if function else {})
        answer = self._console.get("/samrun/v1/invocations", params=parameters).raise_for_status()
        return [CompletedInvocation.from_json(each) for each in answer.json()["invocations"] if not each["running"]]

    def records(self, topic: str) -> list[KafkaRecord]:
        """Return the records of a topic, by partition and offset."""
        return read_all(self.endpoints["kafka"], topic)

    def items(self, table: str) -> list[dict[str, Any]]:
        """Return the items of a table, which is named by its logical id or its name."""
        return Table(self.endpoints["dynamodb"], self.resource_name(table)).scan()

    def messages(self, queue: str) -> list[str]:
        """Return the bodies of the messages of a queue, which is named by its logical id or its name. They stay there.

        Each message has been received once more then.
        """
        sqs = self.aws("sqs")
        url = sqs.get_queue_url(QueueName=self.resource_name(queue))["QueueUrl"]
        received: list[Any] = []
        while found := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=_MAX_MESSAGES, VisibilityTimeout=60).get(
            "Messages"
        ):
            received += found
        for message in received:
            sqs.change_message_visibility(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"], VisibilityTimeout=0)
        return [message["Body"] for message in received]

    def resource_name(self, name: str) -> str:
        """Return the name of a resource of the template by its logical id; another name is returned as it is."""
        answer = self._console.get("/samrun/v1/resources").raise_for_status()
        names = {each["logical_id"]: each["name"] for each in answer.json()["resources"]}
        return str(names.get(name, name))

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
        return httpx.Client(base_url=self.endpoints["console"], timeout=_TIMEOUT, trust_env=False)
