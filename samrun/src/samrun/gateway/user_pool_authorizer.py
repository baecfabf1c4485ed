"""User pool authorizers of REST APIs: they check tokens as a JWT authorizer does, and show the claims in their own way.

https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-integrate-with-cognito.html
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from starlette.requests import Request

from samrun.gateway.authorizer import Authorizers, RefusedError
from samrun.gateway.json_text import json_text
from samrun.gateway.keys import Fetch, fetch_json
from samrun.gateway.rest_errors import unauthorized
from samrun.template.model.rest_apis import RestApi, RestMethod

# These claims are times, and a REST API shows them as texts.
_TIMES = {"exp", "iat"}


@dataclass(frozen=True, kw_only=True)
class UserPoolCaller:
    """The claims of a valid token of a user pool."""

    claims: Mapping[str, Any]

    def in_event(self) -> dict[str, Any]:
        """Return the same as for format 1.0: a REST API has no other."""
        return self.in_event_1()

    def in_event_1(self) -> dict[str, Any]:
        """Return `requestContext.authorizer` of the event, in which every claim is a string.

        A list is joined with commas, and a time is written as `Wed Apr 04 19:09:46 UTC 2018`.
        """
        return {"claims": {name: _claim(name, value) for name, value in self.claims.items() if value is not None}}


class UserPoolAuthorizers:
    """The user pool authorizers of a REST API. `warn` gets a line about each failure, without tokens and claims."""

    def __init__(self, api: RestApi, *, warn: Callable[[str], None], fetch: Fetch = fetch_json) -> None:
        self._authorizers = Authorizers(api, warn=warn, fetch=fetch)

    async def caller(self, request: Request, method: RestMethod) -> UserPoolCaller | None:
        """Return the caller of a request, or None for a method without a user pool. Raises RestError."""
        try:
            caller = await self._authorizers.caller(request, method)
        except RefusedError as error:
            raise unauthorized("The incoming token has expired" if error.expired else "Unauthorized") from None
        return UserPoolCaller(claims=caller.claims) if caller else None


def _claim(name: str, value: Any) -> str:
    if name in _TIMES and isinstance(value, int | float):
        return datetime.fromtimestamp(value, UTC).strftime("%a %b %d %H:%M:%S UTC %Y")
    if isinstance(value, list):
        return ",".join(str(each) for each in value)
    return json_text(value)
