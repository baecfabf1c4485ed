"""Intrinsic functions of CloudFormation."""

from datetime import date
from typing import Any

import pytest

from samrun.template.resolution.intrinsics import Intrinsics, UnresolvableError

TEMPLATE = {
    "Parameters": {
        "Stage": {"Type": "String"},
        "Rest": {},
        "Subnets": {"Type": "CommaDelimitedList"},
        "Zones": {"Type": "List<AWS::EC2::AvailabilityZone::Name>"},
    },
    "Conditions": {
        "IsProd": {"Fn::Equals": [{"Ref": "Stage"}, "prod"]},
        "IsNotProd": {"Fn::Not": [{"Condition": "IsProd"}]},
        "Always": {"Fn::Or": [{"Condition": "IsProd"}, {"Condition": "IsNotProd"}]},
        "Never": {"Fn::And": [{"Condition": "IsProd"}, {"Condition": "IsNotProd"}]},
        # SAM's translator writes the first.
        "Nested": {"Fn::Not": [{"Condition": {"Condition": "IsProd"}}]},
        "false": {"Fn::Equals": ["YAML takes the name No for a boolean", ""]},
    },
    "Mappings": {
        "Sizes": {"dev": {"memory": 128}, "prod": {"memory": 1024}},
        "Accounts": {"123456789012": {"true": "here"}},
    },
}


def _references(name: str, attribute: str | None) -> str:
    return {("Table", None): "orders", ("Table", "Arn"): "arn:aws:dynamodb:::table/orders"}[name, attribute]


@pytest.fixture
def intrinsics() -> Intrinsics:
    return Intrinsics(
        template=TEMPLATE,
        parameters={"Stage": "dev", "Subnets": "a, b", "Zones": "x,y", "Rest": "ble"},
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
        ({"Fn::Equals": [True, "true"]}, True),
        ({"Fn::Equals": [1, "1"]}, True),
        ({"Fn::Equals": [{"Fn::Equals": ["a", "a"]}, "false"]}, False),
        ({"Fn::Equals": [["1", "true"], [1, True]]}, True),
        ({"Fn::EachMemberEquals": [[1, "1"], 1]}, True),
        ({"Fn::If": ["Nested", 1, 2]}, 1),
        ({"Fn::If": [{"Condition": "Nested"}, 1, 2]}, 1),
        ({"Fn::If": [False, 1, 2]}, 2),
        ({"Fn::Sub": ["${A}-${B}-${C}", {"A": True, "B": 1, "C": ["a", "b"]}]}, "true-1-a,b"),
        ({"Fn::Join": ["", ["a", 1, True]]}, "a1true"),
        ({"Fn::Join": [1, ["a", "b"]]}, "a1b"),
        ({"Fn::Base64": 1}, "MQ=="),
        ({"Fn::Split": [1, 213]}, ["2", "3"]),
        (
            {"Fn::ToJsonString": {"Version": date(2012, 10, 17), "a": [True, 1]}},
            '{"Version":"2012-10-17","a":[true,1]}',
        ),
        ({"Fn::FindInMap": ["Accounts", 123456789012, True]}, "here"),
        ({"Ref": {"Fn::Sub": "Ta${Rest}"}}, "orders"),
        ({"Ref": {"Fn::Join": ["", ["Ta", "ble"]]}}, "orders"),
        ({"Fn::GetAtt": [{"Fn::Join": ["", ["Ta", "ble"]]}, "Arn"]}, "arn:aws:dynamodb:::table/orders"),
        ({"Fn::GetAtt": {"Fn::Join": ["", ["Table", ".Arn"]]}}, "arn:aws:dynamodb:::table/orders"),
        ({"detail": {"Condition": ["used", "new"]}}, {"detail": {"Condition": ["used", "new"]}}),
        ({"Condition": {"StringEquals": {"a": "b"}}}, {"Condition": {"StringEquals": {"a": "b"}}}),
        ({"Fn::Cidr": ["10.0.0.0/16", 2, 8]}, ["10.0.0.0/24", "10.0.1.0/24"]),
        ({"Fn::Cidr": ["10.0.0.0/22", "1"]}, ["10.0.0.0/24"]),
        ({"Fn::Select": [1, {"Fn::Cidr": ["2001:db8::/56", 2, 64]}]}, "2001:db8:0:1::/64"),
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
        ({"Fn::Select": ["first", ["a"]]}, "no entry first"),
    ],
)
def test_error_names_the_value_that_cannot_be_resolved(intrinsics: Intrinsics, value: Any, message: str) -> None:
    with pytest.raises(UnresolvableError, match=message):
        intrinsics.resolve(value)


MACRO = {"Fn::Transform": {"Name": "MyMacro", "Parameters": {"a": "b"}}}


@pytest.mark.parametrize(
    ("value", "resolved", "left_out"),
    [
        ({"A": MACRO, "B": "b"}, {"B": "b"}, "Fn::Transform of MyMacro"),
        ({"A": {**MACRO, "B": "b"}}, {"A": {"B": "b"}}, "Fn::Transform of MyMacro"),
        (["a", MACRO], ["a"], "Fn::Transform of MyMacro"),
        ({"Fn::Sub": ["${A}-b", {"A": MACRO}]}, "-b", "Fn::Transform of MyMacro"),
        ({"Fn::Join": ["-", ["a", MACRO]]}, "a", "Fn::Transform of MyMacro"),
        ({"Fn::Join": ["-", MACRO]}, "", "Fn::Transform of MyMacro"),
        ({"A": {"Fn::Select": [1, {"Fn::Cidr": ["Vpc.CidrBlock", 2, 8]}]}}, {}, "Fn::Cidr of Vpc.CidrBlock,2,8"),
        ({"A": {"Fn::Cidr": ["10.0.0.0/24", 2, 9]}}, {}, "Fn::Cidr of 10.0.0.0/24,2,9"),
        ({"A": {"Fn::New": "x"}}, {}, "Fn::New of x"),
    ],
)
def test_function_that_samrun_cannot_resolve_is_left_out_and_named(
    intrinsics: Intrinsics, value: Any, resolved: Any, left_out: str
) -> None:
    assert intrinsics.resolve(value) == resolved
    assert list(intrinsics.left_out) == [left_out]
