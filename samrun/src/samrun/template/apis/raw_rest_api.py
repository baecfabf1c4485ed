"""Raw REST APIs: writes the resources of CloudFormation that make up a REST API as a document, like SAM's.

The resources: AWS::ApiGateway::Resource, Method, Authorizer, RequestValidator, Model and GatewayResponse.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from samrun.template.resolution.booleans import is_true
from samrun.template.resolution.resolved_template import ResolvedTemplate

RESOURCE = "AWS::ApiGateway::Resource"
METHOD = "AWS::ApiGateway::Method"
AUTHORIZER = "AWS::ApiGateway::Authorizer"
VALIDATOR = "AWS::ApiGateway::RequestValidator"
MODEL = "AWS::ApiGateway::Model"
GATEWAY_RESPONSE = "AWS::ApiGateway::GatewayResponse"
REST_API_PARTS = {RESOURCE, METHOD, AUTHORIZER, VALIDATOR, MODEL, GATEWAY_RESPONSE}

_PLACES = {"header": "header", "querystring": "query", "path": "path"}


def rest_api_document(template: ResolvedTemplate, api: str, body: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the document of a REST API, with the methods that the template declares as resources of their own."""
    parts = {kind: dict(_parts(template, kind, api)) for kind in REST_API_PARTS}
    if not any(parts.values()):
        return body
    paths = {path: dict(methods) for path, methods in (body.get("paths") or {}).items()}
    for method in parts[METHOD].values():
        name = "x-amazon-apigateway-any-method" if method["HttpMethod"] == "ANY" else method["HttpMethod"].lower()
        paths.setdefault(_path(method.get("ResourceId"), parts[RESOURCE]), {})[name] = _operation(method)
    return {
        **body,
        "paths": paths,
        "definitions": {**(body.get("definitions") or {}), **_models(parts[MODEL])},
        "securityDefinitions": {**(body.get("securityDefinitions") or {}), **_schemes(parts[AUTHORIZER])},
        "x-amazon-apigateway-request-validators": {
            **(body.get("x-amazon-apigateway-request-validators") or {}),
            **_validators(parts[VALIDATOR]),
        },
        "x-amazon-apigateway-gateway-responses": {
            **(body.get("x-amazon-apigateway-gateway-responses") or {}),
            **_responses(parts[GATEWAY_RESPONSE]),
        },
    }


def _parts(template: ResolvedTemplate, kind: str, api: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for logical_id, properties in template.of_type(kind):
        if properties.get("RestApiId") == api:
            yield template.name(logical_id), properties


def _path(resource: Any, resources: Mapping[str, Mapping[str, Any]]) -> str:
    """Return the path of a resource from its parts; a resource that is not in the template is the root."""
    parts: list[str] = []
    while resource in resources:
        parts.insert(0, str(resources[resource].get("PathPart", "")))
        resource = resources[resource].get("ParentId")
    return "/" + "/".join(parts)


def _operation(method: Mapping[str, Any]) -> dict[str, Any]:
    declared = method.get("Integration") or {}
    kind = {"CUSTOM": method.get("AuthorizerId"), "COGNITO_USER_POOLS": method.get("AuthorizerId")}
    authorizer = kind.get(method.get("AuthorizationType", "NONE"), method.get("AuthorizationType", "NONE"))
    models = method.get("RequestModels") or {}
    operation: dict[str, Any] = {
        "parameters": list(_parameters(method.get("RequestParameters") or {})),
        "security": [] if authorizer == "NONE" else [{authorizer: method.get("AuthorizationScopes") or []}],
        "x-amazon-apigateway-integration": {
            "type": declared.get("Type", ""),
            "uri": declared.get("Uri", ""),
            "httpMethod": declared.get("IntegrationHttpMethod") or "",
            "requestTemplates": declared.get("RequestTemplates") or {},
            "requestParameters": declared.get("RequestParameters") or {},
            "passthroughBehavior": declared.get("PassthroughBehavior") or "",
            "responses": dict(_integration_responses(declared)),
        },
    }
    if "TimeoutInMillis" in declared:
        operation["x-amazon-apigateway-integration"]["timeoutInMillis"] = declared["TimeoutInMillis"]
    if is_true(method.get("ApiKeyRequired", False)):
        operation["security"].append({"api_key": []})
    if "application/json" in models:
        reference = {"$ref": f"#/definitions/{models['application/json']}"}
        operation["parameters"].append({"in": "body", "name": "body", "schema": reference})
    if "RequestValidatorId" in method:
        operation["x-amazon-apigateway-request-validator"] = method["RequestValidatorId"]
    return operation


def _parameters(declared: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for name, required in declared.items():
        place, _, parameter = name.removeprefix("method.request.").partition(".")
        if place in _PLACES:
            yield {"in": _PLACES[place], "name": parameter, "required": is_true(required)}


def _integration_responses(declared: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for response in declared.get("IntegrationResponses") or []:
        yield (
            str(response.get("SelectionPattern") or "default"),
            {
                "statusCode": response.get("StatusCode", 200),
                "responseParameters": response.get("ResponseParameters") or {},
                "responseTemplates": response.get("ResponseTemplates") or {},
            },
        )


def _schemes(authorizers: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    return {
        name: {
            "type": "apiKey",
            "in": "header",
            "name": str(declared.get("IdentitySource", "")).removeprefix("method.request.header.") or "Authorization",
            "x-amazon-apigateway-authtype": str(declared.get("Type", "")).lower(),
            "x-amazon-apigateway-authorizer": {
                "type": str(declared.get("Type", "")).lower(),
                "providerARNs": declared.get("ProviderARNs") or [],
                "authorizerUri": declared.get("AuthorizerUri", ""),
                "identitySource": declared.get("IdentitySource") or "",
                "identityValidationExpression": declared.get("IdentityValidationExpression"),
                "authorizerResultTtlInSeconds": declared.get("AuthorizerResultTtlInSeconds", 300),
            },
        }
        for name, declared in authorizers.items()
    }


def _models(models: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    # A method names a model by its Name, and Ref returns that, too.
    named = {str(declared.get("Name", name)): declared.get("Schema") or {} for name, declared in models.items()}
    return {**{name: declared.get("Schema") or {} for name, declared in models.items()}, **named}


def _validators(validators: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    return {
        name: {
            "validateRequestBody": declared.get("ValidateRequestBody", False),
            "validateRequestParameters": declared.get("ValidateRequestParameters", False),
        }
        for name, declared in validators.items()
    }


def _responses(responses: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    return {
        str(declared.get("ResponseType")): {
            "statusCode": declared.get("StatusCode"),
            "responseParameters": declared.get("ResponseParameters") or {},
            "responseTemplates": declared.get("ResponseTemplates") or {},
        }
        for declared in responses.values()
    }
