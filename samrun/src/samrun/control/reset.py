"""Reset of a stack: what its functions left, and what they still have to do, is taken away.

What the templates declare stays: topics, tables, queues and buckets, but without their content. Secrets, parameters and
streams of Kinesis stay as they are.
"""

import asyncio
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import httpx
from confluent_kafka import KafkaError, KafkaException
from confluent_kafka import TopicPartition as ClientPartition

from samrun.control.answers import wait_for_answer
from samrun.control.stack_parts import StackParts
from samrun.errors import SamrunError
from samrun.mapping.client_errors import description
from samrun.mapping.records import TopicPartition
from samrun.mapping.topic_reader import TopicReader
from samrun.services.kafka import KafkaUnreachableError, admin_client
from samrun.services.resources import create_resources
from samrun.template.model.application import Resource

# Seconds.
INVOCATION_PATIENCE = 60.0
_SKIP_PATIENCE = 10.0

_CALLS_AT_ONCE = 8
_MAX_BATCH = 25  # of BatchWriteItem
_MAX_OBJECTS = 1000  # of DeleteObjects


class ResetRefusedError(SamrunError):
    """The stack uses a service that it does not own: others may need what is there."""


class ResetFailedError(SamrunError):
    """A part of the stack did not take part in a reset, in whole or in part; the message says what failed."""


async def reset(parts: StackParts, *, patience: float = INVOCATION_PATIENCE) -> None:
    """Reset the stack. An invocation that is under way is waited for, up to `patience` seconds.

    Raises ResetRefusedError, and ResetFailedError. A reset that failed may be repeated.
    """
    if parts.external:
        names = ", ".join(sorted(parts.external))
        raise ResetRefusedError(f"This stack uses an external service ({names}), whose data samrun does not remove.")
    try:
        await _reset(parts, patience)
    except KafkaException as error:
        raise ResetFailedError(f"Kafka refused a part of the reset: {description(error)}") from error
    except KafkaUnreachableError as error:
        raise ResetFailedError(str(error)) from error
    except httpx.HTTPError as error:
        raise ResetFailedError(f"The durable executions were not ended: {error}") from error


async def _reset(parts: StackParts, patience: float) -> None:
    parts.disturbances.mend_all()
    await asyncio.to_thread(_skip_records, parts)
    if parts.asynchronous:
        parts.asynchronous.forget()
    await _end_executions(parts)
    await _wait_for_invocations(parts, patience)
    # Once more: an invocation that was under way may have started one.
    await _end_executions(parts)
    parts.journal.clear(invocations=parts.invocations.started)
    await asyncio.to_thread(_empty_services, parts)
    # Once more: an invocation that was under way may have written records.
    ends = await asyncio.to_thread(_skip_records, parts)
    await asyncio.to_thread(_delete_records, parts, ends)


async def _end_executions(parts: StackParts) -> None:
    if parts.durable:
        await parts.durable.stop_all()


async def _wait_for_invocations(parts: StackParts, patience: float) -> None:
    try:
        await parts.invocations.wait_until_none_runs(patience)
    except TimeoutError:
        names = ", ".join(sorted({each.function for each in parts.invocations.after(0) if each.is_running}))
        raise ResetFailedError(
            f"The reset waited {patience:g} s in vain for an invocation of {names or 'a function'} to end. Wait for "
            "it before the reset, or give the function a shorter Timeout."
        ) from None


def _skip_records(parts: StackParts) -> dict[TopicPartition, int]:
    """Have the mappings skip every record that is there. Return the end of each partition."""
    with TopicReader(parts.endpoints.kafka) as reader:
        topics = reader.topics()
        partitions = [partition for topic in topics for partition in reader.partitions(topic)]
        ends = {partition: reader.bounds(partition)[1] for partition in partitions}
    # A mapping that waits for its topic has nothing to skip, and answers nothing.
    skipping = [(each, each.skip_to(ends)) for each in parts.mappings if each.mapping.topic in topics]
    for poller, skipped in skipping:
        try:
            wait_for_answer(skipped, _SKIP_PATIENCE)
        except TimeoutError:
            name = poller.mapping.logical_id
            raise ResetFailedError(
                f"{name} is not connected to Kafka: the terminal says why. Try again then."
            ) from None
    return ends


