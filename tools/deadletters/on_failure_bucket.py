"""The batches that the mapping gave up, in its on-failure bucket: an object a batch, its event among what is in it.

https://docs.aws.amazon.com/lambda/latest/dg/kafka-on-failure.html
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING, Any

from tools.deadletters.letters import Letter, UnreadableError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mypy_boto3_s3 import S3Client

# Lambda's own, for whatever it keeps in a bucket.
_PREFIX = "aws/lambda/"


class Bucket:
    """The objects in the bucket. An object of which some records are removed is written back with the others."""

    def __init__(self, client: S3Client, name: str) -> None:
        self._client = client
        self._name = name
        self.unreadable: list[str] = []
        """What lies there and is no batch that a mapping gave up, in words."""

    def letters(self) -> list[Letter]:
        """Read all there are: a letter for each record of each batch."""
        letters: list[Letter] = []
        for key in self._keys():
            try:
                letters += _letters(key, self._read(key))
            except UnreadableError as error:
                self.unreadable.append(str(error))
        return letters

    def remove(self, letter: Letter) -> None:
        """Take one record out of its batch, and delete the batch with its last one.

        Two runs at once may undo each other's removals. What comes back that way can be replayed again, and the ledger
        knows that it was sent.
        """
        batch = self._read(letter.place)
        event = json.loads(batch["payload"])
        event["records"] = {
            partition: left
            for partition, records in event["records"].items()
            if (left := [each for each in records if not _is(each, letter)])
        }
        if event["records"]:
            body = json.dumps(batch | {"payload": json.dumps(event)})
            self._client.put_object(Bucket=self._name, Key=letter.place, Body=body, ContentType="application/json")
        else:
            self._client.delete_object(Bucket=self._name, Key=letter.place)

    def _keys(self) -> Iterator[str]:
        pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=self._name, Prefix=_PREFIX)
        for page in pages:
            yield from (each["Key"] for each in page.get("Contents", []))

    def _read(self, key: str) -> Any:
        content = self._client.get_object(Bucket=self._name, Key=key)["Body"].read()
        try:
            return json.loads(content)
        except ValueError:
            raise _unreadable(key, "it is not JSON") from None


def _letters(key: str, batch: Any) -> list[Letter]:
    """Raises UnreadableError."""
    try:
        when, condition = datetime.fromisoformat(batch["timestamp"]), batch["requestContext"]["condition"]
        error = (batch["responseContext"] or {}).get("functionError")
        return [
            Letter(
                topic=record["topic"],
                partition=record["partition"],
                offset=record["offset"],
                reason=f"{condition} ({error})" if error else condition,
                when=when,
                where="bucket",
                place=key,
                record=record,
            )
            for records in json.loads(batch["payload"])["records"].values()
            for record in records
        ]
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise _unreadable(key, type(error).__name__) from error


def _unreadable(key: str, why: str) -> UnreadableError:
    return UnreadableError(f"The object {key} in the bucket is no batch that a mapping gave up ({why})")


def _is(record: dict[str, Any], letter: Letter) -> bool:
    return (record["topic"], record["partition"], record["offset"]) == (letter.topic, letter.partition, letter.offset)
