"""Which route a request takes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.gateway.routes import Match, Routes
from local.model import Route


def routes(*keys: str) -> Routes:
    """Return the routes with these keys; each one's function is named after its key."""
    return Routes(
        Route(method=None, path=None, function=key)
        if key == "$default"
        else Route(method=key.split()[0], path=key.split()[1], function=key)
        for key in keys
    )


def function(match: Match | None) -> str | None:
    return match.route.function if match else None


# The example in API Gateway's documentation, in an order that is not its priority.
DOCUMENTED = routes("$default", "ANY /{proxy+}", "GET /pets/{proxy+}", "GET /pets/dog/{id}", "GET /pets/dog/1")


@pytest.mark.parametrize(
    ("method", "path", "expected"),
    [
        ("GET", "/pets/dog/1", "GET /pets/dog/1"),
        ("GET", "/pets/dog/2", "GET /pets/dog/{id}"),
        ("GET", "/pets/cat/1", "GET /pets/{proxy+}"),
        ("POST", "/test/5", "ANY /{proxy+}"),
        ("POST", "/pets/dog/1", "ANY /{proxy+}"),
        ("GET", "/", "$default"),
    ],
)
def test_the_most_specific_route_wins(method: str, path: str, expected: str) -> None:
    assert function(DOCUMENTED.match(method, path)) == expected


def test_a_method_goes_before_any_on_the_same_path() -> None:
    both = routes("ANY /orders", "POST /orders")
    assert function(both.match("POST", "/orders")) == "POST /orders"
    assert function(both.match("GET", "/orders")) == "ANY /orders"


def test_a_full_match_goes_before_a_greedy_one_with_more_literals() -> None:
    both = routes("GET /orders/{proxy+}", "GET /{kind}/{id}")
    assert function(both.match("GET", "/orders/7")) == "GET /{kind}/{id}"


def test_of_two_full_matches_the_leftmost_literal_decides() -> None:
    both = routes("GET /{kind}/latest", "GET /orders/{id}")
    assert function(both.match("GET", "/orders/latest")) == "GET /orders/{id}"


@pytest.mark.parametrize("path", ["/orders/", "/Orders", "/orders/1", "/order", "", "//orders", "*"])
def test_another_path_matches_nothing(path: str) -> None:
    assert routes("GET /orders").match("GET", path) is None


def test_another_method_matches_nothing() -> None:
    assert routes("GET /orders").match("POST", "/orders") is None


def test_a_variable_is_never_empty() -> None:
    assert routes("GET /orders/{id}", "GET /files/{proxy+}").match("GET", "/orders/") is None
    assert routes("GET /orders/{id}", "GET /files/{proxy+}").match("GET", "/files/") is None


def test_characters_of_a_literal_mean_themselves() -> None:
    assert routes("GET /v1.0").match("GET", "/v1x0") is None


segments = st.text(st.characters(exclude_characters="/", exclude_categories=["Cs"]), min_size=1)


@given(customer=segments, rest=st.lists(segments, min_size=1).map("/".join))
def test_variables_take_what_the_path_holds(customer: str, rest: str) -> None:
    match = routes("GET /customers/{customer-id}/files/{path+}").match("GET", f"/customers/{customer}/files/{rest}")
    assert match is not None
    assert match.path_parameters == {"customer-id": customer, "path": rest}
    assert match.route.key == "GET /customers/{customer-id}/files/{path+}"


@given(st.text())
def test_the_default_route_takes_every_path(path: str) -> None:
    match = routes("$default").match("PURGE", path)
    assert match is not None
    assert match.route.key == "$default"
    assert match.path_parameters == {}
