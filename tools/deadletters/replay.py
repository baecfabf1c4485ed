"""Replay of one record: sends it to the notify function again, as its mapping would."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tools.deadletters.dead_letter import DeadLetter

# With this header, the ledger allows a new claim of a failed notification. It never allows a second send.
_HEADER, _VALUE = "replay", list(b"true")


class FunctionClient(Protocol):
    """Client that invokes functions, such as boto3's client of Lambda."""

    def invoke(self, *, FunctionName: str, Payload: str | bytes) -> Mapping[str, Any]:  # noqa: N803 - boto3's names
        """Invoke a function with a JSON payload; return `Payload`, a stream, and `FunctionError` if it failed."""
        ...

    def close(self) -> None:
        """Close the connections."""
        ...


class ReplayError(Exception):
    """The function did not process the record, which stays a dead letter; the message says why."""


def replay(dead_letter: DeadLetter, *, client: FunctionClient, function: str) -> None:
    """Invoke the function with an event of this one record. Raises ReplayError."""
    if dead_letter.record is None:
        raise ReplayError(
            f"it was too large for the queue: Kafka has it, topic {dead_letter.topic}, "
            f"partition {dead_letter.partition}, offset {dead_letter.offset}, until the topic deletes it"
        )
    answer = client.invoke(FunctionName=function, Payload=json.dumps(_event(dead_letter, dead_letter.record)))
    payload = answer["Payload"].read()
    if answer.get("FunctionError"):
        raise ReplayError(f"{function} failed as a whole ({_error_code(payload)}); its log has more")
    if not _is_done(payload):
        raise ReplayError(f"{function} could not process it now; its log says why")


def _event(dead_letter: DeadLetter, record: Any) -> dict[str, Any]:
    headers = [header for header in record.get("headers") or [] if _HEADER not in header]
    replayed = {**record, "headers": [*headers, {_HEADER: _VALUE}]}
    return {
        "eventSource": "SelfManagedKafka",
        "bootstrapServers": "",
        "records": {f"{dead_letter.topic}-{dead_letter.partition}": [replayed]},
    }


def _is_done(payload: bytes) -> bool:
    """Tell whether the answer is a partial batch response without failures."""
    try:
        answer = json.loads(payload)
    except ValueError:
        return False
    return isinstance(answer, dict) and answer.get("batchItemFailures") == []


def _error_code(payload: bytes) -> str:
    """Return the code of the error. The message may have personal data; it is in the function's log."""
    error = json.loads(payload)
    return str(error.get("errorType")) if isinstance(error, dict) else "without a code"
