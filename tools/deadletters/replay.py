"""Brings one record to the notify function again, as its mapping would."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient

    from tools.deadletters.letters import Letter

# With this header, the ledger lets a notification that failed be claimed again; what was sent is never sent again.
_HEADER, _VALUE = "replay", list(b"true")


class NotDoneError(Exception):
    """The record did not go through, and stays where it is; the message says why."""


def replay(letter: Letter, *, client: LambdaClient, function: str) -> None:
    """Invoke the function with an event of this one record. Raises NotDoneError."""
    if letter.record is None:
        raise NotDoneError(
            f"it was too large for the queue: Kafka has it, topic {letter.topic}, partition {letter.partition}, "
            f"offset {letter.offset}, for as long as the topic keeps it"
        )
    answer = client.invoke(FunctionName=function, Payload=json.dumps(_event(letter, letter.record)))
    payload = answer["Payload"].read()
    if answer.get("FunctionError"):
        raise NotDoneError(f"{function} failed as a whole ({_error_type(payload)}); its log says more")
    if not _is_done(payload):
        raise NotDoneError(f"{function} could not do it now; its log says why")


def _event(letter: Letter, record: Any) -> dict[str, Any]:
    headers = [header for header in record.get("headers") or [] if _HEADER not in header]
    replayed = {**record, "headers": [*headers, {_HEADER: _VALUE}]}
    return {
        "eventSource": "SelfManagedKafka",
        "bootstrapServers": "",
        "records": {f"{letter.topic}-{letter.partition}": [replayed]},
    }


def _is_done(payload: bytes) -> bool:
    """Tell whether the answer names no failure; one that says nothing in the mapping's form is no success either."""
    try:
        answer = json.loads(payload)
    except ValueError:
        return False
    return isinstance(answer, dict) and answer.get("batchItemFailures") == []


def _error_type(payload: bytes) -> str:
    """Return the type of the error. Its message may hold anything, and is in the function's log."""
    error = json.loads(payload)
    return str(error.get("errorType")) if isinstance(error, dict) else "of no type"
