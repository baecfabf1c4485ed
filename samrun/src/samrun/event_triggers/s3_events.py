"""Events that a function gets of a bucket.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html
"""

import json
import time
import uuid
from collections.abc import Mapping
from typing import Any

from samrun.supervision.ports import LOOPBACK
from samrun.template.model.account import ACCOUNT


def s3_event(message: str) -> bytes | None:
    """Return the JSON event of a message that S3 sent to a queue; None if it only tests the queue.

    The local S3 leaves out who made the request, and where. These fields are filled in, since functions read them.
    """
    content: dict[str, Any] = json.loads(message)
    if content.get("Event") == "s3:TestEvent":
        return None
    return json.dumps({"Records": [_complete(record) for record in content["Records"]]}).encode()


def _complete(record: Mapping[str, Any]) -> dict[str, Any]:
    s3 = record["s3"]
    # A sequencer tells which of two events of one key came first.
    thing = {"sequencer": f"{time.time_ns():018X}", **s3["object"]}
    if record["eventName"].startswith("ObjectRemoved:"):
        thing = {name: value for name, value in thing.items() if name not in {"eTag", "size"}}
    return {
        "userIdentity": {"principalId": f"AWS:{ACCOUNT}"},
        "requestParameters": {"sourceIPAddress": LOOPBACK},
        "responseElements": {"x-amz-request-id": uuid.uuid4().hex[:16].upper(), "x-amz-id-2": uuid.uuid4().hex},
        **record,
        "s3": {**s3, "bucket": {"ownerIdentity": {"principalId": ACCOUNT}, **s3["bucket"]}, "object": thing},
    }
