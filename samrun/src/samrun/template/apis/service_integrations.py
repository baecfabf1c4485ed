"""Integrations of HTTP APIs that call a service of AWS without a function.

https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-aws-services-reference.html
"""

from collections.abc import Iterator, Mapping
from typing import Any

from samrun.template.apis.api_documents import integration
from samrun.template.model.http_apis import ServiceIntegration

_UNSUPPORTED = {"MessageSystemAttributes"}


def service_integration(operation: Mapping[str, Any]) -> ServiceIntegration | None:
    """Return the service integration of an operation; None if it has none that runs here."""
    declared = integration(operation)
    if declared.get("integrationSubtype") != "SQS-SendMessage":
        return None
    parameters = declared.get("requestParameters") or {}
    return ServiceIntegration(
        subtype="SQS-SendMessage", parameters={name: str(value) for name, value in parameters.items()}
    )


def ignored_parameters(service: ServiceIntegration) -> Iterator[str]:
    """Yield the name of each parameter that has no effect here."""
    yield from sorted(service.parameters.keys() & _UNSUPPORTED)
