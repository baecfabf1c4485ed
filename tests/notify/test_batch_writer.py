"""Writes of many threads: together where they come together, each with its own answer."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Event, Lock
from typing import TYPE_CHECKING, Any, cast

import pytest
from botocore.exceptions import ClientError, ReadTimeoutError

from functions.notify.statements import CALLS_AT_ONCE, MOST_TOGETHER, Statement, Statements

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


class FakeClient:
    """Answers when it is let; a statement that says REFUSED is refused. `calls` has the texts of each."""

    def __init__(self) -> None:
        self.calls: list[list[str]] = []
        self.busy, self.let = Event(), Event()
        self.error: BaseException | None = None
        self.answer: dict[str, Any] | None = None
        self._lock = Lock()

    def batch_execute_statement(self, *, Statements: list[dict[str, Any]]) -> dict[str, Any]:  # noqa: N803 - boto3's
        texts = [each["Statement"] for each in Statements]
        with self._lock:
            self.calls.append(texts)
            if len(self.calls) == CALLS_AT_ONCE:
                self.busy.set()
        assert self.let.wait(30)
        if self.error:
            raise self.error
        if self.answer is not None:
            return self.answer
        refused = {"Error": {"Code": "ConditionalCheckFailed"}}
        return {"Responses": [refused if text == "REFUSED" else {"TableName": "t"} for text in texts]}


def statement(item: str, text: str = "WRITE") -> Statement:
    return Statement(item=item, text=text, parameters=[{"S": item}])


@pytest.fixture
def client() -> FakeClient:
    return FakeClient()


@pytest.fixture
def statements(client: FakeClient) -> Statements:
    return Statements(cast("DynamoDBClient", client))


def test_one_alone_waits_for_nobody(client: FakeClient, statements: Statements) -> None:
    client.let.set()
    assert statements.write(statement("a"))
    assert not statements.write(statement("b", "REFUSED"))
    assert client.calls == [["WRITE"], ["REFUSED"]]


def test_what_comes_while_calls_are_under_way_goes_together(client: FakeClient, statements: Statements) -> None:
    with ThreadPoolExecutor(64) as threads:
        first = [threads.submit(statements.write, statement(f"first-{number}")) for number in range(CALLS_AT_ONCE)]
        assert client.busy.wait(30)
        later = [threads.submit(statements.write, statement(f"{number}")) for number in range(30)]
        refused = threads.submit(statements.write, statement("refused", "REFUSED"))
        while len(statements._waiting) < 31:
            pass
        client.let.set()
        assert all(future.result(30) for future in [*first, *later])
        assert not refused.result(30), "it has an answer of its own"
    assert sum(map(len, client.calls)) == CALLS_AT_ONCE + 31
    assert len(client.calls) == CALLS_AT_ONCE + 2, "what is more than one call takes is in a second"
    assert max(map(len, client.calls)) == MOST_TOGETHER


def test_two_writes_of_one_item_are_in_two_calls(client: FakeClient, statements: Statements) -> None:
    with ThreadPoolExecutor(64) as threads:
        first = [threads.submit(statements.write, statement(f"first-{number}")) for number in range(CALLS_AT_ONCE)]
        assert client.busy.wait(30)
        later = [threads.submit(statements.write, statement("same", text)) for text in ("ONE", "ANOTHER")]
        while len(statements._waiting) < 2:
            pass
        client.let.set()
        assert all(future.result(30) for future in [*first, *later])
    assert sorted(client.calls[CALLS_AT_ONCE:]) == [["ANOTHER"], ["ONE"]]


def test_a_call_that_fails_fails_for_each(client: FakeClient, statements: Statements) -> None:
    client.error = ReadTimeoutError(endpoint_url="https://dynamodb.example")
    client.let.set()
    with ThreadPoolExecutor(8) as threads:
        futures = [threads.submit(statements.write, statement(f"{number}")) for number in range(8)]
        assert [type(future.exception(30)) for future in futures] == [ReadTimeoutError] * 8
    client.error = None
    assert statements.write(statement("after it"))


@pytest.mark.parametrize("error", [ClientError({"Error": {"Code": "Unknown"}}, "BatchExecuteStatement"), TypeError()])
def test_a_call_that_is_refused_writes_nothing(client: FakeClient, statements: Statements, error: Exception) -> None:
    client.error = error
    client.let.set()
    assert not statements.write(statement("a"))


@pytest.mark.parametrize("answer", [{}, {"Responses": []}, {"Responses": [{}, {}]}])
def test_an_answer_that_is_not_one_for_each_tells_nothing(
    client: FakeClient, statements: Statements, answer: dict[str, Any]
) -> None:
    client.answer = answer
    client.let.set()
    assert not statements.write(statement("a"))


def test_nobody_waits_for_ever_whatever_a_call_raises(client: FakeClient, statements: Statements) -> None:
    with ThreadPoolExecutor(8) as threads:
        futures = [threads.submit(statements.write, statement(f"{number}")) for number in range(8)]
        assert client.busy.wait(30)
        while len(statements._waiting) < 8 - CALLS_AT_ONCE:
            pass
        client.error = SystemExit()
        client.let.set()
        raised = [future.exception(30) for future in futures]
    assert {type(error) for error in raised} == {SystemExit, type(None)}
    assert not any(future.result() for future, error in zip(futures, raised, strict=True) if error is None)
