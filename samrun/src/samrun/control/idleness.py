"""Idleness of a stack: nothing waits, and nothing is under way."""

import asyncio
import time
from collections.abc import Iterator, Mapping

from confluent_kafka import KafkaException

from samrun.control.mapping_lag import mapping_lag
from samrun.control.stack_parts import StackParts
from samrun.counted import counted
from samrun.mapping.client_errors import description
from samrun.mapping.poller import KafkaPoller
from samrun.mapping.topic_reader import TopicReader

# Seconds. The pause between two looks grows: looking keeps a busy machine from what is waited for.
_PAUSE = 0.02
_LONGEST_PAUSE = 0.3
_ANSWER_PATIENCE = 2.0
_LONG_WINDOW = 5.0

_WAITING = (
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesNotVisible",
    "ApproximateNumberOfMessagesDelayed",
)


async def wait_until_idle(parts: StackParts, *, patience: float) -> list[str]:
    """Wait up to `patience` seconds until the stack is idle. Return what it still has to do then, as texts.

    What one part has done may be new work for another. So the stack is idle if nothing is found twice, and no
    invocation began meanwhile.
    """
    end, pause = time.monotonic() + patience, _PAUSE
    with TopicReader(parts.endpoints.kafka) as reader:
        while True:
            began, reads = parts.invocations.started, parts.empty_stream_reads()
            found = await _work(parts, reader)
            if not found:
                await _wait_for_streams(parts, reads, end)
                found = await _work(parts, reader) or _unread_streams(parts, reads)
                if not found and parts.invocations.started == began:
                    return []
            if time.monotonic() > end:
                return found or ["an invocation began while samrun looked"]
            await asyncio.sleep(pause)
            pause = min(1.5 * pause, _LONGEST_PAUSE)


async def _work(parts: StackParts, reader: TopicReader) -> list[str]:
    """Return what there is to do, in the order in which it is done: so nothing moves on unseen."""
    found = await asyncio.to_thread(lambda: [*_lags(parts, reader), *_messages(parts)])
    if parts.asynchronous and parts.asynchronous.pending:
        found.append(f"{counted(parts.asynchronous.pending, 'asynchronous invocation')} not done")
    if parts.invocations.under_way:
        found.append(f"{counted(parts.invocations.under_way, 'invocation')} under way")
    return found


def _lags(parts: StackParts, reader: TopicReader) -> Iterator[str]:
    for poller in parts.mappings:
        name = poller.mapping.logical_id
        try:
            yield from (f"{name}: {text}" for text in _lags_of(poller, reader))
        except KafkaException as error:
            yield f"{name}: {description(error)}"


def _lags_of(poller: KafkaPoller, reader: TopicReader) -> Iterator[str]:
    lags = mapping_lag(poller, reader, _ANSWER_PATIENCE)
    if lags is None:
        yield "it is not connected to Kafka"
        return
    window = poller.mapping.window
    waits = f"; the batching window is {window:g} s" if window > _LONG_WINDOW else ""
    for partition, lag in lags.items():
        if lag.position is None:
            yield f"{partition} is not assigned to it"
        elif lag.records:
            yield f"{partition} has {counted(lag.records, 'record')} not done, from offset {lag.position} on{waits}"


def _messages(parts: StackParts) -> Iterator[str]:
    for queue in parts.queues:
        sqs = parts.client("sqs")
        url = sqs.get_queue_url(QueueName=queue)["QueueUrl"]
        attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=list(_WAITING))["Attributes"]
        if count := sum(int(attributes[each]) for each in _WAITING):
            yield f"{queue} has {counted(count, 'message')}"


async def _wait_for_streams(parts: StackParts, before: Mapping[tuple[str, str], int], end: float) -> None:
    while _unread_streams(parts, before) and time.monotonic() < end:  # noqa: ASYNC110 - threads read them
        await asyncio.sleep(_PAUSE)


def _unread_streams(parts: StackParts, before: Mapping[tuple[str, str], int]) -> list[str]:
    """Return the streams of which no read has begun and found nothing since the numbers of `before`."""
    now = parts.empty_stream_reads()
    # The first read that ended since may have begun earlier.
    unread = {trigger for (trigger, shard), count in now.items() if count < before.get((trigger, shard), 0) + 2}
    return [f"{trigger}: its stream has records, or was not read yet" for trigger in sorted(unread)]
