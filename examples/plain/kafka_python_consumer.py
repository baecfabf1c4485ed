"""Consumer with kafka-python: prints a line for each paid order. It reads KAFKA_BOOTSTRAP_SERVERS."""

import json
import os
import signal
import sys

from kafka import KafkaConsumer

TYPE = "order.paid.v1"


def main() -> None:
    """Read events until somebody ends the process."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())  # leaves the group by `close`
    consumer = KafkaConsumer(
        "order-events",
        bootstrap_servers=os.environ["KAFKA_BOOTSTRAP_SERVERS"],
        group_id="plain-kafka-python",
        auto_offset_reset="earliest",
        enable_auto_commit=False,
    )
    done: set[str] = set()  # in memory: a service keeps the ids beside what its work writes
    try:
        for record in consumer:
            headers = dict(record.headers)
            if record.value and headers.get("content-type", b"").startswith(b"application/cloudevents+json"):
                event = json.loads(record.value)
                # The type first: an event that this consumer ignores is not done.
                if event["specversion"] == "1.0" and event["type"] == TYPE and event["id"] not in done:
                    print(event["data"]["order_id"], event["data"]["total"], event["data"]["currency"], flush=True)
                    done.add(event["id"])
            consumer.commit()  # after the work: a process that dies before it reads the record again
    finally:
        consumer.close(autocommit=False)


if __name__ == "__main__":
    main()