def _delete_records(parts: StackParts, ends: dict[TopicPartition, int]) -> None:
    if ends:
        admin = admin_client(parts.endpoints.kafka)  # without a name it would end, and the futures never
        deleted = admin.delete_records([ClientPartition(*partition, end) for partition, end in ends.items()])
        for future in deleted.values():
            try:
                future.result()
            except KafkaException as error:
                # Kafka deletes no records of a compacted topic. The mappings have skipped them.
                if error.args[0].code() != KafkaError.POLICY_VIOLATION:
                    raise


def _empty_services(parts: StackParts) -> None:
    for entry in parts.mails.entries():
        parts.mails.delete(entry.id)
    for identifier in parts.text_messages.identifiers():
        parts.text_messages.delete(identifier)
    with ThreadPoolExecutor(_CALLS_AT_ONCE) as executor:
        for emptied in [executor.submit(work) for work in _work(parts)]:
            emptied.result()


def _work(parts: StackParts) -> Iterable[Callable[[], object]]:
    """Yield a function for each table, queue and bucket, that empties it."""
    dynamodb, sqs, s3 = (parts.client(service) for service in ("dynamodb", "sqs", "s3"))
    watched = {each.trigger.name for each in parts.stream_triggers if each.trigger.service == "dynamodb"}
    declared = {each.name: each for each in parts.resources if each.type == "AWS::DynamoDB::Table"}
    for table in _all(dynamodb, "list_tables", "TableNames"):
        if table in watched and table in declared:
            yield partial(_make_again, declared[table], parts)
        else:
            yield partial(_empty_table, table, dynamodb)
    for url in _all(sqs, "list_queues", "QueueUrls"):
        yield partial(sqs.purge_queue, QueueUrl=url)
    for bucket in s3.list_buckets()["Buckets"]:
        yield partial(_empty_bucket, bucket["Name"], s3)


def _all(client: Any, operation: str, key: str) -> list[str]:
    return [each for page in client.get_paginator(operation).paginate() for each in page.get(key, [])]


def _make_again(table: Resource, parts: StackParts) -> None:
    """Make a table again: to delete its items would trigger the functions that read its stream."""
    parts.client("dynamodb").delete_table(TableName=table.name)
    create_resources([table], parts.client)
    for each in parts.stream_triggers:
        each.look_again()


def _empty_table(table: str, dynamodb: Any) -> None:
    keys = [each["AttributeName"] for each in dynamodb.describe_table(TableName=table)["Table"]["KeySchema"]]
    names = {f"#k{number}": key for number, key in enumerate(keys)}
    pages = dynamodb.get_paginator("scan").paginate(
        TableName=table, ProjectionExpression=",".join(names), ExpressionAttributeNames=names, ConsistentRead=True
    )
    items = [item for page in pages for item in page["Items"]]
    for start in range(0, len(items), _MAX_BATCH):
        requests = {table: [{"DeleteRequest": {"Key": item}} for item in items[start : start + _MAX_BATCH]]}
        while requests:
            requests = dynamodb.batch_write_item(RequestItems=requests).get("UnprocessedItems", {})


def _empty_bucket(bucket: str, s3: Any) -> None:
    """Delete the objects. Nobody is notified of that meanwhile: it would trigger functions."""
    notifications = s3.get_bucket_notification_configuration(Bucket=bucket)
    notifications.pop("ResponseMetadata")
    s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration={})
    for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket, MaxKeys=_MAX_OBJECTS):
        versions = [*page.get("Versions", []), *page.get("DeleteMarkers", [])]
        if versions:
            objects = [{"Key": each["Key"], "VersionId": each["VersionId"]} for each in versions]
            s3.delete_objects(Bucket=bucket, Delete={"Objects": objects})
    if notifications:
        s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration=notifications)
