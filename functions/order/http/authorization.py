"""Who calls, and what they may do: the claims of the token that API Gateway's authorizer has verified.

| token has | may |
|---|---|
| whatever | read the orders whose `customer.id` is its `sub` |
| the scope ORDERS_READ_ALL_SCOPE | read everybody's orders |
| the scope ORDERS_WRITE_SCOPE | place orders, for anybody, and cancel those that it may read |
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


class UnauthenticatedError(Exception):
    """The request came through no authorizer."""


class ForbiddenError(Exception):
    """The caller has not the scope for this."""


@dataclass(frozen=True, kw_only=True)
class Scopes:
    """The names of the scopes that count here."""

    write: str
    read_all: str


@dataclass(frozen=True, kw_only=True)
class Caller:
    """Who calls: the token's subject, and whether it may write, and read what is not its own."""

    subject: str | None
    may_write: bool
    may_read_all: bool

    def must_write(self) -> None:
        """Raise ForbiddenError unless the caller may place and cancel orders."""
        if not self.may_write:
            raise ForbiddenError("Your token has not the scope that placing and cancelling orders takes.")

    def may_read(self, customer_id: str) -> bool:
        """Whether the orders of this customer are the caller's to read."""
        return self.may_read_all or customer_id == self.subject


def caller_of(event: Mapping[str, Any], *, scopes: Scopes, is_sam_local: bool) -> Caller:
    """The caller of an HTTP API's request, payload version 2.

    `sam local start-api` verifies no token, so there a request without claims may do everything. Raises
    UnauthenticatedError.
    """
    claims = _claims(event)
    if claims is None:
        if not is_sam_local:
            raise UnauthenticatedError
        return Caller(subject=None, may_write=True, may_read_all=True)
    granted = _scopes(claims)
    return Caller(
        subject=claims.get("sub"),
        may_write=scopes.write in granted,
        may_read_all=scopes.read_all in granted,
    )


def _claims(event: Mapping[str, Any]) -> Mapping[str, str] | None:
    authorizer = event.get("requestContext", {}).get("authorizer") or {}
    claims: Mapping[str, str] | None = (authorizer.get("jwt") or {}).get("claims")
    return claims


def _scopes(claims: Mapping[str, str]) -> set[str]:
    # `scope` is one text; issuers that send a list, `scp`, are passed on as "[a b]".
    return {scope for name in ("scope", "scp") for scope in str(claims.get(name, "")).strip("[]").split()}
