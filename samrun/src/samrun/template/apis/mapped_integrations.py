"""Mapped integrations of a REST API: those of the type `aws`, whose templates make the request and the response.

https://docs.aws.amazon.com/apigateway/latest/developerguide/models-mappings.html
"""

import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any, get_args

from samrun.template.apis.api_documents import integration, mapped_function
from samrun.template.model.rest_apis import IntegrationResponse, MappedIntegration, Passthrough, ServiceCall

_DEFAULT = "default"
_HEADER = "method.response.header."
_PARAMETER = "integration.request."
# arn:aws:apigateway:REGION:SERVICE:action/NAME or :path/PATH
_URI = re.compile(r"arn:[^:]*:apigateway:[^:]*:(?:[^:]+\.)?(\w+):(action|path)/(.*)")
# The services that a stack has, by their names in URIs, and boto3's names for them.
_SERVICES = {
    "dynamodb": "dynamodb",
    "events": "events",
    "kinesis": "kinesis",
    "kms": "kms",
    "s3": "s3",
    "secretsmanager": "secretsmanager",
    "sns": "sns",
    "sqs": "sqs",
    "ssm": "ssm",
    "states": "stepfunctions",
}


def mapped_integration(operation: Mapping[str, Any], functions: Collection[str]) -> MappedIntegration | None:
    """Return the mapped integration of an operation; None if it has none, or one that does not run here.

    It runs with one of these functions or a service of the local AWS, and with at least one response. A pattern that
    Python does not know as a regular expression, though Java does, keeps it from running.
    """
    declared, function = integration(operation), mapped_function(operation)
    service = None if function else _service(declared)
    responses = tuple(_responses(declared.get("responses") or {}))
    runs = function in functions if function else service is not None
    if not runs or not responses or not all(_is_pattern(each.pattern) for each in responses):
        return None
    parameters: Mapping[str, Any] = declared.get("requestParameters") or {}
    templates: Mapping[str, Any] = declared.get("requestTemplates") or {}
    return MappedIntegration(
        responses=responses,
        service=service,
        templates={kind: str(template or "") for kind, template in templates.items()},
        parameters={name.removeprefix(_PARAMETER): str(value) for name, value in parameters.items()},
        passthrough=_passthrough(declared),
    )


def _service(declared: Mapping[str, Any]) -> ServiceCall | None:
    found = _URI.fullmatch(str(declared.get("uri", "")))
    if found is None or str(declared.get("type", "")).lower() != "aws" or found[1] not in _SERVICES:
        return None
    service, method = _SERVICES[found[1]], str(declared.get("httpMethod") or "POST").upper()
    if found[2] == "action":
        return ServiceCall(service=service, method=method, action=found[3])
    return ServiceCall(service=service, method=method, path=f"/{found[3].lstrip('/')}")


def _passthrough(declared: Mapping[str, Any]) -> Passthrough:
    given = str(declared.get("passthroughBehavior") or "").lower()
    return next((each for each in get_args(Passthrough) if each == given), "when_no_match")


def _responses(declared: Mapping[str, Any]) -> Iterator[IntegrationResponse]:
    """Yield the responses, the default one last."""
    for pattern, response in sorted(declared.items(), key=lambda each: each[0] == _DEFAULT):
        parameters: Mapping[str, Any] = response.get("responseParameters") or {}
        templates = [each for each in (response.get("responseTemplates") or {}).values() if each]
        yield IntegrationResponse(
            pattern=None if pattern == _DEFAULT else str(pattern),
            status=int(response.get("statusCode") or 200),
            headers={
                name.removeprefix(_HEADER): str(value) for name, value in parameters.items() if name.startswith(_HEADER)
            },
            template=str(templates[0]) if templates else None,
        )


def _is_pattern(text: str | None) -> bool:
    try:
        re.compile(text or "")
    except re.error:
        return False
    return True
