"""Resource policy of a REST API: whether it lets a request in.

https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-authorization-flow.html

Nobody knows from which network a caller of this machine would come. So a condition on the network counts as the one
that lets the caller in, and so does one on the principal, because requests are not signed here.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from samrun.gateway.policy import INVOKE, Decision, matches
from samrun.template.apis.resource_policies import NETWORK_KEYS
from samrun.template.model.rest_apis import PolicyStatement


@dataclass(frozen=True, kw_only=True)
class PolicyRequest:
    """A request as a policy sees it: the ARN of its method, the time, and its headers, by names in small letters."""

    arn: str
    time: datetime
    headers: Mapping[str, str]

    def value(self, key: str) -> str | None:
        """Return the value of a condition's key, in small letters; None if the request has none."""
        match key:
            case "aws:useragent":
                return self.headers.get("user-agent")
            case "aws:referer":
                return self.headers.get("referer")
            case "aws:currenttime":
                return self.time.isoformat()
            case "aws:epochtime":
                return str(int(self.time.timestamp()))
        return None


def decide(statements: Iterable[PolicyStatement], request: PolicyRequest) -> Decision:
    """Return the decision of a policy with these statements about a request."""
    effects = {each.effect for each in statements if _applies(each, request)}
    if "Deny" in effects:
        return "explicitly denied"
    return "allowed" if "Allow" in effects else "implicitly denied"


def _applies(statement: PolicyStatement, request: PolicyRequest) -> bool:
    """Tell whether a statement is about a request."""
    is_named = any(matches(each.lower(), INVOKE) for each in statement.actions)
    is_meant = any(matches(each, request.arn) for each in statement.resources)
    if not (is_named and is_meant):
        return False
    if statement.effect == "Deny" and statement.principals:
        return False  # it denies others
    return all(
        _is_met(operator, key, wanted, statement.effect, request)
        for operator, conditions in statement.conditions.items()
        for key, wanted in conditions.items()
    )


def _is_met(operator: str, key: str, wanted: tuple[str, ...], effect: str, request: PolicyRequest) -> bool:
    key = key.lower()
    if key in NETWORK_KEYS:
        return effect == "Allow"
    value, name = request.value(key), operator.removesuffix("IfExists")
    if name == "Null":
        return (value is None) == (wanted[0].lower() == "true")
    if value is None:
        return name != operator or "Not" in name
    if name.startswith("Date"):
        return any(_compare(name.removeprefix("Date"), _moment(value), _moment(each)) for each in wanted)
    found = any(_matches_text(name, each, value) for each in wanted)
    return not found if "Not" in name else found


def _matches_text(operator: str, wanted: str, value: str) -> bool:
    if "IgnoreCase" in operator:
        return wanted.lower() == value.lower()
    return matches(wanted, value) if operator.endswith("Like") else wanted == value


def _compare(name: str, one: datetime, other: datetime) -> bool:
    results: Mapping[str, bool] = {
        "Equals": one == other,
        "NotEquals": one != other,
        "GreaterThan": one > other,
        "GreaterThanEquals": one >= other,
        "LessThan": one < other,
        "LessThanEquals": one <= other,
    }
    return results[name]


def _moment(text: Any) -> datetime:
    """Return the time of a text: in the form of ISO 8601, or seconds since 1970."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return datetime.fromtimestamp(float(text), UTC)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
