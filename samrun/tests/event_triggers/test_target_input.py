"""Input of a rule's target."""

import json
from typing import Any

import pytest

from samrun.event_triggers.target_input import TransformError, target_input
from samrun.template.model.triggers import TargetInput

EVENT = {
    "id": "e-1",
    "source": "shop",
    "detail-type": "Placed",
    "detail": {
        "order": "o-1",
        "total": 12.5,
        "note": 'says "now"',
        "items": [{"sku": "a"}, {"sku": "b"}, {"weight": 1}],
        "gift": False,
    },
}
RULE_ARN = "arn:aws:events:us-east-1:123456789012:rule/orders/Rule"


def given(**target: Any) -> str:
    return target_input(EVENT, TargetInput(**target), rule_arn=RULE_ARN, ingestion_time="2026-11-29T12:00:00.000Z")


def test_target_gets_the_event_if_it_says_nothing_else() -> None:
    assert json.loads(given()) == EVENT


def test_constant_input_replaces_the_event() -> None:
    assert given(input='{"a": 1}') == '{"a": 1}'


@pytest.mark.parametrize(
    ("path", "part"),
    [
        ("$", EVENT),
        ("$.detail.order", "o-1"),
        ("$.detail-type", "Placed"),
        ("$.detail.items[1]", {"sku": "b"}),
        ("$.detail.items[*].sku", ["a", "b"]),
        ("$.detail.items[7]", {}),
        ("$.nothing", {}),
    ],
)
def test_input_path_chooses_a_part_of_the_event(path: str, part: Any) -> None:
    assert json.loads(given(input_path=path)) == part


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ('"order <order> costs <total>"', "order o-1 costs 12.5"),
        ('{"order": <order>, "total": <total>, "gift": <gift>}', {"order": "o-1", "total": 12.5, "gift": False}),
        ('{"text": "it <note>"}', {"text": 'it says "now"'}),
        ('{"text": "in quotes: \\"<order>\\""}', {"text": 'in quotes: "o-1"'}),
        ('{"items": <items>}', {"items": EVENT["detail"]["items"]}),  # type: ignore[index]
        ('{"text": "<items>"}', {"text": json.dumps(EVENT["detail"]["items"])}),  # type: ignore[index]
        ('{"text": "[<missing>]"}', {"text": "[]"}),
        (
            '{"rule": <aws.events.rule-name>, "arn": <aws.events.rule-arn>}',
            {"rule": "Rule", "arn": RULE_ARN},
        ),
        ('{"at": <aws.events.event.ingestion-time>}', {"at": "2026-11-29T12:00:00.000Z"}),
        ('{"all": <aws.events.event.json>}', {"all": EVENT}),
        ("<aws.events.event>", {name: value for name, value in EVENT.items() if name != "detail"}),
    ],
)
def test_template_is_filled_in_with_parts_of_the_event(template: str, text: Any) -> None:
    paths = {name: f"$.detail.{name}" for name in ("order", "total", "note", "items", "gift", "missing")}
    assert json.loads(given(template=template, paths=paths)) == text


def test_filled_in_template_that_is_not_json_is_an_error() -> None:
    with pytest.raises(TransformError, match="filled in, is not JSON"):
        given(template='{"order": <missing>}', paths={"missing": "$.missing"})
