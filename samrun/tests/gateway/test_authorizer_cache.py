"""Cache of the results of Lambda authorizers."""

from dataclasses import replace

from samrun.gateway.authorizer_cache import AuthorizerCache, AuthorizerResult
from samrun.template.model.authorizers import LambdaAuthorizer

TOKEN = LambdaAuthorizer(
    name="Token", function="Guard", kind="TOKEN", identity_sources=("header.X",), api_arn="arn:one", ttl=300
)
RESULT = AuthorizerResult(payload={"principalId": "ada"}, milliseconds=7)


def test_result_lasts_for_the_ttl_of_its_authorizer() -> None:
    now = 0.0
    cache = AuthorizerCache(clock=lambda: now)
    cache.put(TOKEN, ("good",), RESULT)
    now = 299.9
    assert cache.get(TOKEN, ("good",)) == RESULT
    now = 300.0
    assert cache.get(TOKEN, ("good",)) is None


def test_result_is_that_of_one_identity_and_one_authorizer() -> None:
    cache = AuthorizerCache()
    cache.put(TOKEN, ("good",), RESULT)
    assert cache.get(TOKEN, ("other",)) is None
    assert cache.get(replace(TOKEN, api_arn="arn:two"), ("good",)) is None


def test_authorizer_without_a_ttl_or_an_identity_caches_nothing() -> None:
    cache = AuthorizerCache()
    cache.put(replace(TOKEN, ttl=0), ("good",), RESULT)
    cache.put(TOKEN, (), RESULT)
    assert cache.get(replace(TOKEN, ttl=0), ("good",)) is None
    assert cache.get(TOKEN, ()) is None


def test_results_of_a_function_are_forgotten_when_its_code_changes() -> None:
    cache, other = AuthorizerCache(), replace(TOKEN, function="Other")
    cache.put(TOKEN, ("good",), RESULT)
    cache.put(other, ("good",), RESULT)
    cache.forget("Guard")
    assert cache.get(TOKEN, ("good",)) is None
    assert cache.get(other, ("good",)) == RESULT


def test_results_that_expired_are_not_kept() -> None:
    now = 0.0
    cache = AuthorizerCache(clock=lambda: now)
    cache.put(TOKEN, ("one",), RESULT)
    cache.put(TOKEN, ("two",), RESULT)
    now = 300.0
    cache.put(TOKEN, ("three",), RESULT)
    assert cache.size == 1
