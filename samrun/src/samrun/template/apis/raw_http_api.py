"""Raw HTTP APIs: writes the resources of CloudFormation that make up an HTTP API as a document, like SAM's.

The resources: AWS::ApiGatewayV2::Route, Integration and Authorizer.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from samrun.template.resolution.resolved_template import ResolvedTemplate

ROUTE = "AWS::ApiGatewayV2::Route"
INTEGRATION = "AWS::ApiGatewayV2::Integration"
AUTHORIZER = "AWS::ApiGatewayV2::Authorizer"
HTTP_API_PARTS = {ROUTE, INTEGRATION, AUTHORIZER}

_DEFAULT = "$default"
_ANY = "x-amazon-apigateway-any-method"


def http_api_document(template: ResolvedTemplate, api: str, properties: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the document of an HTTP API, with the routes that the template declares as resources of their own.

    An API with a Target has a route of its own, which invokes that function.
    """
    body: Mapping[str, Any] = properties.get("Body") or {}
    parts = {kind: dict(_parts(template, kind, api)) for kind in HTTP_API_PARTS}
    target = properties.get("Target")
    if not target and not any(parts.values()):
        return body
    paths = {path: dict(methods) for path, methods in (body.get("paths") or {}).items()}
    if target:
        # https://docs.aws.amazon.com/apigatewayv2/latest/api-reference/apis.html
        path, method = _key(properties.get("RouteKey", _DEFAULT))
        paths.setdefault(path, {})[method] = _operation({}, {"IntegrationUri": target, "PayloadFormatVersion": "2.0"})
    for route in parts[ROUTE].values():
        path, method = _key(route["RouteKey"])
        integration = str(route.get("Target", "")).removeprefix("integrations/")
        paths.setdefault(path, {})[method] = _operation(route, parts[INTEGRATION].get(integration, {}))
    components = dict(body.get("components") or {})
    schemes = {**(components.get("securitySchemes") or {}), **dict(_schemes(parts[AUTHORIZER]))}
    return {**body, "paths": paths, "components": {**components, "securitySchemes": schemes}}


def routes_of_websockets(template: ResolvedTemplate, api: str) -> Iterator[tuple[str, str]]:
    """Yield the key of each route of a WebSocket API, with the URI of its integration."""
    integrations = dict(_parts(template, INTEGRATION, api))
    for _, route in _parts(template, ROUTE, api):
        integration = integrations.get(str(route.get("Target", "")).removeprefix("integrations/"), {})
        yield str(route["RouteKey"]), str(integration.get("IntegrationUri", ""))


def _parts(template: ResolvedTemplate, kind: str, api: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for logical_id, properties in template.of_type(kind):
        if properties.get("ApiId") == api:
            yield template.name(logical_id), properties


def _key(route_key: str) -> tuple[str, str]:
    """Return path and method of a route's key as a document has them."""
    if route_key == _DEFAULT:
        return _DEFAULT, _ANY
    method, _, path = route_key.partition(" ")
    return path, _ANY if method == "ANY" else method.lower()


def _operation(route: Mapping[str, Any], integration: Mapping[str, Any]) -> dict[str, Any]:
    kind = route.get("AuthorizationType", "NONE")
    authorizer = route.get("AuthorizerId") if kind in {"JWT", "CUSTOM"} else kind
    declared = {
        "type": integration.get("IntegrationType", "AWS_PROXY" if integration else ""),
        "uri": integration.get("IntegrationUri", ""),
        "payloadFormatVersion": integration.get("PayloadFormatVersion", "1.0"),
    }
    if "IntegrationSubtype" in integration:
        declared["integrationSubtype"] = integration["IntegrationSubtype"]
    if "RequestParameters" in integration:
        declared["requestParameters"] = integration["RequestParameters"]
    if "TimeoutInMillis" in integration:
        declared["timeoutInMillis"] = integration["TimeoutInMillis"]
    return {
        "security": [] if authorizer == "NONE" else [{authorizer: route.get("AuthorizationScopes") or []}],
        "x-amazon-apigateway-integration": declared,
    }


def _schemes(authorizers: Mapping[str, Mapping[str, Any]]) -> Iterator[tuple[str, dict[str, Any]]]:
    for name, declared in authorizers.items():
        jwt = declared.get("JwtConfiguration") or {}
        yield (
            name,
            {
                "x-amazon-apigateway-authorizer": {
                    "type": str(declared.get("AuthorizerType", "")).lower(),
                    "identitySource": declared.get("IdentitySource") or [],
                    "jwtConfiguration": {"issuer": jwt.get("Issuer", ""), "audience": jwt.get("Audience") or []},
                    "authorizerUri": declared.get("AuthorizerUri", ""),
                    "authorizerPayloadFormatVersion": declared.get("AuthorizerPayloadFormatVersion", "1.0"),
                    "authorizerResultTtlInSeconds": declared.get("AuthorizerResultTtlInSeconds", 0),
                    "enableSimpleResponses": declared.get("EnableSimpleResponses", False),
                }
            },
        )
