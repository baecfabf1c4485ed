"""Calls of AWS's services by a REST API: requests to the local AWS, signed as AWS signs them.

https://docs.aws.amazon.com/apigateway/latest/api/API_Integration.html
"""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

import httpx
import xmltodict
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from samrun.services.clients import CREDENTIALS, Clients
from samrun.template.model.rest_apis import ServiceCall

_FORM = "application/x-www-form-urlencoded"
# Seconds; the longest that an integration may take.
_TIMEOUT = 30


def call_service(
    call: ServiceCall, body: str, *, path: str, query: Mapping[str, str], headers: Mapping[str, str], client: Clients
) -> httpx.Response:
    """Send a request to a service, and return its answer, in JSON if the service has one. It blocks.

    `path` is that of the call, filled in. Raises httpx.HTTPError.
    """
    service = client(call.service)
    query, headers = _of_action(call, service.meta.service_model, query, headers)
    request = AWSRequest(
        method=call.method,
        url=f"{service.meta.endpoint_url}{path}" + (f"?{urlencode(query)}" if query else ""),
        data=body.encode(),
        headers={"Accept": "application/json", **headers},
    )
    credentials = Credentials(CREDENTIALS["AWS_ACCESS_KEY_ID"], CREDENTIALS["AWS_SECRET_ACCESS_KEY"])
    signing_name = service.meta.service_model.signing_name
    SigV4Auth(credentials, signing_name, service.meta.region_name).add_auth(request)
    with httpx.Client(trust_env=False, timeout=_TIMEOUT) as http:
        answer = http.request(call.method, str(request.url), content=body.encode(), headers=dict(request.headers))
    return answer if call.service == "s3" else _in_json(answer)


def _of_action(
    call: ServiceCall, model: Any, query: Mapping[str, str], headers: Mapping[str, str]
) -> tuple[Mapping[str, str], Mapping[str, str]]:
    """Return the query and the headers, with those that name the action in the protocol of the service."""
    kind = next((value for name, value in headers.items() if name.lower() == "content-type"), "")
    if call.service == "s3" or call.action is None:
        return query, headers
    if model.metadata["protocol"] == "json" and not kind.startswith(_FORM):
        return query, {
            **headers,
            "Content-Type": f"application/x-amz-json-{model.metadata['jsonVersion']}",
            "X-Amz-Target": f"{model.metadata['targetPrefix']}.{call.action}",
        }
    return {"Action": call.action, "Version": model.api_version, **query}, {"Content-Type": _FORM, **headers}


def _in_json(answer: httpx.Response) -> httpx.Response:
    """Return an answer in XML as the JSON that the service of AWS has for clients that accept it."""
    if "xml" not in answer.headers.get("content-type", ""):
        return answer
    content = _without_attributes(xmltodict.parse(answer.content))
    return httpx.Response(answer.status_code, json=content)


def _without_attributes(value: Any) -> Any:
    if isinstance(value, list):
        return [_without_attributes(each) for each in value]
    if isinstance(value, dict):
        return {name: _without_attributes(each) for name, each in value.items() if not name.startswith("@")}
    return value


def filled_in(path: str, values: Mapping[str, str]) -> str:
    """Return a path with the values for its parts in braces."""
    for name, value in values.items():
        path = path.replace(f"{{{name}}}", value)
    return path
