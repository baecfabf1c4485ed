"""Errors of functions that the SAM CLI does not mark."""

import json

import pytest

from samrun.functions.unmarked_error import unmarked_error

ERROR = {"errorMessage": "poison", "errorType": "ValueError", "requestId": "1", "stackTrace": ["  File …"]}


def test_error_of_the_runtime_client_is_one() -> None:
    assert unmarked_error(json.dumps(ERROR).encode()) == "Unhandled"


@pytest.mark.parametrize(
    "payload",
    [
        b"null",
        b"",
        b"\xff",
        b"[" * 100_000,
        b'{"batchItemFailures": []}',
        b'{"errorMessage": "m", "errorType": "t"}',
        json.dumps({**ERROR, "more": 1}).encode(),
        json.dumps([*ERROR]).encode(),
    ],
)
def test_anything_else_is_a_result(payload: bytes) -> None:
    assert unmarked_error(payload) is None
