"""Filters of a mapping, on records: the results that were measured on AWS, and values that are no JSON.

The measured results are those in the README of lambda-esm-msk-filters-sam, one of aws-samples/serverless-patterns.
"""

import json

import pytest

from samrun.filtering.filter_pattern import FilterPattern
from samrun.mapping.partitions import Partitions
from samrun.mapping.record_filter import RecordFilter
from samrun.testing.kafka_records import record

TOPIC = "filters-demo"
BASE = {"kind": "Event", "RBAC": False, "responseStatus": {"metadata": {}, "code": 200}}
RECORDS = {
    "base": json.dumps(BASE),
    "code": json.dumps(BASE | {"responseStatus": {"metadata": {}, "code": 300}}),
    "region": json.dumps(BASE | {"kind": "Custom", "region": "us-east-1"}),
    "rbac": json.dumps(BASE | {"RBAC": True}),
    "plain": "OrderNumber:12345",
}
CODE_FROM_300 = {"value": {"responseStatus": {"code": [{"numeric": [">=", 300]}]}}}


def record_filter(*patterns: object) -> RecordFilter:
    return RecordFilter([FilterPattern.parse(json.dumps(each)) for each in patterns])


@pytest.mark.parametrize(
    ("patterns", "passing"),
    [
        ([], {"base", "code", "region", "rbac", "plain"}),
        ([{"value": {"kind": ["Event"]}}], {"base", "code", "rbac"}),
        ([{"value": {"kind": ["Event"], "responseStatus": {"code": [{"numeric": ["=", 300]}]}}}], {"code"}),
        ([CODE_FROM_300, {"value": {"RBAC": [True]}}], {"code", "rbac"}),
        ([{"value": {"kind": [{"anything-but": ["Event"]}]}}], {"region"}),
        ([{"value": {"region": [{"prefix": "us-"}]}}], {"region"}),
        ([{"value": {"responseStatus": {"code": [{"numeric": [">=", 300, "<=", 350]}]}}}], {"code"}),
        ([{"value": [{"prefix": "OrderNumber"}]}], {"plain"}),
        ([{"topic": [{"prefix": TOPIC}], "value": [{"prefix": "Order"}]}], {"plain"}),
    ],
)
def test_records_pass_that_passed_on_aws(patterns: list[object], passing: set[str]) -> None:
    filtered = record_filter(*patterns)
    assert {
        name for name, value in RECORDS.items() if filtered.passes(record(topic=TOPIC, value=value.encode()))
    } == passing


@pytest.mark.parametrize("value", [None, b"\xff\xfe", b"", b"[" * 100_000])
def test_value_that_is_no_json_matches_no_pattern_of_an_object(value: bytes | None) -> None:
    assert not record_filter({"value": {"kind": ["Event"]}}).passes(record(value=value))
    assert record_filter({"partition": [0]}).passes(record(value=value))


def test_record_that_is_filtered_out_is_done() -> None:
    partitions = Partitions(record_filter({"value": [{"prefix": "keep"}]}))
    first = record(0, value=b"drop").topic_partition
    partitions.assign({first: 0})
    partitions.add(first, [record(0, value=b"drop")], 0.0)
    assert partitions.done() == {first: 1}
    partitions.add(first, [record(1, value=b"keep"), record(2, value=b"drop")], 0.0)
    assert partitions.done() == {first: 1}
