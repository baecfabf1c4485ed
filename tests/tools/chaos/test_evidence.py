"""Evidence: records of the topic, in whatever form a producer wrote them."""

from __future__ import annotations

import pytest

from samrun.testing.broker import Record
from tools.chaos.evidence import topic_record


@pytest.mark.parametrize("value", [None, b"", b"\xff", b"[]", b"5", b"{}", b"[" * 200_000], ids=range(7))
def test_record_of_any_bytes_is_none_of_an_order_event(value: bytes | None) -> None:
    record = topic_record(Record(partition=1, offset=2, key=None, value=value, headers=[], timestamp=3000))
    assert (record.place, record.value, record.type, record.order_id) == ((1, 2), value or b"", "", "")
