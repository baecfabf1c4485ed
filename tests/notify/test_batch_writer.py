"""Writes of many threads: in one call if they come at the same time, each with an answer of its own."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from botocore.exceptions import ClientError, ReadTimeoutError

from functions.notify.ledger.batch_writer import CALLS_AT_ONCE, MAX_BATCH_SIZE, BatchWriter, Statement
from tests.notify.fakes import FakeStatements


def statement(item: str, text: str = "WRITE") -> Statement:
    return Statement(item=item, text=text, parameters=[{"S": item}])


@pytest.fixture
def client() -> FakeStatements:
    return FakeStatements()


@pytest.fixture
def batch_writer(client: FakeStatements) -> BatchWriter:
    return BatchWriter(client)


def test_a_single_write_does_not_wait_for_others(client: FakeStatements, batch_writer: BatchWriter) -> None:
    client.let.set()
    assert batch_writer.write(statement("a"))
    assert not batch_writer.write(statement("b", "REFUSED"))
    assert client.calls == [["WRITE"], ["REFUSED"]]


def test_writes_that_come_during_calls_share_the_next_call(client: FakeStatements, batch_writer: BatchWriter) -> None:
    with ThreadPoolExecutor(64) as threads:
        first = [threads.submit(batch_writer.write, statement(f"first-{number}")) for number in range(CALLS_AT_ONCE)]
        assert client.busy.wait(30)
        later = [threads.submit(batch_writer.write, statement(f"{number}")) for number in range(30)]
        refused = threads.submit(batch_writer.write, statement("refused", "REFUSED"))
        while len(batch_writer._waiting) < 31:
            pass
        client.let.set()
        assert all(future.result(30) for future in [*first, *later])
        assert not refused.result(30), "it has an answer of its own"
    assert sum(map(len, client.calls)) == CALLS_AT_ONCE + 31
    assert len(client.calls) == CALLS_AT_ONCE + 2, "what is more than one call takes is in a second"
    assert max(map(len, client.calls)) == MAX_BATCH_SIZE


def test_two_writes_of_one_item_are_in_two_calls(client: FakeStatements, batch_writer: BatchWriter) -> None:
    with ThreadPoolExecutor(64) as threads:
        first = [threads.submit(batch_writer.write, statement(f"first-{number}")) for number in range(CALLS_AT_ONCE)]
        assert client.busy.wait(30)
        later = [threads.submit(batch_writer.write, statement("same", text)) for text in ("ONE", "ANOTHER")]
        while len(batch_writer._waiting) < 2:
            pass
        client.let.set()
        assert all(future.result(30) for future in [*first, *later])
    assert sorted(client.calls[CALLS_AT_ONCE:]) == [["ANOTHER"], ["ONE"]]


def test_an_error_of_a_call_is_raised_for_each_write(client: FakeStatements, batch_writer: BatchWriter) -> None:
    client.error = ReadTimeoutError(endpoint_url="https://dynamodb.example")
    client.let.set()
    with ThreadPoolExecutor(8) as threads:
        futures = [threads.submit(batch_writer.write, statement(f"{number}")) for number in range(8)]
        assert [type(future.exception(30)) for future in futures] == [ReadTimeoutError] * 8
    client.error = None
    assert batch_writer.write(statement("after it"))


@pytest.mark.parametrize("error", [ClientError({"Error": {"Code": "Unknown"}}, "BatchExecuteStatement"), TypeError()])
def test_a_call_that_dynamodb_refuses_writes_nothing(
    client: FakeStatements, batch_writer: BatchWriter, error: Exception
) -> None:
    client.error = error
    client.let.set()
    assert not batch_writer.write(statement("a"))


@pytest.mark.parametrize("answer", [{}, {"Responses": []}, {"Responses": [{}, {}]}])
def test_an_answer_without_one_response_for_each_write_counts_as_not_written(
    client: FakeStatements, batch_writer: BatchWriter, answer: dict[str, Any]
) -> None:
    client.answer = answer
    client.let.set()
    assert not batch_writer.write(statement("a"))


def test_no_thread_waits_for_ever_whatever_a_call_raises(client: FakeStatements, batch_writer: BatchWriter) -> None:
    with ThreadPoolExecutor(8) as threads:
        futures = [threads.submit(batch_writer.write, statement(f"{number}")) for number in range(8)]
        assert client.busy.wait(30)
        while len(batch_writer._waiting) < 8 - CALLS_AT_ONCE:
            pass
        client.error = SystemExit()
        client.let.set()
        raised = [future.exception(30) for future in futures]
    assert {type(error) for error in raised} == {SystemExit, type(None)}
    assert not any(future.result() for future, error in zip(futures, raised, strict=True) if error is None)
