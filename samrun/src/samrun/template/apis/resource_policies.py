"""Resource policies of REST APIs: in the property Policy, or in the document of the API.

https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-resource-policies-examples.html
"""

from collections.abc import Iterator, Mapping
from typing import Any

from samrun.template.model.rest_apis import PolicyStatement
from samrun.template.resolution.scalars import as_text

_IN_DOCUMENT = "x-amazon-apigateway-policy"
_SHORT = "execute-api:/"
NETWORK_KEYS = {"aws:sourceip", "aws:sourcevpc", "aws:sourcevpce", "aws:vpcsourceip", "aws:vpceaccount"}
_KEYS = {"aws:currenttime", "aws:epochtime", "aws:referer", "aws:useragent"} | NETWORK_KEYS
_TEXT_OPERATORS = {
    "StringEquals",
    "StringEqualsIgnoreCase",
    "StringLike",
    "StringNotEquals",
    "StringNotEqualsIgnoreCase",
    "StringNotLike",
}
_DATE_OPERATORS = {
    f"Date{name}" for name in ("Equals", "NotEquals", "GreaterThan", "GreaterThanEquals", "LessThan", "LessThanEquals")
}
_OPERATORS = {"IpAddress", "NotIpAddress", "ArnEquals", "ArnLike", "Null"} | _TEXT_OPERATORS | _DATE_OPERATORS


def policy_statements(
    properties: Mapping[str, Any], document: Mapping[str, Any], *, api_arn: str
) -> tuple[PolicyStatement, ...] | None:
    """Return the statements of an API's policy; None if it has no policy.

    Of those that samrun does not evaluate, one that denies is left out, and one that allows has no conditions.
    `api_arn` is the ARN of the API, without a stage.
    """
    declared = _declared(properties, document)
    if declared is None:
        return None
    return tuple(
        _statement(each, api_arn) for each in declared if each.get("Effect") != "Deny" or not _is_unknown(each)
    )


def ignored_in_policy(properties: Mapping[str, Any], document: Mapping[str, Any]) -> Iterator[str]:
    """Yield a text for each statement of a policy that samrun does not evaluate."""
    for number, statement in enumerate(_declared(properties, document) or (), start=1):
        if unknown := ", ".join(_unknown(statement)):
            yield f"statement {number} of its resource policy ({unknown}: it is not evaluated)"


def _declared(properties: Mapping[str, Any], document: Mapping[str, Any]) -> list[Mapping[str, Any]] | None:
    policy = document.get(_IN_DOCUMENT) or properties.get("Policy")
    if not isinstance(policy, Mapping):
        return None
    statements = policy.get("Statement") or []
    listed = statements if isinstance(statements, list) else [statements]
    return [each for each in listed if isinstance(each, Mapping)]


def _statement(declared: Mapping[str, Any], api_arn: str) -> PolicyStatement:
    conditions = {} if _is_unknown(declared) else declared.get("Condition") or {}
    return PolicyStatement(
        effect="Deny" if declared.get("Effect") == "Deny" else "Allow",
        principals=not _is_everybody(declared.get("Principal")),
        actions=_texts(declared.get("Action")),
        resources=tuple(_resource(each, api_arn) for each in _texts(declared.get("Resource"))),
        conditions={
            operator: {key: _texts(wanted) for key, wanted in each.items()} for operator, each in conditions.items()
        },
    )


def _unknown(declared: Mapping[str, Any]) -> Iterator[str]:
    yield from sorted(declared.keys() & {"NotAction", "NotPrincipal", "NotResource"})
    for operator, conditions in (declared.get("Condition") or {}).items():
        for key in conditions:
            is_network = key.lower() in NETWORK_KEYS
            if key.lower() not in _KEYS or (not is_network and operator.removesuffix("IfExists") not in _OPERATORS):
                yield f"{operator} {key}"


def _is_unknown(declared: Mapping[str, Any]) -> bool:
    return any(_unknown(declared))


def _is_everybody(principal: Any) -> bool:
    return principal in ("*", None, {"AWS": "*"}, {"AWS": ["*"]})


def _resource(text: str, api_arn: str) -> str:
    """Return the whole ARN of a resource, whose beginning a policy may leave out."""
    return f"{api_arn}/{text.removeprefix(_SHORT)}" if text.startswith(_SHORT) else text


def _texts(value: Any) -> tuple[str, ...]:
    return tuple(as_text(each) for each in (value if isinstance(value, list) else [value]))
