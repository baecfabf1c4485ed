"""Comparison of two versions of a schema: each rule by an example, and all of them by events that are made up."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from tools.contract.compatibility import breaking_changes
from tools.contract.errors import ContractError
from tools.contract.rules import BOTH, NEW, STORED, Rule
from tools.contract.schemas import fields, resolve

PUBLISHED: dict[str, Any] = {
    "type": "object",
    "required": ["id", "data"],
    "properties": {
        "id": {"type": "string", "minLength": 1, "maxLength": 10, "pattern": "^[a-z]+$"},
        "kind": {"enum": ["mail", "text"]},
        "number": {"type": "integer", "minimum": 1, "maximum": 9},
        "data": {"type": "object", "properties": {"note": {"type": "string"}}},
        "closed": {"type": "object", "properties": {}, "additionalProperties": False},
        "lines": {"type": "array", "items": {"type": "object", "properties": {"sku": {"type": ["string", "null"]}}}},
    },
}


def changed(path: str, value: Any) -> dict[str, Any]:
    """Return the published schema with another value at a path of names; None removes it."""
    schema = copy.deepcopy(PUBLISHED)
    *folders, name = path.split("/")
    place = schema
    for folder in folders:
        place = place[folder]
    place[name] = value
    if value is None:
        del place[name]
    return schema


def rules(old: dict[str, Any], new: dict[str, Any]) -> set[tuple[str, str]]:
    return {(change.rule.title, change.field) for change in breaking_changes(resolve(old), resolve(new))}


@pytest.mark.parametrize(
    ("path", "value", "expected"),
    [
        ("properties/kind", None, {("field-removed", "kind")}),
        ("properties/data/properties/note", None, {("field-removed", "data.note")}),
        ("required", ["data"], {("field-no-longer-required", "id")}),
        ("required", ["id", "data", "kind"], {("field-now-required", "kind")}),
        ("required", ["id", "data", "new"], {("field-now-required", "new")}),
        ("properties/closed/properties/a", {}, {("field-added-to-closed-object", "closed.a")}),
        ("properties/number/type", "string", {("type-changed", "number")}),
        ("properties/number/type", "number", {("type-widened", "number")}),
        ("properties/number/type", None, {("type-widened", "number")}),
        ("properties/kind/type", "string", {("type-narrowed", "kind")}),
        ("properties/lines/items/properties/sku/type", "string", {("type-narrowed", "lines[].sku")}),
        ("properties/kind/enum", ["mail", "text", "push"], {("value-added", "kind")}),
        ("properties/kind/enum", ["mail"], {("value-removed", "kind")}),
        ("properties/kind/enum", None, {("value-added", "kind")}),
        ("properties/id/const", "a", {("value-removed", "id")}),
        ("properties/kind", {"const": "push"}, {("value-added", "kind"), ("value-removed", "kind")}),
        ("properties/id/maxLength", 11, {("limit-loosened", "id")}),
        ("properties/id/maxLength", 9, {("limit-tightened", "id")}),
        ("properties/id/minLength", None, {("limit-loosened", "id")}),
        ("properties/number/minimum", 2, {("limit-tightened", "number")}),
        ("properties/lines/uniqueItems", True, {("limit-tightened", "lines")}),
        ("properties/id/pattern", "^[a-z]*$", {("pattern-changed", "id")}),
        ("properties/id/format", "uuid", {("pattern-changed", "id")}),
        ("properties/data/additionalProperties", False, {("keyword-changed", "data")}),
        ("properties/id/anyOf", [{"minLength": 2}], {("keyword-changed", "id")}),
        ("properties/lines/items", None, {("field-removed", "lines[].sku"), ("type-widened", "lines[]")}),
        ("properties/kind/description", "How to reach them.", set()),
        ("properties/data/properties/new", {"type": "string"}, set()),
    ],
)
def test_change_has_its_rule(path: str, value: Any, expected: set[tuple[str, str]]) -> None:
    assert rules(PUBLISHED, changed(path, value)) == expected


def test_references_are_compared_by_what_they_lead_to() -> None:
    id_schema = PUBLISHED["properties"]["id"]
    referring = changed("properties/id", {"$ref": "#/$defs/id", "description": "Its name."}) | {
        "$defs": {"id": id_schema}
    }
    assert rules(PUBLISHED, referring) == set()
    referring["$defs"]["id"] = id_schema | {"maxLength": 3}
    assert rules(PUBLISHED, referring) == {("limit-tightened", "id")}


def test_field_may_have_the_name_of_a_keyword() -> None:
    schema = {"properties": {"title": {"type": "string"}, "$ref": {"type": "string"}}}
    assert rules(schema, {"properties": {"title": {"type": "string"}}}) == {("field-removed", "$ref")}


@pytest.mark.parametrize(
    ("schema", "message"),
    [
        ({"$ref": "other.json"}, "no reference to the schema's own"),
        ({"$ref": "#/$defs/a", "$defs": {"a": {"items": {"$ref": "#/$defs/a"}}}}, "contains itself"),
        ({"$ref": "#/$defs/a", "minLength": 1, "$defs": {"a": {"minLength": 2}}}, "minLength stands beside"),
    ],
)
def test_schema_that_cannot_be_compared_is_refused(schema: dict[str, Any], message: str) -> None:
    with pytest.raises(ContractError, match=message):
        resolve(schema)


def test_fields_are_named_by_their_paths() -> None:
    assert {"id", "data.note", "lines", "lines[].sku"} <= set(fields(resolve(PUBLISHED)))


# Schemas of few keywords with few values, so that two of them often differ in one place only, or not at all.
SCALARS: st.SearchStrategy[dict[str, Any]] = st.one_of(
    st.fixed_dictionaries(
        {"type": st.just("string")},
        optional={
            "minLength": st.integers(0, 2),
            "maxLength": st.integers(2, 4),
            "enum": st.sampled_from([["ab"], ["ab", "ba"]]),
            "pattern": st.sampled_from(["^[ab]*$", "^a"]),
        },
    ),
    st.fixed_dictionaries(
        {"type": st.sampled_from(["integer", "number"])},
        optional={"minimum": st.integers(0, 2), "exclusiveMaximum": st.integers(3, 5)},
    ),
    st.sampled_from([{}, {"type": ["string", "null"]}, {"type": "boolean"}, {"const": 1}, {"not": {"type": "null"}}]),
)


def containers(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.one_of(
        st.fixed_dictionaries(
            {"type": st.just("array")},
            optional={
                "items": inner,
                "minItems": st.integers(0, 1),
                "maxItems": st.integers(1, 2),
                "uniqueItems": st.booleans(),
            },
        ),
        st.fixed_dictionaries(
            {
                "type": st.just("object"),
                "properties": st.dictionaries(st.sampled_from("abc"), inner, max_size=2),
                "required": st.lists(st.sampled_from("abc"), unique=True, max_size=2),
            },
            optional={"additionalProperties": st.just(False)},
        ),
    )


SCHEMAS: st.SearchStrategy[dict[str, Any]] = st.recursive(SCALARS, containers, max_leaves=5)
SIMPLE_VALUES = st.sampled_from([None, True, 0, 1, 2.5, 3, 4, "", "a", "ab", "ba", "abab", "aaaaa"])


def values_of(schema: dict[str, Any]) -> st.SearchStrategy[Any]:
    """Return values in the shape of a schema; they may break its other rules."""
    if "properties" in schema:
        return st.fixed_dictionaries(
            {}, optional={name: values_of(each) for name, each in schema["properties"].items()}
        )
    if schema.get("type") == "array":
        return st.lists(values_of(schema.get("items", {})), max_size=3)
    return SIMPLE_VALUES


def described(schema: dict[str, Any], value: Any) -> bool:
    """Tell whether a value has no field that the schema does not describe."""
    if isinstance(value, dict):
        properties = schema.get("properties", {})
        return all(name in properties and described(properties[name], each) for name, each in value.items())
    return not isinstance(value, list) or all(described(schema.get("items", {}), each) for each in value)


@st.composite
def schema_and_a_change(draw: st.DrawFn) -> tuple[dict[str, Any], dict[str, Any]]:
    """Draw a schema, and a second one that mostly differs from it in one keyword."""
    old: dict[str, Any] = draw(SCHEMAS)
    new = copy.deepcopy(old)
    place = new
    while draw(st.booleans()):
        inner = [*place.get("properties", {}).values(), *([place["items"]] if place.get("items") else [])]
        if not inner:
            break
        place = draw(st.sampled_from(inner))
    other: dict[str, Any] = draw(SCHEMAS)
    keyword = draw(st.sampled_from(sorted(place.keys() | other.keys() | {"type"})))
    place.pop(keyword, None)
    if keyword in other:
        place[keyword] = copy.deepcopy(other[keyword])
    return old, new


@settings(suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow])
@given(schema_and_a_change(), st.data())
def test_readers_read_every_event_after_a_change_without_a_finding(
    schemas: tuple[dict[str, Any], dict[str, Any]], data: st.DataObject
) -> None:
    old, new = schemas
    values = data.draw(st.lists(values_of(old) | values_of(new), min_size=10, max_size=30))
    found = {change.rule.breaks for change in breaking_changes(resolve(old), resolve(new))}
    for writer, reader, readers in ((new, old, NEW), (old, new, STORED)):
        if found & {readers, BOTH}:
            continue
        written, read = Draft202012Validator(writer), Draft202012Validator(reader)
        for value in values:
            if described(writer, value) and written.is_valid(value):
                assert read.is_valid(value), f"{value} breaks readers {readers}"


def test_every_rule_says_whom_it_protects() -> None:
    assert {rule.breaks for rule in Rule} == {NEW, STORED, BOTH}
    assert len({rule.title for rule in Rule}) == len(Rule)
