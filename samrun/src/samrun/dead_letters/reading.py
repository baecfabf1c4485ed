"""Reading of dead letters: what each says in the forms of Lambda, EventBridge, SNS and Kafka triggers.

Lambda: https://docs.aws.amazon.com/lambda/latest/dg/kafka-on-failure.html for mappings, and
https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html for asynchronous invocations.
EventBridge: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-dlq.html.
A message that names a record of a topic (topic, partition, offset, in its attributes or its body) is one of a function
that sends the records itself that it cannot process; its attribute `reason`, if there is one, says why.
"""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from samrun.counted import counted
from samrun.dead_letters.dead_letter import Contents, RecordSpan
from samrun.json_values import json_value
from samrun.mapping.records import TopicPartition
from samrun.template.arns import function_name

_STREAMS = {"DDBStreamBatchInfo": "DynamoDB", "KinesisBatchInfo": "Kinesis"}
_MAX_REASON = 300


def contents_of(body: bytes, attributes: Mapping[str, str]) -> Contents:
    """Return what a message says, by its body and its attributes."""
    message = _object(body)
    if message.get("Type") == "Notification" and isinstance(message.get("Message"), str):
        inner = {name: str(each.get("Value")) for name, each in _mapping(message.get("MessageAttributes")).items()}
        return contents_of(message["Message"].encode(errors="replace"), inner)
    return _of_lambda(message) or _of_attributes(message, body, attributes)


def _of_lambda(message: Mapping[str, Any]) -> Contents | None:
    """Read a message in one of Lambda's own forms; return None if it has another."""
    if "KafkaBatchInfo" in message:
        return _discarded_records(message)
    for name, service in _STREAMS.items():
        if name in message:
            return _discarded_stream_records(message, _mapping(message[name]), service)
    if "requestPayload" in message and "requestContext" in message:
        return _asynchronous_record(message)
    return None


def _of_attributes(message: Mapping[str, Any], body: bytes, attributes: Mapping[str, str]) -> Contents:
    """Read a message whose attributes say what it is; the message is the event itself, or a record."""
    if "TARGET_ARN" in attributes:
        return _undelivered_event(body, attributes)
    if "ErrorMessage" in attributes or "ErrorCode" in attributes:
        reason = attributes.get("ErrorMessage") or f"error {attributes.get('ErrorCode')}"
        return Contents(what="event", reason=_short(reason), request_id=attributes.get("RequestID"), event=body)
    if (span := _span(attributes) or _span(message)) is not None:
        return _record(message, attributes, span)
    return Contents(what="message", reason=_short(attributes.get("reason", "")))


def _discarded_records(message: Mapping[str, Any]) -> Contents:
    """Read what a Kafka mapping sends: to a bucket with the payload as a text, to a topic as an object."""
    info = _mapping(message["KafkaBatchInfo"])
    payload = message.get("payload")
    event = payload.encode(errors="replace") if isinstance(payload, str) else None
    if isinstance(payload, dict):
        event = json.dumps(payload).encode()
    spans = _spans(_mapping(info.get("recordsInfo")))
    if not spans and event:
        spans = tuple(_spans_of_event(event))
    what = ", ".join(map(str, spans)) or "records"
    return _with_context(message, what=f"{what} ({_records(info)})", event=event, spans=spans)


def _discarded_stream_records(message: Mapping[str, Any], info: Mapping[str, Any], service: str) -> Contents:
    payload = message.get("payload")
    event = payload.encode(errors="replace") if isinstance(payload, str) else None
    stream = str(info.get("streamArn", "")).partition("/")[2].partition("/")[0]
    what = f"{_records(info)} of {service} {stream}"
    return _with_context(message, what=what, event=event)


def _asynchronous_record(message: Mapping[str, Any]) -> Contents:
    error = _mapping(message.get("responsePayload"))
    event = json.dumps(message["requestPayload"]).encode()
    read = _with_context(message, what="event", event=event)
    told = ": ".join(str(error[name]) for name in ("errorType", "errorMessage") if error.get(name))
    reason = f"{read.reason}: {told}" if told else read.reason
    return replace(read, reason=_short(reason))


def _undelivered_event(body: bytes, attributes: Mapping[str, str]) -> Contents:
    arn = attributes["TARGET_ARN"]
    reason = ": ".join(attributes[name] for name in ("ERROR_CODE", "ERROR_MESSAGE") if name in attributes)
    return Contents(
        what="event",
        reason=_short(reason),
        function=function_name(arn) if ":function:" in arn else None,
        event=body,
    )


def _record(message: Mapping[str, Any], attributes: Mapping[str, str], span: RecordSpan) -> Contents:
    """Read a record that a function sent itself: the message is the record, in the form of its event, or its place."""
    event = None
    if "value" in message or "key" in message:
        event = json.dumps({"eventSource": "SelfManagedKafka", "records": {str(span.partition): [message]}}).encode()
    reason = attributes.get("reason") or attributes.get("error") or str(message.get("reason", ""))
    return Contents(what=str(span), reason=_short(reason), event=event, spans=(span,))


def _with_context(
    message: Mapping[str, Any], *, what: str, event: bytes | None, spans: tuple[RecordSpan, ...] = ()
) -> Contents:
    request, response = _mapping(message.get("requestContext")), _mapping(message.get("responseContext"))
    attempts = request.get("approximateInvokeCount")
    failed = f", {response['functionError']}" if response.get("functionError") else ""
    return Contents(
        what=what,
        reason=_short(f"{request.get('condition', 'unknown')}{failed}"),
        attempts=attempts if isinstance(attempts, int) else None,
        function=function_name(str(request["functionArn"])) if "functionArn" in request else None,
        request_id=str(request["requestId"]) if request.get("requestId") else None,
        event=event,
        spans=spans,
    )


def _records(info: Mapping[str, Any]) -> str:
    count = info.get("batchSize")
    return counted(count, "record") if isinstance(count, int) else "records"


def _spans(records_info: Mapping[str, Any]) -> tuple[RecordSpan, ...]:
    found = []
    for name, info in records_info.items():
        topic, _, number = name.rpartition("-")
        first, last = (_number(_mapping(info).get(f"{each}RecordOffset")) for each in ("first", "last"))
        if topic and number.isdecimal() and first is not None and last is not None:
            found.append(RecordSpan(partition=TopicPartition(topic, int(number)), first=first, last=last))
    return tuple(found)


def _spans_of_event(event: bytes) -> list[RecordSpan]:
    found = []
    for records in _mapping(_object(event).get("records")).values():
        places = [_span(each) for each in records if isinstance(each, dict)] if isinstance(records, list) else []
        spans = [each for each in places if each]
        if spans:
            found.append(RecordSpan(partition=spans[0].partition, first=spans[0].first, last=spans[-1].last))
    return found


def _span(content: Mapping[str, Any]) -> RecordSpan | None:
    topic, partition, offset = (content.get(name) for name in ("topic", "partition", "offset"))
    number, at = _number(partition), _number(offset)
    if not isinstance(topic, str) or number is None or at is None:
        return None
    return RecordSpan(partition=TopicPartition(topic, number), first=at, last=at)


def _number(content: object) -> int | None:
    text = str(content)
    return int(text) if text.isdecimal() and len(text) < 20 else None


def _object(body: bytes) -> Mapping[str, Any]:
    try:
        return _mapping(json_value(body.decode()))
    except ValueError:
        return {}


def _mapping(content: object) -> Mapping[str, Any]:
    return content if isinstance(content, dict) else {}


def _short(text: str) -> str:
    return text if len(text) <= _MAX_REASON else f"{text[:_MAX_REASON]}…"
