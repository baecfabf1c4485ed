"""Batch writer: combines writes of several threads into one call. Writes collect while earlier calls are under way.

A botocore call takes as much processor time with 25 writes as with one, and most of a batch's claims and marks share a
call. A write never waits for others to join it, and each has a condition and an answer of its own:
https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchExecuteStatement.html
"""

from __future__ import annotations

import math
from collections import deque
from concurrent.futures import Future
from dataclasses import dataclass, field
from threading import Lock, Semaphore
from typing import TYPE_CHECKING, Any, Protocol

from botocore.exceptions import BotoCoreError

from functions.notify.aws_clients import THREADS, error_code
from functions.notify.logs import logger

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mypy_boto3_dynamodb.type_defs import BatchStatementRequestTypeDef

MAX_BATCH_SIZE = 25
# Enough calls for the writes of all threads: while DynamoDB hangs, a thread waits for one time-out, not for several.
CALLS_AT_ONCE = math.ceil(THREADS / MAX_BATCH_SIZE)


@dataclass(frozen=True, kw_only=True)
class Statement:
    """A conditional write of one item in PartiQL; `item` identifies the item."""

    item: str
    text: str
    parameters: Sequence[Any]


class PartiQlClient(Protocol):
    """The part of DynamoDB's client that writes a batch of statements."""

    def batch_execute_statement(
        self,
        *,
        Statements: Sequence[BatchStatementRequestTypeDef],  # noqa: N803
    ) -> Mapping[str, Any]:
        """Execute statements, and return a response for each."""
        ...


@dataclass(frozen=True)
class BatchWriter:
    """Writer of statements for any number of threads."""

    client: PartiQlClient
    _waiting: deque[tuple[Statement, Future[bool]]] = field(default_factory=deque)
    _lock: Lock = field(default_factory=Lock)
    _calls: Semaphore = field(default_factory=lambda: Semaphore(CALLS_AT_ONCE))

    def write(self, statement: Statement) -> bool:
        """Write the statement, and return whether that succeeded. If not, the caller writes alone, and gets the reason.

        It fails if its condition does not hold, or if DynamoDB refuses it or the whole call: some emulators of DynamoDB
        do not support such statements. Raises BotoCoreError if DynamoDB was not reached or did not answer: a second
        attempt would take as long again.
        """
        written: Future[bool] = Future()
        with self._lock:
            self._waiting.append((statement, written))
        # Each thread makes at most one call, for the writes that wait by then. So there are enough calls for all.
        with self._calls:
            if group := self._next():
                self._execute(group)
        return written.result()

    def _next(self) -> dict[str, tuple[Statement, Future[bool]]]:
        """Take the writes that have waited longest; of several for one item, the first. A call takes no item twice."""
        group: dict[str, tuple[Statement, Future[bool]]] = {}
        with self._lock:
            while self._waiting and len(group) < MAX_BATCH_SIZE and self._waiting[0][0].item not in group:
                statement, written = self._waiting.popleft()
                group[statement.item] = statement, written
        return group

    def _execute(self, group: dict[str, tuple[Statement, Future[bool]]]) -> None:
        try:
            results = self._call([statement for statement, _ in group.values()])
            for (_, written), result in zip(group.values(), results, strict=True):
                written.set_result(result)
        except BotoCoreError as error:
            for _, written in group.values():
                written.set_exception(error)
        except Exception as error:  # noqa: BLE001 - if it is not only of this call, the callers' own writes raise it again
            logger.warning("batch of writes failed: each is written alone", extra={"reason": error_code(error)})
        finally:
            # No thread waits for ever, whatever the call raised or answered.
            for _, written in group.values():
                if not written.done():
                    written.set_result(False)

    def _call(self, statements: Sequence[Statement]) -> list[bool]:
        answer = self.client.batch_execute_statement(
            Statements=[
                {"Statement": statement.text, "Parameters": list(statement.parameters)} for statement in statements
            ]
        )
        return ["Error" not in response for _, response in zip(statements, answer["Responses"], strict=True)]
