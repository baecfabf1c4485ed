"""The list of what is known: it has each function, mapping, store and alarm of template.yaml, and no other."""

import pytest

from tests.template.deployment import TEMPLATE, source_of
from tests.template.known import ALARMS, BROKERS, BUCKETS, EXPRESSIONS, FUNCTIONS, MAPPINGS, QUEUES, TABLES

# For each type of resource: the names that the list has, and the line to add for another one.
KNOWN = {
    "AWS::Serverless::Function": (FUNCTIONS, 'FUNCTIONS: "{}": KnownFunction(without_a_call=…)'),
    "AWS::Lambda::EventSourceMapping": (MAPPINGS, 'MAPPINGS: "{}": "the function that it triggers"'),
    "AWS::DynamoDB::Table": (TABLES, 'TABLES: "{}"'),
    "AWS::SQS::Queue": (QUEUES, 'QUEUES: "{}"'),
    "AWS::S3::Bucket": (BUCKETS, 'BUCKETS: "{}"'),
    "AWS::CloudWatch::Alarm": (
        ALARMS.keys() | EXPRESSIONS.keys() | BROKERS.keys(),
        'ALARMS: "{}": (its metric and its limits), and DIMENSIONS: "{}": (the dimension, {{its value}})',
    ),
}


@pytest.mark.parametrize("kind", KNOWN)
def test_every_resource_of_the_template_is_known(kind: str) -> None:
    known, line = KNOWN[kind]
    there = {name for name, resource in source_of(TEMPLATE)["Resources"].items() if resource["Type"] == kind}
    missing = [f"add to {line.format(name, name)}" for name in sorted(there - set(known))]
    gone = [f"remove {name}, which template.yaml does not have" for name in sorted(set(known) - there)]
    assert not missing + gone, "tests/template/known.py: " + "; ".join(missing + gone)


def test_every_resource_is_known_except_those_that_the_template_makes_by_the_way() -> None:
    """A function that is declared without SAM, or a queue of another type, would escape the test above."""
    types = {resource["Type"] for resource in source_of(TEMPLATE)["Resources"].values()}
    assert KNOWN.keys() <= types
    assert not {kind for kind in types if kind.endswith("::Function")} - KNOWN.keys()
