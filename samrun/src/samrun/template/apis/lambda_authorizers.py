"""Lambda authorizers of an API's document: the functions that decide about requests.

https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-swagger-extensions-authorizer.html
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from samrun.template.apis.api_documents import integrated_function, security_schemes
from samrun.template.model.authorizers import LambdaAuthorizer, PayloadFormat
from samrun.template.resolution.booleans import is_true

_SOURCE = re.compile(r"(?:\$|method\.)?(?:request\.)?(?P<source>(?:header|querystring|stageVariables|context)\..+)")
# The default for REST APIs, and no cache for HTTP APIs:
# https://docs.aws.amazon.com/apigateway/latest/api/API_Authorizer.html
# https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-lambda-authorizer.html
_REST_TTL, _HTTP_TTL = 300, 0


def lambda_authorizers(document: Mapping[str, Any], *, api_arn: str, rest: bool) -> dict[str, LambdaAuthorizer]:
    """Return the Lambda authorizers of a document by name. `api_arn` is the API's ARN with its stage."""
    return dict(_authorizers(document, api_arn, rest))


def _authorizers(document: Mapping[str, Any], api_arn: str, rest: bool) -> Iterator[tuple[str, LambdaAuthorizer]]:
    for name, scheme in security_schemes(document).items():
        declared = scheme.get("x-amazon-apigateway-authorizer") or {}
        function = integrated_function(str(declared.get("authorizerUri", "")))
        kind = str(declared.get("type", "")).lower()
        if function is None or kind not in {"token", "request"}:
            continue
        sources = declared.get("identitySource") or []
        listed = sources.split(",") if isinstance(sources, str) else sources
        is_token = kind == "token"
        yield (
            name,
            LambdaAuthorizer(
                name=name,
                function=function,
                kind="TOKEN" if is_token else "REQUEST",
                # The scheme of a TOKEN authorizer names its header.
                identity_sources=(f"header.{scheme.get('name', 'Authorization')}",)
                if is_token
                else tuple(map(identity_source, listed)),
                api_arn=api_arn,
                ttl=int(declared.get("authorizerResultTtlInSeconds", _REST_TTL if rest else _HTTP_TTL)),
                token_pattern=declared.get("identityValidationExpression"),
                payload_format=_payload_format(declared.get("authorizerPayloadFormatVersion")),
                simple_responses=is_true(declared.get("enableSimpleResponses", False)),
            ),
        )


def identity_source(text: str) -> str:
    """Return an identity source without the words of its API: `header.X` for `method.request.header.X`."""
    found = _SOURCE.fullmatch(text.strip())
    return found["source"] if found else text.strip()


def _payload_format(version: Any) -> PayloadFormat:
    return "2.0" if str(version) == "2.0" else "1.0"
