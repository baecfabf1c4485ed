"""REST APIs of a template: AWS::ApiGateway::RestApi, from the document that SAM's translator writes for each.

The document's extensions:
https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-swagger-extensions.html
"""

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from samrun.template.apis.api_documents import (
    NO_AUTHORIZER,
    by_fault,
    function_of,
    integration_fault,
    mapped_function,
    operations,
    security_of,
    security_schemes,
    timeout_of,
)
from samrun.template.apis.api_keys import api_keys, usage_plans
from samrun.template.apis.lambda_authorizers import lambda_authorizers
from samrun.template.apis.mapped_integrations import mapped_integration
from samrun.template.apis.mock_integrations import mock_response
from samrun.template.apis.raw_rest_api import METHOD, rest_api_document
from samrun.template.apis.request_validation import body_schema, required_parameters
from samrun.template.apis.resource_policies import ignored_in_policy, policy_statements
from samrun.template.apis.user_pools import cognito_authorizers, further_pools
from samrun.template.model.account import ACCOUNT
from samrun.template.model.application import MissingTrigger
from samrun.template.model.authorizers import JwtAuthorizer, LambdaAuthorizer
from samrun.template.model.http_apis import Throttle
from samrun.template.model.rest_apis import GatewayResponse, RestApi, RestMethod
from samrun.template.resolution.resolved_template import ResolvedTemplate
from samrun.template.support.resource_types import DEPLOYMENT, REST_API, REST_STAGE

# The name of the requirement of an API key, in SAM's documents.
_API_KEY = "api_key"
# SAM's own stage, of an API that only events declare, has this name.
_DEFAULT_STAGE = "Prod"
# https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html
_TIMEOUT = 29.0
# The account's quotas apply if the stage sets only one of the two:
# https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-request-throttling.html
_ACCOUNT_RATE, _ACCOUNT_BURST = 10_000, 5_000
_RESPONSES = "x-amazon-apigateway-gateway-responses"
_RESPONSE_HEADER = "gatewayresponse.header."


def read_rest_apis(template: ResolvedTemplate, *, issuer: str) -> Iterator[RestApi]:
    """Yield the REST APIs. `issuer` is the local issuer of tokens."""
    for logical_id, properties in template.of_type(REST_API):
        document = rest_api_document(template, template.name(logical_id), properties.get("Body") or {})
        stage = _stage(template, template.name(logical_id))
        name = stage.get("StageName", _DEFAULT_STAGE)
        api_arn = f"arn:aws:execute-api:{template.region}:{ACCOUNT}:{logical_id}"
        authorizers: dict[str, JwtAuthorizer | LambdaAuthorizer] = {
            **cognito_authorizers(template, document, local=issuer),
            **lambda_authorizers(document, api_arn=f"{api_arn}/{name}", rest=True),
        }
        yield RestApi(
            logical_id=logical_id,
            stage=name,
            methods=tuple(_methods(template, document, stage, authorizers)),
            stage_variables={name: str(value) for name, value in stage.get("Variables", {}).items()},
            binary_media_types=tuple(_binary_media_types(properties, document)),
            responses=dict(_gateway_responses(document)),
            throttle=_throttle(stage, "/*", "*"),
            api_keys=api_keys(template, template.name(logical_id)),
            usage_plans=usage_plans(template, template.name(logical_id)),
            policy=policy_statements(properties, document, api_arn=api_arn),
            arn=f"{api_arn}/{name}",
        )


def ignored_in_rest_apis(template: ResolvedTemplate) -> Iterator[str]:
    """Yield a text for each REST API that is not supported in full on one machine."""
    apis = dict(template.of_type(REST_API))
    for logical_id, properties in apis.items():
        document = rest_api_document(template, template.name(logical_id), properties.get("Body") or {})
        if ignored := ", ".join(_ignored(template, properties, document)):
            yield f"{logical_id}: {ignored}"

    names = {template.name(logical_id) for logical_id in apis}
    for logical_id, method in template.of_type(METHOD):
        if method.get("RestApiId") not in names:
            yield f"{logical_id}: its API {method.get('RestApiId')} is not in the template"


def missing_in_rest_apis(template: ResolvedTemplate) -> Iterator[MissingTrigger]:
    """Yield each method that would invoke a function by an integration that does not run here."""
    functions = template.function_arns()
    for logical_id, properties in template.of_type(REST_API):
        for path, method, operation in operations(
            rest_api_document(template, template.name(logical_id), properties.get("Body") or {})
        ):
            function = mapped_function(operation)
            if function in functions and not mapped_integration(operation, functions):
                yield MissingTrigger(
                    logical_id=f"{method} {path} of {logical_id}",
                    function=function,
                    source="REST API",
                    reason="its integration has no response that samrun can give",
                    remedy="Give it an IntegrationResponse, or invoke the function yourself",
                )


def _stage(template: ResolvedTemplate, api: str) -> Mapping[str, Any]:
    """Return the properties of the API's stage; on one machine, an API has one stage.

    A deployment with a StageName makes a stage, too. SAM's own deployments have one that is not meant.
    """
    stages = [stage for _, stage in template.of_type(REST_STAGE) if stage.get("RestApiId") == api]
    deployments = [each for _, each in template.of_type(DEPLOYMENT) if each.get("RestApiId") == api]
    return next(iter([*stages, *(each for each in deployments if each.get("StageName"))]), {})


