"""Requests to API destinations, with the authorization of their connections.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-target-connection-auth.html
"""

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote

import httpx

from samrun.errors import SamrunError
from samrun.template.model.pipes import ApiDestination

# Seconds. "EventBridge requests to an API destination endpoint must have a maximum client execution timeout of 5
# seconds."
_TIMEOUT = 5.0
_HEADERS = {"content-type": "application/json; charset=utf-8", "user-agent": "Amazon/EventBridge/ApiDestinations"}


class ApiDestinationError(SamrunError):
    """An API destination, or the endpoint of its connection, cannot be reached, or refuses a request."""


def send_to_api_destination(destination: ApiDestination, text: str, parameters: Mapping[str, Any]) -> str:
    """Send a text in JSON, and return the body of the answer. Raises ApiDestinationError.

    `parameters` are the HttpParameters of a target: PathParameterValues, HeaderParameters and QueryStringParameters.
    """
    url = destination.url
    for value in parameters.get("PathParameterValues", []):
        url = url.replace("*", quote(str(value), safe=""), 1)
    common = destination.authorization.get("InvocationHttpParameters", {})
    queries = _given(common.get("QueryStringParameters", [])) | dict(parameters.get("QueryStringParameters", {}))
    headers = _given(common.get("HeaderParameters", [])) | dict(parameters.get("HeaderParameters", {}))
    with httpx.Client(trust_env=False, timeout=_TIMEOUT) as client:
        authorization = dict(_authorization(destination, client))
        auth = _basic(destination.authorization)
        answer = _request(
            client,
            destination.method,
            url,
            params=queries,
            headers=_HEADERS | headers | authorization,
            content=text,
            **({"auth": auth} if auth else {}),
        )
    return answer.text


def _basic(authorization: Mapping[str, Any]) -> tuple[str, str] | None:
    basic = authorization.get("BasicAuthParameters")
    return (str(basic["Username"]), str(basic["Password"])) if basic else None


def _authorization(destination: ApiDestination, client: httpx.Client) -> Iterator[tuple[str, str]]:
    if key := destination.authorization.get("ApiKeyAuthParameters"):
        yield str(key["ApiKeyName"]), str(key["ApiKeyValue"])
    if oauth := destination.authorization.get("OAuthParameters"):
        own = oauth.get("OAuthHttpParameters", {})
        credentials = oauth["ClientParameters"]
        form = {
            "grant_type": "client_credentials",
            "client_id": str(credentials["ClientID"]),
            "client_secret": str(credentials["ClientSecret"]),
            **_given(own.get("BodyParameters", [])),
        }
        answer = _request(
            client,
            oauth["HttpMethod"],
            oauth["AuthorizationEndpoint"],
            params=_given(own.get("QueryStringParameters", [])),
            headers=_given(own.get("HeaderParameters", [])),
            data=form,
        )
        try:
            yield "Authorization", f"Bearer {answer.json()['access_token']}"
        except (ValueError, KeyError, TypeError):
            raise ApiDestinationError(f"{oauth['AuthorizationEndpoint']} answered without an access_token") from None


def _given(entries: list[Mapping[str, Any]]) -> dict[str, str]:
    return {str(each["Key"]): str(each["Value"]) for each in entries}


def _request(client: httpx.Client, method: str, url: str, **options: Any) -> httpx.Response:
    try:
        answer = client.request(method, url, **options)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise ApiDestinationError(f"{method} {url}: {error}") from error
    if not answer.is_success:
        raise ApiDestinationError(f"{method} {url} answered {answer.status_code}")
    return answer
