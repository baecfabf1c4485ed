"""infrastructure/cognito.yaml: an issuer whose outputs fit the parameters of the API."""

import pytest

from tests.template.deployment import COGNITO_TEMPLATE, TEMPLATE, Deployment, deploy, deploy_plain, parameters_of
from tests.template.parameter_sets import PLAIN


@pytest.fixture(scope="module")
def issuer() -> Deployment:
    return deploy_plain(COGNITO_TEMPLATE, DomainPrefix="shop-login")


def test_outputs_are_parameters_of_the_template(issuer: Deployment) -> None:
    assert issuer.outputs.keys() - {"TokenCommand"} <= parameters_of(TEMPLATE).keys()


def test_issuer_grants_the_scopes_that_the_routes_require(issuer: Deployment) -> None:
    api = issuer.properties("Api")
    granted = {f"{api['Identifier']}/{scope['ScopeName']}" for scope in api["Scopes"]}
    assert granted == set(issuer.properties("Checkout")["AllowedOAuthScopes"])
    outputs = {name: value for name, value in issuer.outputs.items() if name.endswith("Scope")}
    assert set(outputs.values()) == granted
    paths = deploy(**PLAIN, **outputs).properties("OrderApi")["Body"]["paths"]
    required = {
        scope for methods in paths.values() for route in methods.values() for scope in route["security"][0]["Tokens"]
    }
    assert required == granted - {outputs["OrdersReadAllScope"]}  # the function itself checks this scope


def test_users_cannot_sign_up_by_themselves(issuer: Deployment) -> None:
    assert issuer.properties("Pool")["AdminCreateUserConfig"] == {"AllowAdminCreateUserOnly": True}
