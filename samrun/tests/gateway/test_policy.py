"""Policies that Lambda authorizers return."""

from typing import Any

import pytest

from samrun.gateway.policy import PolicyError, evaluate

ARN = "arn:aws:execute-api:us-east-1:123456789012:Api/Prod/GET/orders/7"


def _policy(*statements: tuple[str, Any, Any]) -> dict[str, Any]:
    return {"Statement": [{"Effect": effect, "Action": action, "Resource": arn} for effect, action, arn in statements]}


@pytest.mark.parametrize(
    ("policy", "decision"),
    [
        (_policy(("Allow", "execute-api:Invoke", ARN)), "allowed"),
        (_policy(("Allow", ["execute-api:*"], [f"{ARN}/more", "*"])), "allowed"),
        (_policy(("Allow", "*", "arn:aws:execute-api:*:*:Api/Prod/*/orders/?")), "allowed"),
        ({"Statement": _policy(("Allow", "execute-api:Invoke", ARN))["Statement"][0]}, "allowed"),
        (_policy(("Allow", "execute-api:Invoke", "arn:aws:execute-api:*/Prod/POST/*")), "implicitly denied"),
        (_policy(("Allow", "execute-api:Invoke", f"{ARN[:-1]}[7]")), "implicitly denied"),
        (_policy(("Allow", "execute-api:ManageConnections", "*")), "implicitly denied"),
        (_policy(), "implicitly denied"),
        (_policy(("Deny", "execute-api:Invoke", "*")), "explicitly denied"),
        (_policy(("Allow", "*", "*"), ("Deny", "execute-api:Invoke", ARN)), "explicitly denied"),
        (_policy(("Deny", "execute-api:Invoke", f"{ARN}8"), ("Allow", "*", "*")), "allowed"),
    ],
)
def test_a_statement_that_denies_comes_before_one_that_allows(policy: dict[str, Any], decision: str) -> None:
    assert evaluate(policy, ARN) == decision


@pytest.mark.parametrize(
    ("policy", "fault"),
    [
        (None, "policyDocument has no Statement that is a list of objects"),
        ({"Statement": ["Allow"]}, "policyDocument has no Statement that is a list of objects"),
        (_policy(("Allow", None, "*")), "policyDocument has a statement whose Action is None"),
        (_policy(("Allow", "*", 7)), "policyDocument has a statement whose Resource is 7"),
        ({"Statement": [{"Effect": "Allow", "Condition": {}}]}, "policyDocument has Condition, which samrun does not"),
    ],
)
def test_a_policy_that_cannot_be_evaluated_is_an_error(policy: Any, fault: str) -> None:
    with pytest.raises(PolicyError, match=fault):
        evaluate(policy, ARN)
