"""Writes that threads make at the same time, in one call: while calls are under way, the next writes gather.

A call of botocore takes the processor as long with one write as with 25: of a batch's claims and marks, most go
together. Nobody waits for company, and each write has a condition and an answer of its own:
https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchExecuteStatement.html
"""

from __future__ import annotations

import math
from collections import deque
from concurrent.futures import Future
from dataclasses import dataclass, field
from threading import Lock, Semaphore
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools import Logger
from botocore.exceptions import BotoCoreError

from functions.notify.aws import THREADS, name_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mypy_boto3_dynamodb import DynamoDBClient

logger = Logger()

MOST_TOGETHER = 25
# They take the writes of all our threads: whoever comes while DynamoDB hangs waits for one time-out, not for several.
CALLS_AT_ONCE = math.ceil(THREADS / MOST_TOGETHER)


@dataclass(frozen=True, kw_only=True)
class Statement:
    """A write of one item in PartiQL, on a condition; `item` tells the item from all others."""

    item: str
    text: str
    parameters: Sequence[Any]


@dataclass(frozen=True)
class Statements:
    """Writes statements for any number of threads."""

    client: DynamoDBClient
    _waiting: deque[tuple[Statement, Future[bool]]] = field(default_factory=deque)
    _lock: Lock = field(default_factory=Lock)
    _calls: Semaphore = field(default_factory=lambda: Semaphore(CALLS_AT_ONCE))

    def write(self, statement: Statement) -> bool:
        """Tell whether the statement was written. False: a write of its own is to tell why not.

        Its condition did not hold, or DynamoDB refused it, or the whole call: some stand-ins for DynamoDB know no such
        statements. Raises BotoCoreError where DynamoDB was not reached or did not answer: another try would only take
        as long again.
        """
        written: Future[bool] = Future()
        with self._lock:
            self._waiting.append((statement, written))
        # Each thread makes one call at most, for whatever waits by then; so many calls are enough for all.
        with self._calls:
            if group := self._next():
                self._execute(group)
        return written.result()

    def _next(self) -> dict[str, tuple[Statement, Future[bool]]]:
        """Take what has waited longest, and of several writes of one item the first: a call takes no item twice."""
        group: dict[str, tuple[Statement, Future[bool]]] = {}
        with self._lock:
            while self._waiting and len(group) < MOST_TOGETHER and self._waiting[0][0].item not in group:
                statement, written = self._waiting.popleft()
                group[statement.item] = statement, written
        return group

    def _execute(self, group: dict[str, tuple[Statement, Future[bool]]]) -> None:
        try:
            outcomes = self._call([statement for statement, _ in group.values()])
            for (_, written), outcome in zip(group.values(), outcomes, strict=True):
                written.set_result(outcome)
        except BotoCoreError as error:
            for _, written in group.values():
                written.set_exception(error)
        except Exception as error:  # noqa: BLE001 - the writes of their own meet it again, if it is more than this call's
            logger.warning("statements refused: each write is made alone", extra={"reason": name_of(error)})
        finally:
            # Whatever was raised or answered, nobody waits for ever.
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
