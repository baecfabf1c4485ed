"""Authorization: the caller, and what they may do, by the claims of the token that API Gateway has verified.

| token has | may |
|---|---|
| any claims | read the orders whose `customer.id` is its `sub` |
| the scope ORDERS_READ_ALL_SCOPE | read everybody's orders |
| the scope ORDERS_WRITE_SCOPE | place orders, for anybody, and cancel those that it may read |
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from functions.order.errors import OrderError

if TYPE_CHECKING:
    from collections.abc import Mapping


class UnauthenticatedError(OrderError):
    """The request did not come through the authorizer."""


class ForbiddenError(OrderError):
    """The caller's token does not have the scope for this. The message says so to the caller."""


@dataclass(frozen=True, kw_only=True)
class Scopes:
    """The names of the two scopes."""

    write: str
    read_all: str


@dataclass(frozen=True, kw_only=True)
class Caller:
    """The caller: the token's subject, whether it may write, and whether it may read all orders."""

    subject: str | None
    may_write: bool
    may_read_all: bool

    def must_write(self) -> None:
        """Raise ForbiddenError unless the caller may place and cancel orders."""
        if not self.may_write:
            raise ForbiddenError("Your token does not have the scope for placing and cancelling orders.")

    def may_read(self, customer_id: str) -> bool:
        """Tell whether the caller may read the orders of this customer."""
        return self.may_read_all or customer_id == self.subject


def caller_of(event: Mapping[str, Any], *, scopes: Scopes, is_sam_local: bool) -> Caller:
    """Return the caller of an HTTP API's request, payload version 2.

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
    # `scope` is one text. Some issuers send a list, `scp`, which API Gateway passes on as "[a b]".
    return {scope for name in ("scope", "scp") for scope in str(claims.get(name, "")).strip("[]").split()}
