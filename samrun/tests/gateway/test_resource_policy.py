"""Resource policies of REST APIs: which requests they let in."""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import pytest

from samrun.gateway.resource_policy import PolicyRequest, decide
from samrun.template.model.rest_apis import PolicyStatement, RestMethod
from support.fake_invoker import FakeInvoker
from support.rest_apis import ServedRestApi
from support.templates import FUNCTION, load_template

ARN = "arn:aws:execute-api:us-east-1:123456789012:OrderApi/Prod"
REQUEST = PolicyRequest(
    arn=f"{ARN}/GET/orders", time=datetime(2026, 5, 1, tzinfo=UTC), headers={"user-agent": "curl/8", "referer": "x"}
)
Conditions = Mapping[str, Mapping[str, tuple[str, ...]]]


def _statement(
    effect: Literal["Allow", "Deny"], resource: str = "*", conditions: Conditions | None = None, *, named: bool = False
) -> PolicyStatement:
    return PolicyStatement(
        effect=effect,
        actions=("execute-api:Invoke",),
        resources=(resource,),
        conditions=conditions or {},
        principals=named,
    )


@pytest.mark.parametrize(
    ("statements", "decision"),
    [
        ([], "implicitly denied"),
        ([_statement("Allow")], "allowed"),
        ([_statement("Allow", f"{ARN}/POST/*")], "implicitly denied"),
        ([_statement("Allow"), _statement("Deny", f"{ARN}/GET/*")], "explicitly denied"),
        ([_statement("Allow"), _statement("Deny", named=True)], "allowed"),
    ],
)
def test_policy_decides_by_methods_and_principals(statements: list[PolicyStatement], decision: str) -> None:
    assert decide(statements, REQUEST) == decision


@pytest.mark.parametrize(
    ("operator", "key", "wanted", "decision"),
    [
        ("DateLessThan", "aws:CurrentTime", "2026-06-01T00:00:00Z", "allowed"),
        ("DateGreaterThan", "aws:CurrentTime", "2026-06-01T00:00:00Z", "implicitly denied"),
        ("DateLessThanEquals", "aws:EpochTime", "1000000000", "implicitly denied"),
        ("StringLike", "aws:UserAgent", "curl/*", "allowed"),
        ("StringEquals", "aws:UserAgent", "curl/*", "implicitly denied"),
        ("StringNotEquals", "aws:Referer", "y", "allowed"),
        ("StringEqualsIgnoreCase", "aws:Referer", "X", "allowed"),
        ("Null", "aws:Referer", "true", "implicitly denied"),
    ],
)
def test_condition_of_a_statement_is_evaluated(operator: str, key: str, wanted: str, decision: str) -> None:
    assert decide([_statement("Allow", conditions={operator: {key: (wanted,)}})], REQUEST) == decision


def test_caller_counts_as_in_the_network_that_a_policy_lets_in() -> None:
    inside = {"StringEquals": {"aws:SourceVpce": ("vpce-1",)}}
    outside = {"StringNotEquals": {"aws:sourceVpc": ("vpc-1",)}}
    assert decide([_statement("Allow", conditions=inside)], REQUEST) == "allowed"
    assert decide([_statement("Allow"), _statement("Deny", conditions=outside)], REQUEST) == "allowed"


def test_request_that_is_not_let_in_reaches_no_function() -> None:
    invoker = FakeInvoker({"statusCode": 200})
    policy = (_statement("Allow"), _statement("Deny", f"{ARN}/DELETE/*"))
    method = RestMethod(method="ANY", path="/orders", function="Orders")
    api = ServedRestApi(invoker, method, policy=policy, arn=ARN)
    refused = api.request("DELETE", "/orders")
    assert (refused.status_code, refused.headers["x-amzn-errortype"]) == (403, "AccessDeniedException")
    assert refused.json()["Message"] == (
        "User: anonymous is not authorized to perform: execute-api:Invoke on resource: "
        "arn:aws:execute-api:us-east-1:********9012:OrderApi/Prod/DELETE/orders with an explicit deny"
    )
    assert invoker.invocations == []
    assert api.request("GET", "/orders").status_code == 200


def _load(folder: Path, statement: str) -> Any:
    resources = f"""
  Fn:{FUNCTION}
      Events: {{Get: {{Type: Api, Properties: {{RestApiId: !Ref Api, Method: get, Path: /}}}}}}
  Api:
    Type: AWS::Serverless::Api
    Properties:
      StageName: Prod
      Auth: {{ResourcePolicy: {{CustomStatements: [{statement}]}}}}
"""
    return load_template(folder, resources)


def test_policy_of_a_template_is_read_with_whole_arns(tmp_path: Path) -> None:
    statement = """{Effect: Allow, Principal: "*", Action: execute-api:Invoke, Resource: execute-api:/Prod/*/*,
        Condition: {DateLessThan: {aws:CurrentTime: "2022-09-30T23:59:59Z"}}}"""
    application = _load(tmp_path, statement)
    [api] = application.rest_apis
    [read] = api.policy
    assert read.resources == ("arn:aws:execute-api:us-east-1:123456789012:Api/Prod/*/*",)
    assert read.conditions == {"DateLessThan": {"aws:CurrentTime": ("2022-09-30T23:59:59Z",)}}
    assert application.ignored == ()


def test_statement_that_is_not_evaluated_is_named_and_refuses_nothing(tmp_path: Path) -> None:
    statement = """{Effect: Allow, Principal: "*", Action: execute-api:Invoke, Resource: execute-api:/*,
        Condition: {Bool: {aws:MultiFactorAuthPresent: true}}}"""
    application = _load(tmp_path, statement)
    [api] = application.rest_apis
    assert [each.conditions for each in api.policy] == [{}]
    assert application.ignored == (
        "Api: statement 1 of its resource policy (Bool aws:MultiFactorAuthPresent: it is not evaluated)",
    )
