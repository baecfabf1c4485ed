"""Authorization: a request needs a scope among the claims that API Gateway's authorizer has verified."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from functions.notify.errors import NotifyError

if TYPE_CHECKING:
    from collections.abc import Mapping


class AuthorizationError(NotifyError):
    """A request is not allowed."""


class UnauthenticatedError(AuthorizationError):
    """The request did not pass the authorizer."""


class ForbiddenError(AuthorizationError):
    """The token does not have the scope."""


def require(scope: str, event: Mapping[str, Any], *, is_sam_local: bool) -> None:
    """Allow a request of an HTTP API (payload version 2) if its token has the scope.

    `sam local start-api` verifies no token: so there a request without claims is allowed, too. Raises
    UnauthenticatedError and ForbiddenError.
    """
    authorizer = event.get("requestContext", {}).get("authorizer") or {}
    claims = (authorizer.get("jwt") or {}).get("claims")
    if claims is None:
        if not is_sam_local:
            raise UnauthenticatedError
    elif scope not in _granted(claims):
        raise ForbiddenError


def _granted(claims: Mapping[str, Any]) -> set[str]:
    # `scope` is a string. Some issuers send a list, `scp`, and API Gateway passes it on as "[a b]".
    return {scope for name in ("scope", "scp") for scope in str(claims.get(name, "")).strip("[]").split()}
