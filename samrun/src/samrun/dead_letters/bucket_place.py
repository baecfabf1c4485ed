"""Bucket that gets dead letters: each object is one."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC
from typing import Any

from botocore.exceptions import ClientError

from samrun.dead_letters.dead_letter import DeadLetter, DeadLetterError, Place
from samrun.dead_letters.reading import contents_of
from samrun.error_code import error_code
from samrun.services.clients import Clients

_MAX_KEYS = 10_000  # of which the newest are shown


@dataclass(frozen=True, kw_only=True)
class BucketPlace:
    """Bucket with dead letters. Methods raise the errors of boto3. For any thread."""

    place: Place
    client: Clients

    def dead_letters(self, limit: int) -> Iterator[DeadLetter]:
        """Yield the newest dead letters, up to so many, one after another: each may have 6 MB."""
        pages = (
            self.client("s3")
            .get_paginator("list_objects_v2")
            .paginate(Bucket=self.place.name, PaginationConfig={"MaxItems": _MAX_KEYS})
        )
        objects = [each for page in pages for each in page.get("Contents", [])]
        newest = sorted(objects, key=lambda each: each["LastModified"], reverse=True)
        for each in newest[:limit]:
            # Another page may have deleted it meanwhile.
            with contextlib.suppress(DeadLetterError):
                yield self.find(each["Key"])

    def find(self, identifier: str) -> DeadLetter:
        """Return the dead letter in an object, by its key. Raises DeadLetterError."""
        try:
            found: Any = self.client("s3").get_object(Bucket=self.place.name, Key=identifier)
        except ClientError as error:
            if error_code(error) == "NoSuchKey":
                raise DeadLetterError(
                    f"There is no object {identifier} any more: it was deleted or replayed."
                ) from error
            raise
        body = found["Body"].read()
        return DeadLetter(
            place=self.place,
            id=identifier,
            at=found["LastModified"].astimezone(UTC),
            body=body,
            contents=contents_of(body, {}),
        )

    def delete(self, identifier: str) -> None:
        """Delete a dead letter."""
        self.client("s3").delete_object(Bucket=self.place.name, Key=identifier)
