"""API keys of a REST API, and the usage plans with one of its stages, to which the keys belong."""

from collections.abc import Iterator, Mapping
from typing import Any

from samrun.template.model.http_apis import Throttle
from samrun.template.model.rest_apis import Quota, UsagePlan
from samrun.template.resolution.booleans import is_true
from samrun.template.resolution.resolved_template import ResolvedTemplate

API_KEY = "AWS::ApiGateway::ApiKey"
USAGE_PLAN = "AWS::ApiGateway::UsagePlan"
USAGE_PLAN_KEY = "AWS::ApiGateway::UsagePlanKey"

# The account's quotas apply if a limit has only one of the two:
# https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-request-throttling.html
_ACCOUNT_RATE, _ACCOUNT_BURST = 10_000, 5_000


def api_keys(template: ResolvedTemplate, api: str) -> dict[str, str]:
    """Return the name of each key by its value, for the methods of an API that require a key.

    A key without a Value in the template has its own name as its value; on AWS, API Gateway makes one up.
    """
    return {value: name for value, name, _ in _allowed(template, api)}


def usage_plans(template: ResolvedTemplate, api: str) -> dict[str, UsagePlan]:
    """Return the usage plan of each of these keys by the key's value."""
    return {value: plan for value, _, plan in _allowed(template, api)}


def _allowed(template: ResolvedTemplate, api: str) -> Iterator[tuple[str, str, UsagePlan]]:
    """Yield the value, the name and the plan of each key that the API accepts."""
    keys = {template.name(logical_id): properties for logical_id, properties in template.of_type(API_KEY)}
    plans = {
        template.name(logical_id): _usage_plan(template.name(logical_id), plan, api)
        for logical_id, plan in template.of_type(USAGE_PLAN)
        if any(True for _ in _stages(plan, api))
    }
    for _, in_plan in template.of_type(USAGE_PLAN_KEY):
        name, plan = in_plan["KeyId"], plans.get(in_plan["UsagePlanId"])
        if plan and name in keys and _is_enabled(keys[name]):
            yield str(keys[name].get("Value", name)), name, plan


def _usage_plan(name: str, plan: Mapping[str, Any], api: str) -> UsagePlan:
    quota, throttle = plan.get("Quota") or {}, plan.get("Throttle")
    return UsagePlan(
        name=name,
        throttle=_throttle(throttle) if throttle else None,
        method_throttles={
            _method(key): _throttle(each)
            for stage in _stages(plan, api)
            for key, each in (stage.get("Throttle") or {}).items()
        },
        quota=Quota(limit=int(quota["Limit"]), period=quota["Period"], offset=int(quota.get("Offset", 0)))
        if "Limit" in quota
        else None,
    )


def _stages(plan: Mapping[str, Any], api: str) -> Iterator[Mapping[str, Any]]:
    return (stage for stage in plan.get("ApiStages", []) if stage.get("ApiId") == api)


def _throttle(declared: Mapping[str, Any]) -> Throttle:
    return Throttle(
        rate=float(declared.get("RateLimit", _ACCOUNT_RATE)), burst=int(declared.get("BurstLimit", _ACCOUNT_BURST))
    )


def _method(key: str) -> str:
    """Return the key of a method as this runner has it: `GET /books` for `/books/GET`."""
    path, _, method = key.rpartition("/")
    return f"{method} {path}"


def _is_enabled(key: Mapping[str, Any]) -> bool:
    # CloudFormation creates a key that cannot be used if the template does not say otherwise.
    return is_true(key.get("Enabled", False))
