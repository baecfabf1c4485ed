"""Authorization: the claims that API Gateway passes on, and what the caller may place, cancel and read."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import pytest

from functions.order.http.authorization import Caller, ForbiddenError, Scopes, UnauthenticatedError, caller_of

if TYPE_CHECKING:
    from collections.abc import Callable

Event = dict[str, Any]

SCOPES = Scopes(write="orders:write", read_all="orders:read:all")


@pytest.fixture
def with_claims(event: Callable[[str], Event]) -> Callable[..., Event]:
    """Return a function that builds a request whose token has these claims beside its `sub`."""

    def build(sub: str | None = "cus_ada", **claims: Any) -> Event:
        request = copy.deepcopy(event("api/get-order.json"))
        of_token = {"iss": "https://issuer.example", "aud": "orders", **claims}
        request["requestContext"]["authorizer"]["jwt"]["claims"] = of_token | ({"sub": sub} if sub else {})
        return request

    return build


def caller(event: Event, *, scopes: Scopes = SCOPES) -> Caller:
    return caller_of(event, scopes=scopes, is_sam_local=False)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("create-order-ada", Caller(subject="svc_checkout", may_write=True, may_read_all=False)),
        ("cancel-order", Caller(subject="svc_backoffice", may_write=True, may_read_all=True)),
        ("list-orders", Caller(subject="svc_backoffice", may_write=False, may_read_all=True)),
        ("get-order", Caller(subject="cus_ada", may_write=False, may_read_all=False)),
    ],
)
def test_a_caller_is_what_the_token_says(event: Callable[[str], Event], name: str, expected: Caller) -> None:
    assert caller(event(f"api/{name}.json")) == expected


@pytest.mark.parametrize(
    ("claims", "may_write", "may_read_all"),
    [
        ({}, False, False),
        ({"scope": ""}, False, False),
        ({"scope": "openid email"}, False, False),
        ({"scope": "orders:write"}, True, False),
        ({"scope": "openid orders:write"}, True, False),
        ({"scope": "orders:read:all orders:write"}, True, True),
        # API Gateway passes a list on as one text.
        ({"scp": "[orders:write]"}, True, False),
        ({"scp": "[orders:read:all orders:write]"}, True, True),
        ({"scp": "[]"}, False, False),
        ({"scope": "orders:write", "scp": "[orders:read:all]"}, True, True),
        # A scope counts as a whole, as it is written, and in no other claim.
        ({"scope": "orders:writer"}, False, False),
        ({"scope": "xorders:write"}, False, False),
        ({"scope": "orders:read"}, False, False),
        ({"scope": "ORDERS:WRITE"}, False, False),
        ({"scope": "orders:write,orders:read:all"}, False, False),
        ({"scopes": "orders:write", "roles": "orders:read:all"}, False, False),
        ({"scope": None, "scp": None}, False, False),
    ],
    ids=repr,
)
def test_the_claims_scope_and_scp_name_the_scopes(
    with_claims: Callable[..., Event], claims: dict[str, Any], may_write: bool, may_read_all: bool
) -> None:
    assert caller(with_claims(**claims)) == Caller(subject="cus_ada", may_write=may_write, may_read_all=may_read_all)


def test_the_scopes_that_a_route_requires_are_not_taken_for_those_of_the_token(
    with_claims: Callable[..., Event],
) -> None:
    request = with_claims(scope="openid")
    request["requestContext"]["authorizer"]["jwt"]["scopes"] = ["orders:write", "orders:read:all"]
    assert caller(request) == Caller(subject="cus_ada", may_write=False, may_read_all=False)


def test_the_deployment_chooses_the_names_of_the_scopes(with_claims: Callable[..., Event]) -> None:
    shop = Scopes(write="https://shop.example/place", read_all="https://shop.example/see")
    assert caller(with_claims(scope="https://shop.example/place"), scopes=shop).may_write
    assert caller(with_claims(scope="https://shop.example/see"), scopes=shop).may_read_all
    assert not caller(with_claims(scope="orders:write"), scopes=shop).may_write


def test_must_write_raises_only_for_a_caller_who_may_not_write() -> None:
    with pytest.raises(ForbiddenError, match="placing and cancelling"):
        Caller(subject="cus_ada", may_write=False, may_read_all=True).must_write()
    Caller(subject="cus_ada", may_write=True, may_read_all=False).must_write()


@pytest.mark.parametrize(
    ("subject", "may_read_all", "customer_id", "allowed"),
    [
        ("cus_ada", False, "cus_ada", True),
        ("cus_ada", False, "cus_grace", False),
        ("cus_ada", False, "cus_ada2", False),
        ("cus_ada", False, "CUS_ADA", False),
        ("cus_ada", True, "cus_grace", True),
        (None, True, "cus_grace", True),
        (None, False, "None", False),
    ],
)
def test_a_caller_reads_its_own_orders_and_with_the_scope_all_orders(
    subject: str | None, may_read_all: bool, customer_id: str, allowed: bool
) -> None:
    caller = Caller(subject=subject, may_write=True, may_read_all=may_read_all)
    assert caller.may_read(customer_id) is allowed


def test_a_token_without_a_subject_has_a_caller_without_a_subject(with_claims: Callable[..., Event]) -> None:
    assert caller(with_claims(sub=None)) == Caller(subject=None, may_write=False, may_read_all=False)


@pytest.mark.parametrize(
    "context",
    [
        {},
        {"authorizer": None},
        {"authorizer": {}},
        {"authorizer": {"jwt": None}},
        {"authorizer": {"jwt": {"scopes": ["orders:write"]}}},
        {"authorizer": {"lambda": {"claims": {"sub": "cus_ada", "scope": "orders:write"}}}},
        {"authorizer": {"iam": {"userArn": "arn:aws:iam::123456789012:user/ada"}}},
    ],
    ids=repr,
)
def test_a_request_without_claims_has_no_caller(event: Callable[[str], Event], context: dict[str, Any]) -> None:
    request = {**event("api/get-order.json"), "requestContext": context}
    with pytest.raises(UnauthenticatedError):
        caller(request)


def test_a_request_without_a_context_has_no_caller() -> None:
    with pytest.raises(UnauthenticatedError):
        caller({})


def test_a_token_without_claims_has_a_caller_who_may_do_nothing(event: Callable[[str], Event]) -> None:
    request = {**event("api/get-order.json"), "requestContext": {"authorizer": {"jwt": {"claims": {}}}}}
    assert caller(request) == Caller(subject=None, may_write=False, may_read_all=False)


def test_a_request_without_claims_may_do_everything_under_sam_local(event: Callable[[str], Event]) -> None:
    request = {**event("api/get-order.json"), "requestContext": {}}
    assert caller_of(request, scopes=SCOPES, is_sam_local=True) == Caller(
        subject=None, may_write=True, may_read_all=True
    )


def test_claims_count_under_sam_local_as_elsewhere(with_claims: Callable[..., Event]) -> None:
    read_only = caller_of(with_claims(), scopes=SCOPES, is_sam_local=True)
    assert read_only == Caller(subject="cus_ada", may_write=False, may_read_all=False)
