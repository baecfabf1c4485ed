"""Intrinsic functions of CloudFormation."""

from typing import Any

import pytest

from samrun.template.resolution.intrinsics import Intrinsics, UnresolvableError

TEMPLATE = {
    "Parameters": {
        "Stage": {"Type": "String"},
        "Subnets": {"Type": "CommaDelimitedList"},
        "Zones": {"Type": "List<AWS::EC2::AvailabilityZone::Name>"},
    },
    "Conditions": {
        "IsProd": {"Fn::Equals": [{"Ref": "Stage"}, "prod"]},
        "IsNotProd": {"Fn::Not": [{"Condition": "IsProd"}]},
        "Always": {"Fn::Or": [{"Condition": "IsProd"}, {"Condition": "IsNotProd"}]},
        "Never": {"Fn::And": [{"Condition": "IsProd"}, {"Condition": "IsNotProd"}]},
    },
    "Mappings": {"Sizes": {"dev": {"memory": 128}, "prod": {"memory": 1024}}},
}


def _references(name: str, attribute: str | None) -> str:
    return {("Table", None): "orders", ("Table", "Arn"): "arn:aws:dynamodb:::table/orders"}[name, attribute]


@pytest.fixture
def intrinsics() -> Intrinsics:
    return Intrinsics(
        template=TEMPLATE,
        parameters={"Stage": "dev", "Subnets": "a, b", "Zones": "x,y"},
        pseudo_parameters={"AWS::Region": "eu-central-1"},
        references=_references,
    )


@pytest.mark.parametrize(
    ("value", "resolved"),
    [
        ({"Ref": "Stage"}, "dev"),
        ({"Ref": "Subnets"}, ["a", "b"]),
        ({"Ref": "Zones"}, ["x", "y"]),
        ({"Ref": "AWS::Region"}, "eu-central-1"),
        ({"Ref": "Table"}, "orders"),
        ({"Fn::GetAtt": ["Table", "Arn"]}, "arn:aws:dynamodb:::table/orders"),
        ({"Fn::GetAtt": "Table.Arn"}, "arn:aws:dynamodb:::table/orders"),
        ({"Fn::Sub": "${Stage}-${Table.Arn}-${!Stage}"}, "dev-arn:aws:dynamodb:::table/orders-${Stage}"),
        ({"Fn::Sub": ["${Other}/${Stage}", {"Other": {"Ref": "Table"}}]}, "orders/dev"),
        ({"Fn::If": ["IsProd", 1, 2]}, 2),
        ({"Fn::If": ["Always", 1, 2]}, 1),
        ({"Fn::If": ["Never", 1, 2]}, 2),
        ({"Fn::EachMemberEquals": [[], ""]}, True),
        ({"Fn::EachMemberEquals": [["dev", {"Ref": "Stage"}], "dev"]}, True),
        ({"Fn::EachMemberEquals": [["prod", {"Ref": "Stage"}], "dev"]}, False),
        ({"Fn::Join": ["-", ["a", {"Ref": "Stage"}]]}, "a-dev"),
        ({"Fn::Split": [":", "a:b"]}, ["a", "b"]),
        ({"Fn::Select": ["1", {"Ref": "Subnets"}]}, "b"),
        ({"Fn::FindInMap": ["Sizes", {"Ref": "Stage"}, "memory"]}, 128),
        ({"Fn::FindInMap": ["Sizes", "test", "memory", {"DefaultValue": 1}]}, 1),
        ({"Fn::Base64": {"Ref": "Stage"}}, "ZGV2"),
        ({"Fn::ToJsonString": {"a": {"Ref": "Stage"}, "b": [1, {"Ref": "Subnets"}]}}, '{"a":"dev","b":[1,["a","b"]]}'),
        ({"Fn::Length": {"Ref": "Subnets"}}, 2),
        ({"Fn::GetAZs": ""}, ["eu-central-1a", "eu-central-1b", "eu-central-1c"]),
        ({"Name": {"Ref": "Stage"}, "Gone": {"Ref": "AWS::NoValue"}}, {"Name": "dev"}),
        (["a", {"Fn::If": ["IsProd", "b", {"Ref": "AWS::NoValue"}]}], ["a"]),
        ({"Ref": {"not": "a reference"}, "two": "keys"}, {"Ref": {"not": "a reference"}, "two": "keys"}),
        (7, 7),
    ],
)
def test_value_is_resolved(intrinsics: Intrinsics, value: Any, resolved: Any) -> None:
    assert intrinsics.resolve(value) == resolved


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({"Ref": "Missing"}, "!Ref Missing"),
        ({"Fn::GetAtt": "Table.Nothing"}, "!GetAtt Table.Nothing"),
        ({"Fn::Sub": "${Missing}"}, "Missing"),
        ({"Fn::If": ["Missing", 1, 2]}, "no condition Missing"),
        ({"Fn::Select": [5, ["a"]]}, "no entry 5"),
        ({"Fn::FindInMap": ["Sizes", "test", "memory"]}, "Sizes.test.memory"),
        ({"Fn::Cidr": ["10.0.0.0/16", 2, 8]}, "Fn::Cidr"),
    ],
)
def test_error_names_the_value_that_cannot_be_resolved(intrinsics: Intrinsics, value: Any, message: str) -> None:
    with pytest.raises(UnresolvableError, match=message):
        intrinsics.resolve(value)
