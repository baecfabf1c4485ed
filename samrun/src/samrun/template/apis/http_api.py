"""HTTP APIs of a template: AWS::ApiGatewayV2::Api, from the OpenAPI document that SAM's translator writes for each.

The document's extensions:
https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-swagger-extensions.html
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from samrun.template.apis.api_documents import (
    NO_AUTHORIZER,
    by_fault,
    function_of,
    integrated_function,
    integration,
    integration_fault,
    operations,
    security_of,
    security_schemes,
    timeout_of,
)
from samrun.template.apis.cors import read_cors
from samrun.template.apis.lambda_authorizers import lambda_authorizers
from samrun.template.apis.raw_http_api import ROUTE, http_api_document, routes_of_websockets
from samrun.template.apis.service_integrations import ignored_parameters, service_integration
from samrun.template.apis.user_pools import issuer_here
from samrun.template.model.account import ACCOUNT
from samrun.template.model.application import MissingTrigger
from samrun.template.model.authorizers import SUBJECT, JwtAuthorizer, LambdaAuthorizer, TryItToken
from samrun.template.model.http_apis import Cors, HttpApi, Route, Throttle
from samrun.template.resolution.resolved_template import ResolvedTemplate
from samrun.template.support.resource_types import HTTP_API, STAGE

# The account's quotas apply if the stage sets no limit:
# https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-throttling.html
_ACCOUNT_THROTTLE = {"ThrottlingRateLimit": 10_000, "ThrottlingBurstLimit": 5_000}
_DEFAULT = "$default"
_WEBSOCKET = "WEBSOCKET"
_PARAMETER_MAPPING = {"requestParameters", "responseParameters"}


def read_http_apis(template: ResolvedTemplate, *, folder: Path, issuer: str) -> Iterator[HttpApi]:
    """Yield the HTTP APIs.

    `folder` is the template's, to which the paths in Metadata are relative. `issuer` is the local issuer of tokens.
    """
    for logical_id, properties in template.of_type(HTTP_API):
        if properties.get("ProtocolType") != _WEBSOCKET:
            yield _http_api(template, logical_id, properties, folder=folder, issuer=issuer)


def ignored_in_http_apis(template: ResolvedTemplate) -> Iterator[str]:
    """Yield a text for each HTTP API that is not supported in full on one machine."""
    apis = dict(template.of_type(HTTP_API))
    for logical_id, properties in apis.items():
        if properties.get("ProtocolType") == _WEBSOCKET:
            yield f"{logical_id}: it is a WebSocket API"
        elif ignored := ", ".join(
            _ignored(template, http_api_document(template, template.name(logical_id), properties))
        ):
            yield f"{logical_id}: {ignored}"

    names = {template.name(logical_id) for logical_id in apis}
    for logical_id, route in template.of_type(ROUTE):
        if route.get("ApiId") not in names:
            yield f"{logical_id}: its API {route.get('ApiId')} is not in the template"


def missing_in_http_apis(template: ResolvedTemplate) -> Iterator[MissingTrigger]:
    """Yield each route by which a WebSocket API would invoke a function."""
    functions = template.function_arns()
    for logical_id, properties in template.of_type(HTTP_API):
        if properties.get("ProtocolType") != _WEBSOCKET:
            continue
        for key, uri in routes_of_websockets(template, template.name(logical_id)):
            function = integrated_function(uri)
            if function in functions:
                yield MissingTrigger(
                    logical_id=f"{key} of {logical_id}",
                    function=function,
                    source="WebSocket API",
                    reason="samrun runs no WebSocket APIs",
                    remedy="Invoke the function yourself, with an event of that kind",
                )


def _stage(template: ResolvedTemplate, api: str) -> Mapping[str, Any]:
    """Return the properties of the API's stage; on one machine, an API has one stage."""
    stages = (stage for _, stage in template.of_type(STAGE) if stage.get("ApiId") == api)
    return next(stages, {})


def _http_api(
    template: ResolvedTemplate, logical_id: str, properties: Mapping[str, Any], *, folder: Path, issuer: str
) -> HttpApi:
    document = http_api_document(template, template.name(logical_id), properties)
    metadata, stage = template.metadata(logical_id), _stage(template, template.name(logical_id))
    openapi_document = metadata.get("OpenApiDocument")
    token = metadata.get("TryItToken")
    name = stage.get("StageName", _DEFAULT)
    api_arn = f"arn:aws:execute-api:{template.region}:{ACCOUNT}:{logical_id}/{name}"
    return HttpApi(
        logical_id=logical_id,
        routes=tuple(_routes(document, stage, _authorizers_here(template, document, api_arn, issuer))),
        openapi_document=folder / openapi_document if openapi_document else None,
        try_it=metadata.get("TryIt"),
        next_steps=metadata.get("NextSteps"),
        try_it_token=TryItToken(subject=token.get("sub", SUBJECT), scope=token.get("scope", "")) if token else None,
        new_in_each_sample=tuple(map(str, metadata.get("NewInEachSample", ()))),
        throttle=_throttle(stage.get("DefaultRouteSettings", {}), {}),
        cors=_cors(properties),
        stage=None if name == _DEFAULT else name,
        stage_variables={name: str(value) for name, value in stage.get("StageVariables", {}).items()},
    )