def _ignored(template: ResolvedTemplate, properties: Mapping[str, Any], document: Mapping[str, Any]) -> Iterator[str]:
    yield from _unchecked(template, properties, document)
    yield from further_pools(document)
    for name, declared in (document.get(_RESPONSES) or {}).items():
        parameters = declared.get("responseParameters") or {}
        if computed := ", ".join(each for each, value in parameters.items() if not _is_quoted(value)):
            yield f"the gateway response {name}: {computed}"
    functions = template.function_arns()
    yield from by_fault(
        (f"{method} {path}", _fault(operation, functions)) for path, method, operation in operations(document)
    )


def _fault(operation: Mapping[str, Any], functions: Collection[str]) -> str | None:
    """Return why an operation does not run; None if it does."""
    runs = mock_response(operation) or mapped_integration(operation, functions)
    return None if runs else integration_fault(operation, functions)


def _unchecked(template: ResolvedTemplate, properties: Mapping[str, Any], document: Mapping[str, Any]) -> Iterator[str]:
    """Yield a text for each way of authorization that lets every request pass here."""
    checked = {
        **lambda_authorizers(document, api_arn="", rest=True),
        **cognito_authorizers(template, document, local=""),
    }
    known = {NO_AUTHORIZER, _API_KEY, *checked}
    required = {name for *_, operation in operations(document) for name in security_of(document, operation)}
    schemes = security_schemes(document)
    for name in sorted(required - known):
        kind = schemes.get(name, {}).get("x-amazon-apigateway-authtype", name)
        yield f"Auth of {name} ({kind}: its requests are not checked)"
    yield from ignored_in_policy(properties, document)
    if document.get("x-amazon-apigateway-api-key-source", properties.get("ApiKeySourceType")) == "AUTHORIZER":
        yield "API keys that an authorizer returns (the header x-api-key has the key here)"


def _methods(
    template: ResolvedTemplate,
    document: Mapping[str, Any],
    stage: Mapping[str, Any],
    authorizers: Mapping[str, JwtAuthorizer | LambdaAuthorizer],
) -> Iterator[RestMethod]:
    functions = template.function_arns()
    for path, method, operation in operations(document):
        mapped, mock = mapped_integration(operation, functions), mock_response(operation)
        function = function_of(operation) or (mapped_function(operation) if mapped else None)
        if not (function or mapped or mock):
            continue
        timeout, security = timeout_of(operation), security_of(document, operation)
        name = next((each for each in security if each in authorizers), NO_AUTHORIZER)
        yield RestMethod(
            method=method,
            path=path.rstrip("/") or "/",  # a slash at its end does not count
            function=function,
            mock=None if function else mock,
            mapped=mapped,
            authorizer=authorizers.get(name),
            scopes=tuple(security.get(name, ())),
            api_key_required=_API_KEY in security,
            required_parameters=required_parameters(document, operation),
            body_schema=body_schema(document, operation),
            throttle=_throttle(stage, path, method),
            timeout=_TIMEOUT if timeout is None else timeout,
        )


def _binary_media_types(properties: Mapping[str, Any], document: Mapping[str, Any]) -> Iterator[str]:
    """Yield the types, in which `~1` may stand for `/`, as in the patches of API Gateway's own API."""
    declared = properties.get("BinaryMediaTypes") or []
    in_document = document.get("x-amazon-apigateway-binary-media-types") or []
    yield from dict.fromkeys(name.replace("~1", "/") for name in (*declared, *in_document))


def _gateway_responses(document: Mapping[str, Any]) -> Iterator[tuple[str, GatewayResponse]]:
    for name, declared in (document.get(_RESPONSES) or {}).items():
        parameters, templates = declared.get("responseParameters") or {}, declared.get("responseTemplates") or {}
        status = declared.get("statusCode")
        yield (
            name,
            GatewayResponse(
                status=int(status) if status else None,
                headers={
                    parameter.removeprefix(_RESPONSE_HEADER): value[1:-1]
                    for parameter, value in parameters.items()
                    if parameter.startswith(_RESPONSE_HEADER) and _is_quoted(value)
                },
                body=templates.get("application/json"),
            ),
        )


def _is_quoted(value: Any) -> bool:
    """Tell whether a value is a text in quotes; otherwise API Gateway takes it from the request."""
    return isinstance(value, str) and len(value) > 1 and value[0] == value[-1] == "'"


def _throttle(stage: Mapping[str, Any], path: str, method: str) -> Throttle | None:
    """Return the limit in the stage's MethodSettings for a path and a method; `/*` and `*` stand for all."""
    for settings in stage.get("MethodSettings", []):
        same = _plain(settings.get("ResourcePath")) == _plain(path) and settings.get("HttpMethod") == method
        if same and settings.keys() & {"ThrottlingRateLimit", "ThrottlingBurstLimit"}:
            return Throttle(
                rate=float(settings.get("ThrottlingRateLimit", _ACCOUNT_RATE)),
                burst=int(settings.get("ThrottlingBurstLimit", _ACCOUNT_BURST)),
            )
    return None


def _plain(path: Any) -> str:
    return str(path).replace("~1", "/").lstrip("/")
