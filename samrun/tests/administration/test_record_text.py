"""Records as JSON, and JSON as records."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from samrun.administration.record_text import NewRecord, RecordLineError, as_json, records_from_lines
from samrun.mapping.records import KafkaRecord, TopicPartition

OPTIONAL_BYTES = st.none() | st.binary() | st.text().map(str.encode)


@given(
    key=OPTIONAL_BYTES,
    value=OPTIONAL_BYTES,
    headers=st.lists(st.tuples(st.text(), OPTIONAL_BYTES), max_size=3),
)
def test_record_is_the_same_after_its_json(
    key: bytes | None, value: bytes | None, headers: list[tuple[str, bytes | None]]
) -> None:
    record = KafkaRecord(TopicPartition("t", 2), 7, key=key, value=value, headers=headers)
    line = json.dumps(as_json(record)).encode()
    assert list(records_from_lines([line], source="a file")) == [
        NewRecord(key=key, value=value, headers=tuple(headers), partition=2)
    ]


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (b'{"a": [1, "\xc3\xbc"]}', {"value": {"a": [1, "ü"]}}),
        (b"[1]", {"value": [1]}),
        # Only objects and arrays are JSON: a text that looks like a number stays a text.
        (b"12", {"value": "12"}),
        (b'"text"', {"value": '"text"'}),
        (b"{broken", {"value": "{broken"}),
        (b'{"a": 1e999}', {"value": '{"a": 1e999}'}),
        (b"\xff", {"value_base64": "/w=="}),
        (None, {"value": None}),
    ],
)
def test_value_is_json_if_it_is_an_object_or_an_array(value: bytes | None, shown: dict[str, object]) -> None:
    found = as_json(KafkaRecord(TopicPartition("t", 0), 0, value=value))
    assert {name: each for name, each in found.items() if name.startswith("value")} == shown


@pytest.mark.parametrize(
    "line",
    [b"plain", b"[1]", b'{"value": 1, "headers": [{"value": "x"}]}', b'{"partition": "x"}', b'{"value_base64": "?"}'],
)
def test_line_that_is_no_record_is_an_error_with_its_number(line: bytes) -> None:
    with pytest.raises(RecordLineError, match="a file, line 3, is no record"):
        list(records_from_lines([b'{"value": "x"}', b"", line], source="a file"))