def _ignored(template: ResolvedTemplate, document: Mapping[str, Any]) -> Iterator[str]:
    known = {NO_AUTHORIZER, *_authorizers(document, "")}
    required = {name for *_, operation in operations(document) for name in security_of(document, operation)}
    if others := ", ".join(sorted(required - known)):
        yield f"Auth of {others} (its requests are not checked)"
    functions = template.function_arns()
    yield from by_fault(
        (f"{method} {path}", None if service_integration(operation) else integration_fault(operation, functions))
        for path, method, operation in operations(document)
    )
    for path, method, operation in operations(document):
        mapped = ", ".join(sorted(integration(operation).keys() & _PARAMETER_MAPPING))
        if mapped and function_of(operation):
            yield f"{mapped} of {method} {path}"
        if service := service_integration(operation):
            yield from (f"{name} of {method} {path}" for name in ignored_parameters(service))


def _routes(
    document: Mapping[str, Any],
    stage: Mapping[str, Any],
    authorizers: Mapping[str, JwtAuthorizer | LambdaAuthorizer],
) -> Iterator[Route]:
    settings, default_settings = stage.get("RouteSettings", {}), stage.get("DefaultRouteSettings", {})
    for path, method, operation in operations(document):
        service = service_integration(operation)
        function = None if service else function_of(operation)
        if function is None and service is None:
            continue
        # API Gateway uses one authorizer for a route, even if the document lists several.
        name, scopes = next(iter(security_of(document, operation).items()), (NO_AUTHORIZER, []))
        route = Route(
            method=None if path == _DEFAULT else method,
            path=None if path == _DEFAULT else path,
            function=function,
            service=service,
            authorizer=authorizers.get(name),
            scopes=tuple(scopes),
            payload_format="1.0" if str(integration(operation).get("payloadFormatVersion")) == "1.0" else "2.0",
            timeout=timeout_of(operation),
        )
        throttle = _throttle(settings.get(route.key, {}), default_settings)
        yield replace(route, throttle=throttle)


def _authorizers_here(
    template: ResolvedTemplate, document: Mapping[str, Any], api_arn: str, issuer: str
) -> dict[str, JwtAuthorizer | LambdaAuthorizer]:
    """Return the authorizers; the local issuer stands for the user pools of the template."""
    return {
        name: replace(authorizer, issuer=issuer_here(template, authorizer.issuer, local=issuer))
        if isinstance(authorizer, JwtAuthorizer)
        else authorizer
        for name, authorizer in _authorizers(document, api_arn).items()
    }


def _authorizers(document: Mapping[str, Any], api_arn: str) -> dict[str, JwtAuthorizer | LambdaAuthorizer]:
    return {**_jwt_authorizers(document), **lambda_authorizers(document, api_arn=api_arn, rest=False)}


def _jwt_authorizers(document: Mapping[str, Any]) -> dict[str, JwtAuthorizer]:
    found = {
        name: scheme.get("x-amazon-apigateway-authorizer") or {} for name, scheme in security_schemes(document).items()
    }
    return {
        name: JwtAuthorizer(
            name=name,
            issuer=authorizer["jwtConfiguration"]["issuer"],
            audiences=tuple(authorizer["jwtConfiguration"].get("audience", [])),
            identity_source=_one(authorizer.get("identitySource", "$request.header.Authorization")),
        )
        for name, authorizer in found.items()
        if authorizer.get("type") == "jwt"
    }


def _one(sources: Any) -> str:
    """Return the identity source of a JWT authorizer; a document may have it in a list."""
    return str(sources[0] if isinstance(sources, list) else sources)


def _cors(properties: Mapping[str, Any]) -> Cors | None:
    """Return the CORS configuration of the API: a property of the resource, or an extension of its document."""
    return read_cors(properties.get("CorsConfiguration") or properties.get("Body", {}).get("x-amazon-apigateway-cors"))


def _throttle(settings: Mapping[str, Any], default_settings: Mapping[str, Any]) -> Throttle | None:
    if not settings.keys() & _ACCOUNT_THROTTLE.keys():
        return None
    values = {**_ACCOUNT_THROTTLE, **default_settings, **settings}
    return Throttle(rate=float(values["ThrottlingRateLimit"]), burst=int(values["ThrottlingBurstLimit"]))
