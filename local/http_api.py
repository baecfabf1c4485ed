"""Reads an HTTP API from the OpenAPI document that SAM's translator makes of it.

Its extensions: https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-swagger-extensions.html
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from local.arns import function_name
from local.issuer import SUBJECT
from local.model import HttpApi, JwtAuthorizer, Route, Throttle, TryItToken

# An account's quotas hold where a stage says nothing:
# https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-throttling.html
_ACCOUNT_THROTTLE = {"ThrottlingRateLimit": 10_000, "ThrottlingBurstLimit": 5_000}
# SAM writes it where a route wants no authorizer.
_NOBODY = "NONE"


def http_api(
    logical_id: str,
    document: Mapping[str, Any],
    *,
    stage: Mapping[str, Any],
    metadata: Mapping[str, Any],
    folder: Path,
) -> HttpApi:
    """Return the API of an OpenAPI document. `stage` has its stage's properties, `folder` the template."""
    openapi_document = metadata.get("OpenApiDocument")
    token = metadata.get("TryItToken")
    return HttpApi(
        logical_id=logical_id,
        routes=tuple(_routes(document, stage.get("RouteSettings", {}), stage.get("DefaultRouteSettings", {}))),
        openapi_document=folder / openapi_document if openapi_document else None,
        try_it=metadata.get("TryIt"),
        try_it_token=TryItToken(subject=token.get("sub", SUBJECT), scope=token.get("scope", "")) if token else None,
        throttle=_throttle(stage.get("DefaultRouteSettings", {}), {}),
    )


def ignored_of_api(properties: Mapping[str, Any]) -> Iterator[str]:
    """Yield in words what of an AWS::ApiGatewayV2::Api is not done on one machine."""
    document = properties.get("Body", {})
    known = {_NOBODY, *_authorizers(document)}
    wanted = {name for *_, operation in _operations(document) for name in _security(document, operation)}
    if others := ", ".join(sorted(wanted - known)):
        yield f"Auth of {others} (its requests are let through)"
    if "CorsConfiguration" in properties or "x-amazon-apigateway-cors" in document:
        yield "CorsConfiguration"


def _routes(
    document: Mapping[str, Any], settings: Mapping[str, Any], default_settings: Mapping[str, Any]
) -> Iterator[Route]:
    authorizers = _authorizers(document)
    for path, method, operation in _operations(document):
        # Where there are several, API Gateway takes one for a route.
        name, scopes = next(iter(_security(document, operation).items()), (_NOBODY, []))
        any_method = method == "x-amazon-apigateway-any-method"
        route = Route(
            method=None if path == "$default" else "ANY" if any_method else method.upper(),
            path=None if path == "$default" else path,
            function=function_name(operation["x-amazon-apigateway-integration"]["uri"]),
            authorizer=authorizers.get(name),
            scopes=tuple(scopes),
        )
        throttle = _throttle(settings.get(route.key, {}), default_settings)
        yield replace(route, throttle=throttle)


def _operations(document: Mapping[str, Any]) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    for path, methods in document.get("paths", {}).items():
        for method, operation in methods.items():
            if "x-amazon-apigateway-integration" in operation:
                yield path, method, operation


def _security(document: Mapping[str, Any], operation: Mapping[str, Any]) -> dict[str, list[str]]:
    """Return the scopes by authorizer."""
    security = operation.get("security", document.get("security", []))
    return {name: scopes for each in security for name, scopes in each.items()}


def _authorizers(document: Mapping[str, Any]) -> dict[str, JwtAuthorizer]:
    schemes = document.get("components", {}).get("securitySchemes", {})
    found = {name: scheme.get("x-amazon-apigateway-authorizer", {}) for name, scheme in schemes.items()}
    return {
        name: JwtAuthorizer(
            name=name,
            issuer=authorizer["jwtConfiguration"]["issuer"],
            audiences=tuple(authorizer["jwtConfiguration"].get("audience", [])),
            identity_source=authorizer.get("identitySource", "$request.header.Authorization"),
        )
        for name, authorizer in found.items()
        if authorizer.get("type") == "jwt"
    }


def _throttle(settings: Mapping[str, Any], default_settings: Mapping[str, Any]) -> Throttle | None:
    if not settings.keys() & _ACCOUNT_THROTTLE.keys():
        return None
    values = {**_ACCOUNT_THROTTLE, **default_settings, **settings}
    return Throttle(rate=float(values["ThrottlingRateLimit"]), burst=int(values["ThrottlingBurstLimit"]))
