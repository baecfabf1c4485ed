"""Policies that Lambda authorizers return: whether one allows a request.

https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-lambda-authorizer-output.html
"""

import re
from typing import Any, Literal

from samrun.gateway.errors import GatewayError

Decision = Literal["allowed", "explicitly denied", "implicitly denied"]

INVOKE = "execute-api:invoke"


class PolicyError(GatewayError):
    """A policy cannot be evaluated; the message says what is wrong with it."""


def evaluate(policy: Any, arn: str) -> Decision:
    """Return the decision of a policy document about a request to the method with this ARN. Raises PolicyError."""
    statements = policy.get("Statement") if isinstance(policy, dict) else None
    listed = [statements] if isinstance(statements, dict) else statements
    if not isinstance(listed, list) or not all(isinstance(statement, dict) for statement in listed):
        raise PolicyError("policyDocument has no Statement that is a list of objects")
    effects = {statement.get("Effect") for statement in listed if _applies(statement, arn)}
    if "Deny" in effects:
        return "explicitly denied"
    return "allowed" if "Allow" in effects else "implicitly denied"


def _applies(statement: dict[str, Any], arn: str) -> bool:
    if unknown := sorted(statement.keys() & {"Condition", "NotAction", "NotResource"}):
        raise PolicyError(f"policyDocument has {', '.join(unknown)}, which samrun does not evaluate")
    actions, resources = _texts(statement, "Action"), _texts(statement, "Resource")
    return any(matches(action.lower(), INVOKE) for action in actions) and any(matches(each, arn) for each in resources)


def _texts(statement: dict[str, Any], name: str) -> list[str]:
    value = statement.get(name)
    texts: list[Any] = value if isinstance(value, list) else [value]
    if not all(isinstance(text, str) for text in texts):
        raise PolicyError(
            f"policyDocument has a statement whose {name} is {value!r}, and not a text or a list of texts"
        )
    return texts


def matches(pattern: str, text: str) -> bool:
    """Tell whether a text matches a pattern in which `*` stands for any text and `?` for one character."""
    parts = (".*" if part == "*" else "." if part == "?" else re.escape(part) for part in re.split(r"([*?])", pattern))
    return re.fullmatch("".join(parts), text, re.DOTALL) is not None
