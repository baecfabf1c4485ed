"""Stack whose parts have seen requests, records and messages, as a running one would note them."""

import json
import uuid
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest

from samrun.functions.invocation_log import LoggedInvocation
from samrun.functions.invocation_metrics import InvocationMetrics
from samrun.functions.invoker import InvocationOptions, InvocationResult
from samrun.journal.delivery_recorder import DeliveryRecorder
from samrun.mapping.batch_sender import BatchResult
from samrun.mapping.delivery import Delivery
from samrun.mapping.poller import KafkaPoller
from samrun.mapping.records import KafkaRecord, TopicPartition
from samrun.services.send_options import SendOptions
from samrun.supervision.access import Access
from samrun.template.model.application import Application
from samrun.testing.kafka_records import batch, kafka_mapping
from samrun.trace_ids import segment_of
from support.idle_stack import idle_stack

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"


class WaitingPoller(KafkaPoller):
    """Poller whose records wait for the function Mailer. It does not answer while its brokers are away."""

    def __init__(self) -> None:
        super().__init__(
            mapping=kafka_mapping(logical_id="ToMailer"),
            bootstrap="127.0.0.1:1",
            invoke=lambda *_: pytest.fail("nothing is delivered"),
            report=pytest.fail,
        )
        self.records: list[KafkaRecord] = []
        self.is_away = False

    @property
    def waiting_count(self) -> int:
        return len(self.records)

    def waiting(self, maximum: int) -> Future[Sequence[KafkaRecord]]:
        answer: Future[Sequence[KafkaRecord]] = Future()
        if not self.is_away:
            answer.set_result(self.records[:maximum])
        return answer


class SeenStack:
    """Parts of a stack, and what can happen in it. Each thing happens now."""

    def __init__(self, folder: Path, application: Application | None = None) -> None:
        self.parts = idle_stack(folder, application=application)
        self.recorder = DeliveryRecorder(mapping="ToMailer", function="Mailer", journal=self.parts.journal)
        self._offset = -1

    def request(
        self, path: str = "/orders", *, method: str = "POST", status: int = 201, trace: str = TRACE, result: Any = None
    ) -> None:
        """An API answers a request by the function Api."""
        event = {
            "requestContext": {"http": {"method": method, "path": path}},
            "headers": {"traceparent": f"00-{trace}-00f067aa0ba902b7-01"},
        }
        self.invoke("Api", event, result=result or {"statusCode": status})
        access = Access(method=method, path=path, status=status, milliseconds=12.0, function="Api", trace_ids=(trace,))
        self.parts.journal.note_access(access)

    def record(self, key: str | None, *, trace: str = TRACE, topic: str = "orders", **value: Any) -> KafkaRecord:
        """A record that a mapping has read."""
        self._offset += 1
        traced = {"traceparent": f"00-{trace}-00f067aa0ba902b7-01"} if trace else {}
        return KafkaRecord(
            TopicPartition(topic, 0),
            offset=self._offset,
            timestamp=int(datetime.now(UTC).timestamp() * 1000),
            key=None if key is None else key.encode(),
            value=json.dumps({"type": "order.paid.v1", **traced, **value}).encode(),
        )

    def deliver(
        self, *records: KafkaRecord, attempt: int = 1, failed: Sequence[KafkaRecord] = (), error: str | None = None
    ) -> LoggedInvocation:
        """The mapping ToMailer delivers a batch, some of whose records fail; all of them if there is an error."""
        sent = batch(*records)
        logged = self.parts.invocations.begin("Mailer", sent.event("kafka", source_arn=None), self._options())
        function_error = "Unhandled" if error else None
        payload = json.dumps({"errorType": error} if error else {}).encode()
        result = InvocationResult(
            request_id=logged.request_id,
            payload=payload,
            function_error=function_error,
            log_tail=b"START\nmailing\nEND\n",
            metrics=InvocationMetrics(duration=10, memory_size=256, memory_used=70, init_duration=123.4),
        )
        self.parts.invocations.end(logged, result, seconds=0.25)
        not_done = sent if error else batch(*failed)
        answered = BatchResult(failed=not_done, to_retry=not_done, invocation=result, error=error)
        self.recorder.answered(sent, answered, attempt)
        if len(not_done):
            self.recorder.retried(Delivery(batch=not_done, attempts=attempt, attempts_without_progress=1), split=False)
        return logged

    def discard(self, *records: KafkaRecord, destination: str | None = "the queue dlq") -> None:
        """The mapping discards records."""
        self.recorder.discarded(batch(*records), "RetryAttemptsExhausted", destination)

    def mail(
        self,
        subject: str,
        by: LoggedInvocation,
        *,
        to: str = "ada@example.com",
        ses_id: str = "ses-1",
        tags: Mapping[str, str] | None = None,
    ) -> str:
        """A function sends a mail; return its id in the inbox."""
        message = EmailMessage()
        message["Subject"], message["To"], message["Message-ID"] = subject, to, f"<{ses_id}@eu-central-1.amazonses.com>"
        message.set_content(f"{subject}, in words.")
        return self.parts.mails.add(
            bytes(message),
            sender="shop@example.com",
            recipients=[to],
            created=datetime.now(UTC),
            options=SendOptions(invocation=segment_of(by.request_id), tags=tags or {}),
        )

    def text_message(self, text: str, by: LoggedInvocation, *, to: str = "+14155550100") -> str:
        """A function sends a text message."""
        return self.parts.text_messages.add(
            text, to=to, invocation=segment_of(by.request_id), created=datetime.now(UTC)
        )

    def invoke(self, function: str, event: Any, *, result: Any = None, log: str = "") -> LoggedInvocation:
        """A function is invoked with an event."""
        logged = self.parts.invocations.begin(function, json.dumps(event).encode(), self._options())
        answer = InvocationResult(
            request_id=logged.request_id, payload=json.dumps(result).encode(), log_tail=log.encode()
        )
        self.parts.invocations.end(logged, answer, seconds=0.05)
        return logged

    def _options(self) -> InvocationOptions:
        return InvocationOptions(request_id=str(uuid.uuid4()))
