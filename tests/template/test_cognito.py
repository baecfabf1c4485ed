"""infrastructure/cognito.yaml: an issuer of tokens that the API takes, as its outputs tell it."""

import pytest

from tests.template.conftest import PLAIN
from tests.template.deployment import COGNITO_TEMPLATE, TEMPLATE, Deployment, deploy, deploy_plain, parameters_of


@pytest.fixture(scope="module")
def issuer() -> Deployment:
    return deploy_plain(COGNITO_TEMPLATE, DomainPrefix="shop-login")


def test_its_outputs_are_parameters_of_the_template(issuer: Deployment) -> None:
    assert issuer.outputs.keys() - {"TokenCommand"} <= parameters_of(TEMPLATE).keys()


def test_it_gives_out_the_scopes_that_the_routes_ask_for(issuer: Deployment) -> None:
    api = issuer.properties("Api")
    given = {f"{api['Identifier']}/{scope['ScopeName']}" for scope in api["Scopes"]}
    assert given == set(issuer.properties("Checkout")["AllowedOAuthScopes"])
    told = {name: value for name, value in issuer.outputs.items() if name.endswith("Scope")}
    assert set(told.values()) == given
    paths = deploy(**PLAIN, **told).properties("OrderApi")["Body"]["paths"]
    asked = {
        scope for methods in paths.values() for route in methods.values() for scope in route["security"][0]["Tokens"]
    }
    assert asked == given - {told["OrdersReadAllScope"]}  # which the function asks for itself


def test_nobody_signs_up_by_themselves(issuer: Deployment) -> None:
    assert issuer.properties("Pool")["AdminCreateUserConfig"] == {"AllowAdminCreateUserOnly": True}
