"""Preparation of Kafka and DynamoDB Local for quick starts: one short run of each writes its AOT cache; see aot_cache.

What a run does is in its cache, and nothing else. So the runs do what each stack does at its start.
"""

import asyncio
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import boto3
import filelock
from botocore.config import Config
from confluent_kafka import Consumer, Producer

from samrun.services import aot_cache, dynamodb, java, kafka
from samrun.services.clients import CREDENTIALS
from samrun.services.dynamodb_proxy import REGION
from samrun.supervision import ports
from samrun.supervision.ports import LOOPBACK
from samrun.supervision.process import Process

_NAME = "training"
# Seconds for an answer of a program that runs for the first time.
_PATIENCE = 30
# The least that Unix gives a process.
_NICENESS = 19


async def write_aot_caches(class_paths: Mapping[str, str], *, progress: Callable[[str], None]) -> None:
    """Write the caches that are missing, by the class path of each program. Later starts need half the time."""
    for name, program, run in (
        ("Kafka", kafka.PROGRAM, _run_kafka),
        ("DynamoDB Local", dynamodb.PROGRAM, _run_dynamodb),
    ):
        cache = aot_cache.path(class_paths[program])
        if not cache or cache.exists():
            continue
        # Several stacks may start at once on a new machine.
        async with filelock.AsyncFileLock(cache.with_name(f"{cache.name}.lock")):
            if cache.exists():
                continue
            progress(f"preparing {name} for quick starts (once for this machine)")
            with tempfile.TemporaryDirectory() as folder:
                async with aot_cache.written_by_a_run(cache) as jvm_options:
                    await run(class_paths[program], Path(folder), jvm_options)


@asynccontextmanager
async def prepared_in_background(programs: Sequence[str], *, logs: Path) -> AsyncIterator[Process | None]:
    """Have another process write the caches of these programs that are missing, while the body runs; yield it.

    It leaves the processor to others, and ends with the body; then, the next start tries again. The programs are on
    this machine. `logs` is the folder for its log. Yields None if no cache is missing.
    """
    caches = [aot_cache.path(java.jars(folder)) for folder in java.program_folders(programs).values()]
    if all(cache is None or cache.exists() for cache in caches):
        yield None
        return
    command = ["nice", "-n", str(_NICENESS), sys.executable, "-m", "samrun", "fetch"]
    process = await Process.start("the preparation of quick starts", command, log=logs / "fetch.log")
    try:
        yield process
    finally:
        await process.stop()


async def _run_kafka(class_path: str, folder: Path, jvm_options: tuple[str, ...]) -> None:
    port = ports.claim("Kafka", 0)
    process = await kafka.start(
        port=port,
        controller_port=ports.claim("Kafka's controller", 0),
        class_path=class_path,
        data=folder / "data",
        logs=folder / "logs",
        jvm_options=jvm_options,
    )
    async with _ended_in_order(process):
        await kafka.wait_until_ready(f"{LOOPBACK}:{port}")
        await asyncio.to_thread(_use_broker, f"{LOOPBACK}:{port}")


async def _run_dynamodb(class_path: str, folder: Path, jvm_options: tuple[str, ...]) -> None:
    dynamodb.make_cacheable(class_path)
    port = ports.claim("DynamoDB Local", 0)
    process = await dynamodb.start(
        port=port,
        class_path=class_path,
        data=folder / "data",
        logs=folder / "logs",
        shared=False,
        jvm_options=jvm_options,
    )
    async with _ended_in_order(process):
        await dynamodb.wait_until_ready(port)
        await asyncio.to_thread(_use_database, f"http://{LOOPBACK}:{port}")


@asynccontextmanager
async def _ended_in_order(process: Process) -> AsyncIterator[None]:
    try:
        yield
    except BaseException:
        await process.stop(patience=0)
        raise
    await aot_cache.end(process)


def _use_broker(bootstrap: str) -> None:
    """Create a topic, and have a member of a group read a record of it."""
    kafka.create_topics(bootstrap, [_NAME], partitions=1)
    settings = {"bootstrap.servers": bootstrap, "log_level": 0}
    producer = Producer({**settings, "enable.idempotence": True})
    producer.produce(_NAME, b"value", b"key")
    producer.flush(_PATIENCE)
    consumer = Consumer({**settings, "group.id": _NAME, "auto.offset.reset": "earliest", "enable.auto.commit": False})
    try:
        consumer.subscribe([_NAME])
        if consumer.poll(_PATIENCE):
            consumer.commit(asynchronous=False)
    finally:
        consumer.close()


def _use_database(url: str) -> None:
    """Create a table with an index and a stream, write an item in each of the usual ways, and read it."""
    session = boto3.Session(
        aws_access_key_id=CREDENTIALS["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
        region_name=REGION,
    )
    client: Any = session.client("dynamodb", endpoint_url=url, config=Config(proxies={}, read_timeout=_PATIENCE))
    keys = [{"AttributeName": "Id", "KeyType": "HASH"}]
    client.create_table(
        TableName=_NAME,
        AttributeDefinitions=[{"AttributeName": "Id", "AttributeType": "S"}],
        KeySchema=keys,
        GlobalSecondaryIndexes=[{"IndexName": _NAME, "KeySchema": keys, "Projection": {"ProjectionType": "ALL"}}],
        BillingMode="PAY_PER_REQUEST",
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
    )
    client.list_tables()
    item = {"Id": {"S": "1"}, "Count": {"N": "1"}}
    put = {"TableName": _NAME, "Item": item, "ConditionExpression": "attribute_not_exists(Id)"}
    client.transact_write_items(TransactItems=[{"Put": put}])
    client.put_item(TableName=_NAME, Item=item)
    client.update_item(
        TableName=_NAME,
        Key={"Id": item["Id"]},
        UpdateExpression="SET #count = #count + :one",
        ExpressionAttributeNames={"#count": "Count"},
        ExpressionAttributeValues={":one": {"N": "1"}},
    )
    client.get_item(TableName=_NAME, Key={"Id": item["Id"]})
    client.query(
        TableName=_NAME,
        IndexName=_NAME,
        KeyConditionExpression="Id = :id",
        ExpressionAttributeValues={":id": item["Id"]},
    )
    client.scan(TableName=_NAME)
    client.close()
