"""Trace context: the caller's if it is valid, else a new one."""

from __future__ import annotations

import re

import pytest

from functions.order.domain.traceparent import continue_or_start, trace_id

VALID = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


def test_a_valid_traceparent_is_continued() -> None:
    assert continue_or_start({"traceparent": VALID}) == VALID
    assert trace_id(VALID) == "4bf92f3577b34da6a3ce929d0e0e4736"


def test_the_trace_of_x_ray_is_continued_without_a_traceparent() -> None:
    headers = {"x-amzn-trace-id": "Self=1-6a9d-1;Root=1-67891233-abcdef012345678912345678;Sampled=1"}
    assert re.fullmatch("00-67891233abcdef012345678912345678-[0-9a-f]{16}-01", continue_or_start(headers))
    assert continue_or_start(headers | {"traceparent": VALID}) == VALID


@pytest.mark.parametrize(
    "header", ["", "Root=1-67891233-abc", "Root=1-00000000-" + "0" * 24, "Parent=53995c3f42cd8ad8"]
)
def test_a_new_trace_starts_without_any_other(header: str) -> None:
    started = continue_or_start({"x-amzn-trace-id": header})
    assert re.fullmatch("00-[0-9a-f]{32}-[0-9a-f]{16}-01", started)
    assert trace_id(started) != "0" * 32
    assert started != continue_or_start({"x-amzn-trace-id": header})


@pytest.mark.parametrize(
    "header",
    [
        "",
        "ff" + VALID[2:],
        VALID.upper(),
        VALID + "\n",
        VALID + "-extra",
        f"00-{'0' * 32}-00f067aa0ba902b7-01",
        f"00-4bf92f3577b34da6a3ce929d0e0e4736-{'0' * 16}-01",
        "ada@example.com",
    ],
)
def test_a_new_trace_starts_without_a_valid_traceparent(header: str) -> None:
    started = continue_or_start({"traceparent": header})
    assert re.fullmatch("00-[0-9a-f]{32}-[0-9a-f]{16}-01", started)
    assert started != continue_or_start({"traceparent": header})
