"""Consumer with aiokafka: prints a line for each paid order. It reads KAFKA_BOOTSTRAP_SERVERS."""

import asyncio
import contextlib
import json
import os
import signal

from aiokafka import AIOKafkaConsumer

TYPE = "order.paid.v1"


async def main() -> None:
    """Read events until somebody ends the process."""
    consumer = AIOKafkaConsumer(
        "order-events",
        bootstrap_servers=os.environ["KAFKA_BOOTSTRAP_SERVERS"],
        group_id="plain-aiokafka",
        auto_offset_reset="earliest",
        enable_auto_commit=False,
    )
    done: set[str] = set()  # in memory: a service keeps the ids beside what its work writes
    task = asyncio.current_task()
    assert task  # noqa: S101 this runs in one
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    async with consumer:
        with contextlib.suppress(asyncio.CancelledError):
            async for record in consumer:
                headers = dict(record.headers)
                if record.value and headers.get("content-type", b"").startswith(b"application/cloudevents+json"):
                    event = json.loads(record.value)
                    # The type first: an event that this consumer ignores is not done.
                    if event["specversion"] == "1.0" and event["type"] == TYPE and event["id"] not in done:
                        print(event["data"]["order_id"], event["data"]["total"], event["data"]["currency"], flush=True)
                        done.add(event["id"])
                await consumer.commit()  # after the work: a process that dies before it reads the record again


if __name__ == "__main__":
    asyncio.run(main())
