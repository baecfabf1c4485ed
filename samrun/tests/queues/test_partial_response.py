"""Partial batch responses of an SQS trigger."""

import json
from typing import Any

import pytest

from samrun.functions.batch_item_failures import MalformedBatchResponseError
from samrun.queues.partial_response import failed_messages

BATCH = {"m-1", "m-2", "m-3"}


def response(*failures: Any) -> bytes:
    return json.dumps({"batchItemFailures": failures}).encode()


@pytest.mark.parametrize(
    "payload", [b"", b"null", b"{}", b'{"batchItemFailures": []}', b'{"batchItemFailures": null}', b'{"other": 1}']
)
def test_response_without_failures_means_that_every_message_is_done(payload: bytes) -> None:
    assert failed_messages(payload, BATCH) == set()


def test_named_messages_failed() -> None:
    payload = response({"itemIdentifier": "m-1"}, {"itemIdentifier": "m-3"}, {"itemIdentifier": "m-1"})
    assert failed_messages(payload, BATCH) == {"m-1", "m-3"}


@pytest.mark.parametrize(
    ("payload", "message"),
    [
        (b"no JSON", "is not JSON"),
        (b"[" * 100_000, "is not JSON"),
        (b'"text"', "the response is str"),
        (b'{"batchItemFailures": {}}', "batchItemFailures is dict"),
        (response({"itemIdentifier": ""}), r"batchItemFailures\[0\].itemIdentifier is not the id of a message"),
        (response({"itemIdentifier": None}), "is not the id of a message"),
        (response({"item": "m-1"}), "is not the id of a message"),
        (response({"itemIdentifier": {"partition": "t-0", "offset": 1}}), "is not the id of a message"),
        (response({"itemIdentifier": "m-1"}, {"itemIdentifier": "m-4"}), r"\[1\].itemIdentifier names a message"),
    ],
)
def test_malformed_response_fails_the_whole_batch(payload: bytes, message: str) -> None:
    with pytest.raises(MalformedBatchResponseError, match=message):
        failed_messages(payload, BATCH)
