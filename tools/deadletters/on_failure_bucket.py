"""On-failure bucket of the mapping: one object for each batch that the mapping discarded, with the batch's event.

https://docs.aws.amazon.com/lambda/latest/dg/kafka-on-failure.html
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING, Any

from tools.deadletters.dead_letter import DeadLetter, UnreadableError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mypy_boto3_s3 import S3Client

# Lambda's prefix for the objects that it writes.
_PREFIX = "aws/lambda/"


class OnFailureBucket:
    """The discarded batches in the bucket. After the removal of some records, a batch is written back with the rest."""

    def __init__(self, client: S3Client, name: str) -> None:
        self._client = client
        self._name = name
        self.unreadable: list[str] = []
        """Texts about the objects that are not discarded batches."""

    def dead_letters(self) -> list[DeadLetter]:
        """Read every batch, and return a dead letter for each of its records."""
        dead_letters: list[DeadLetter] = []
        for key in self._keys():
            try:
                dead_letters += _dead_letters(key, self._read(key))
            except UnreadableError as error:
                self.unreadable.append(str(error))
        return dead_letters

    def remove(self, dead_letter: DeadLetter) -> None:
        """Remove one record from its batch; delete the batch with its last record.

        Two runs at once may undo each other's removals. A record that reappears so can be replayed again: the ledger
        knows that its notification was sent.
        """
        batch = self._read(dead_letter.place)
        event = json.loads(batch["payload"])
        event["records"] = {
            partition: left
            for partition, records in event["records"].items()
            if (left := [each for each in records if not _is(each, dead_letter)])
        }
        if event["records"]:
            body = json.dumps(batch | {"payload": json.dumps(event)})
            self._client.put_object(Bucket=self._name, Key=dead_letter.place, Body=body, ContentType="application/json")
        else:
            self._client.delete_object(Bucket=self._name, Key=dead_letter.place)

    def _keys(self) -> Iterator[str]:
        pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=self._name, Prefix=_PREFIX)
        for page in pages:
            yield from (each["Key"] for each in page.get("Contents", []))

    def _read(self, key: str) -> Any:
        content = self._client.get_object(Bucket=self._name, Key=key)["Body"].read()
        try:
            return json.loads(content)
        except (ValueError, RecursionError):
            raise _unreadable(key, "it is not JSON") from None


def _dead_letters(key: str, batch: Any) -> list[DeadLetter]:
    """Return a dead letter for each record of a batch. Raises UnreadableError."""
    try:
        when, condition = _moment(batch["timestamp"]), batch["requestContext"]["condition"]
        error = (batch["responseContext"] or {}).get("functionError")
        return [
            DeadLetter(
                topic=str(record["topic"]),
                partition=int(record["partition"]),
                offset=int(record["offset"]),
                reason=f"{condition} ({error})" if error else str(condition),
                when=when,
                where="bucket",
                place=key,
                record=record,
            )
            for records in json.loads(batch["payload"])["records"].values()
            for record in records
        ]
    except (AttributeError, KeyError, OverflowError, TypeError, ValueError, RecursionError) as error:
        raise _unreadable(key, type(error).__name__) from error


def _moment(text: str) -> datetime:
    """Return a time with its zone. Raises TypeError and ValueError."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError
    return moment


def _unreadable(key: str, why: str) -> UnreadableError:
    return UnreadableError(f"The object {key} in the bucket is not a batch that a mapping discarded ({why})")


def _is(record: dict[str, Any], dead_letter: DeadLetter) -> bool:
    identity = (dead_letter.topic, dead_letter.partition, dead_letter.offset)
    return (str(record["topic"]), int(record["partition"]), int(record["offset"])) == identity
