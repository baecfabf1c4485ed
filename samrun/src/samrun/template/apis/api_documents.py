"""API documents: reads what the OpenAPI (or Swagger) documents of HTTP APIs and of REST APIs have in common.

The extensions of API Gateway:
https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-swagger-extensions.html
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

from samrun.template.arns import function_name

_INTEGRATION = "x-amazon-apigateway-integration"
_ANY = "x-amazon-apigateway-any-method"
_METHODS = {"get", "put", "post", "delete", "options", "head", "patch", "trace"}
# SAM writes this name for a method without an authorizer.
NO_AUTHORIZER = "NONE"


def operations(document: Mapping[str, Any]) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    """Yield path, method (GET, …, ANY) and operation of each method of the document.

    An operation has the parameters of its path, too.
    """
    for path, methods in (document.get("paths") or {}).items():
        of_path = (methods or {}).get("parameters") or []
        for name, declared in (methods or {}).items():
            if name == _ANY or name.lower() in _METHODS:
                operation = declared or {}
                parameters = [*of_path, *(operation.get("parameters") or [])]
                yield path, "ANY" if name == _ANY else name.upper(), {**operation, "parameters": parameters}


def integration(operation: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the integration of an operation; empty if it has none."""
    found: Mapping[str, Any] = operation.get(_INTEGRATION) or {}
    return found


def function_of(operation: Mapping[str, Any]) -> str | None:
    """Return the name of the function that an operation invokes with the request as a whole; None if it does not."""
    declared = integration(operation)
    if str(declared.get("type", "")).lower() != "aws_proxy":
        return None
    return integrated_function(str(declared.get("uri", "")))


def integrated_function(uri: str) -> str | None:
    """Return the name of the function in the URI of an integration or authorizer; None if it names no function."""
    return function_name(uri) if "function:" in uri else None


def mapped_function(operation: Mapping[str, Any]) -> str | None:
    """Return the name of the function of an integration that is no proxy; None if there is none."""
    declared = integration(operation)
    is_mapped = str(declared.get("type", "")).lower() == "aws"
    return integrated_function(str(declared.get("uri", ""))) if is_mapped else None


def timeout_of(operation: Mapping[str, Any]) -> float | None:
    """Return the seconds that the integration may take; None if the document sets no limit."""
    milliseconds = integration(operation).get("timeoutInMillis")
    return None if milliseconds is None else float(milliseconds) / 1000


def integration_fault(operation: Mapping[str, Any], functions: Collection[str]) -> str | None:
    """Return why samrun cannot run an operation; None if it invokes one of these functions with the whole request."""
    declared, function = integration(operation), function_of(operation)
    if function:
        return None if function in functions else f"with the function {function}, which is not in the template"
    return f"{_kind(declared)}: samrun does not run such an integration"


def _kind(declared: Mapping[str, Any]) -> str:
    kind = str(declared.get("type", "")).lower()
    if not declared:
        return "without an integration"
    if kind != "aws_proxy":
        return f"with an integration of the type {kind}" if kind else "with an integration without a type"
    if "integrationSubtype" in declared:
        return f"with the integration {declared['integrationSubtype']}"
    return f"with an integration of {declared['uri']}" if declared.get("uri") else "with an integration without a uri"


def by_fault(operations_with_faults: Iterable[tuple[str, str | None]]) -> Iterator[str]:
    """Yield a text for each fault, with the methods and paths that have it."""
    keys: dict[str, list[str]] = {}
    for key, fault in operations_with_faults:
        if fault:
            keys.setdefault(fault, []).append(key)
    yield from (f"{', '.join(each)} ({fault})" for fault, each in keys.items())


def security_of(document: Mapping[str, Any], operation: Mapping[str, Any]) -> dict[str, list[str]]:
    """Return the scopes of an operation by authorizer."""
    security = operation.get("security", document.get("security")) or []
    return {name: scopes or [] for each in security for name, scopes in each.items()}


def security_schemes(document: Mapping[str, Any]) -> Mapping[str, Mapping[str, Any]]:
    """Return the document's authorizers by name, in OpenAPI 3 as in Swagger 2."""
    components = document.get("components") or {}
    schemes: Mapping[str, Any] = components.get("securitySchemes") or document.get("securityDefinitions") or {}
    return {name: scheme or {} for name, scheme in schemes.items()}
