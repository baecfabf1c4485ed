"""What the token of a request allows: the claims that API Gateway's authorizer has verified."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


class UnauthenticatedError(Exception):
    """The request came through no authorizer."""


class ForbiddenError(Exception):
    """The token has not the scope for this."""


def require(scope: str, event: Mapping[str, Any], *, is_sam_local: bool) -> None:
    """Let a request of an HTTP API (payload version 2) pass whose token has the scope.

    `sam local start-api` verifies no token, so there a request without claims passes, too. Raises
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
    # `scope` is one text; issuers that send a list, `scp`, are passed on as "[a b]".
    return {scope for name in ("scope", "scp") for scope in str(claims.get(name, "")).strip("[]").split()}
