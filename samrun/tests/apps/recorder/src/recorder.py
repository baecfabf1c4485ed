"""Notes each record that it gets: when, its partition, its offset, and its value, which is a number."""

import base64
import json
import os
import time
from pathlib import Path
from typing import Any

# Each process has a file of its own: the last line of one that was killed may be torn.
_NOTES = Path(os.environ["NOTES"], f"stack-{os.getpid()}-{time.monotonic_ns()}.jsonl").open("ab", buffering=0)  # noqa: SIM115 - it is open for as long as the process runs
_WORK = 0.02  # seconds


def handler(event: dict[str, Any], _context: object) -> None:
    at = time.monotonic()
    records = [
        (record["partition"], record["offset"], int(base64.b64decode(record["value"])))
        for records in event["records"].values()
        for record in records
    ]
    _NOTES.write(json.dumps({"at": at, "records": records}).encode() + b"\n")
    time.sleep(_WORK)
