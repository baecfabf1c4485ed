"""Trace ids: the headers of X-Ray and of W3C name the same traces, and a call names the invocation that made it."""

import re
import uuid

import pytest

from samrun.trace_ids import header_of_invocation, new_root, parent_in, segment_of, trace_ids_in, trace_ids_of

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"


def test_headers_of_a_request_name_its_traces() -> None:
    headers = {"traceparent": f"00-{TRACE}-00f067aa0ba902b7-01", "x-amzn-trace-id": f"Root=1-{'a' * 8}-{'b' * 24}"}
    assert trace_ids_in(headers) == (TRACE, "a" * 8 + "b" * 24)


def test_trace_that_both_headers_name_is_one() -> None:
    headers = {"traceparent": f"00-{TRACE}-00f067aa0ba902b7-01", "x-amzn-trace-id": f"Root=1-{TRACE[:8]}-{TRACE[8:]}"}
    assert trace_ids_in(headers) == (TRACE,)


@pytest.mark.parametrize("value", ["", "Root=1-abc", "Self=1-12345678-123456789012345678901234", "<script>"])
def test_malformed_header_names_no_trace(value: str) -> None:
    assert trace_ids_in({"traceparent": value, "x-amzn-trace-id": value}) == ()


@pytest.mark.parametrize("value", [None, 5, f"00-{'0' * 32}-00f067aa0ba902b7-01", f"00-{TRACE}", TRACE])
def test_value_that_is_no_traceparent_names_no_trace(value: object) -> None:
    assert list(trace_ids_of([value])) == []


def test_call_of_a_function_names_its_invocation() -> None:
    request_id = str(uuid.uuid4())
    assert parent_in(header_of_invocation(request_id)) == segment_of(request_id)
    assert segment_of(request_id) != segment_of(str(uuid.uuid4()))


def test_request_id_of_any_form_has_a_segment() -> None:
    assert re.fullmatch("[0-9a-f]{16}", segment_of("JKJaXmPLvHcESHA="))


def test_call_of_nobody_names_no_invocation() -> None:
    assert parent_in(new_root()) is None
    assert parent_in("") is None
