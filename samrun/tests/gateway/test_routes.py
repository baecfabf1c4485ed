"""Selection of the route for a request."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from samrun.gateway.routes import Match, Routes
from samrun.template.model.http_apis import Route


def routes(*keys: str) -> Routes[Route]:
    """Return routes with these keys. The function of each has the name of the key."""
    return Routes(
        Route(method=None, path=None, function=key)
        if key == "$default"
        else Route(method=key.split()[0], path=key.split()[1], function=key)
        for key in keys
    )


def function(match: Match[Route] | None) -> str | None:
    return match.route.function if match else None


# The example of API Gateway's documentation, not in the order of priority.
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
def test_most_specific_route_wins(method: str, path: str, expected: str) -> None:
    assert function(DOCUMENTED.match(method, path)) == expected


def test_method_comes_before_any_on_the_same_path() -> None:
    both = routes("ANY /orders", "POST /orders")
    assert function(both.match("POST", "/orders")) == "POST /orders"
    assert function(both.match("GET", "/orders")) == "ANY /orders"


def test_full_match_comes_before_a_greedy_match_with_more_literals() -> None:
    both = routes("GET /orders/{proxy+}", "GET /{kind}/{id}")
    assert function(both.match("GET", "/orders/7")) == "GET /{kind}/{id}"


def test_leftmost_literal_decides_between_two_full_matches() -> None:
    both = routes("GET /{kind}/latest", "GET /orders/{id}")
    assert function(both.match("GET", "/orders/latest")) == "GET /orders/{id}"


@pytest.mark.parametrize("path", ["/orders/", "/Orders", "/orders/1", "/order", "", "//orders", "*"])
def test_route_does_not_match_another_path(path: str) -> None:
    assert routes("GET /orders").match("GET", path) is None


def test_route_does_not_match_another_method() -> None:
    assert routes("GET /orders").match("POST", "/orders") is None


def test_variable_is_never_empty() -> None:
    assert routes("GET /orders/{id}", "GET /files/{proxy+}").match("GET", "/orders/") is None
    assert routes("GET /orders/{id}", "GET /files/{proxy+}").match("GET", "/files/") is None


def test_literal_is_not_a_pattern() -> None:
    assert routes("GET /v1.0").match("GET", "/v1x0") is None


segments = st.text(st.characters(exclude_characters="/", exclude_categories=["Cs"]), min_size=1)


@given(customer=segments, rest=st.lists(segments, min_size=1).map("/".join))
def test_variables_have_the_values_of_the_path(customer: str, rest: str) -> None:
    match = routes("GET /customers/{customer-id}/files/{path+}").match("GET", f"/customers/{customer}/files/{rest}")
    assert match is not None
    assert match.path_parameters == {"customer-id": customer, "path": rest}
    assert match.route.key == "GET /customers/{customer-id}/files/{path+}"


@given(st.text())
def test_default_route_matches_every_path(path: str) -> None:
    match = routes("$default").match("PURGE", path)
    assert match is not None
    assert match.route.key == "$default"
    assert match.path_parameters == {}
