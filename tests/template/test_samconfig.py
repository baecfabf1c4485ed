"""samconfig.toml: the parameters of `sam deploy --config-env …`, and those that `--guided` must ask for."""

import re
import tomllib
from typing import Any

import pytest

from samrun.testing.templates import read_parameters
from tests.template.deployment import ROOT, TEMPLATE, parameters_of, refusals

CONFIG: dict[str, Any] = tomllib.loads((ROOT / "samconfig.toml").read_text())


def _deployment(environment: str) -> dict[str, Any]:
    deployment: dict[str, Any] = CONFIG[environment]["deploy"]["parameters"]
    return deployment


def _overrides(environment: str) -> dict[str, str]:
    return dict(
        read_parameters([_deployment(environment)["parameter_overrides"]], source="samconfig.toml", folder=ROOT)
    )


def test_only_environment_brokers_issuer_and_sender_have_no_default() -> None:
    without = [name for name, parameter in parameters_of(TEMPLATE).items() if "Default" not in parameter]
    assert without == ["Environment", "KafkaBootstrapServers", "TokenIssuer", "SenderDomain"]


def test_every_parameter_has_a_description() -> None:
    assert [name for name, parameter in parameters_of(TEMPLATE).items() if not parameter.get("Description")] == []


@pytest.mark.parametrize("environment", ["dev", "prod"])
def test_parameters_of_an_environment_are_complete_and_allowed(environment: str) -> None:
    overrides = _overrides(environment)
    declared = parameters_of(TEMPLATE)
    assert overrides.keys() <= declared.keys()
    assert {name for name, parameter in declared.items() if "Default" not in parameter} <= overrides.keys()
    assert refusals(**overrides) == []
    for name, value in overrides.items():
        assert re.fullmatch(declared[name].get("AllowedPattern", ".*"), value), name
        assert value in map(str, declared[name].get("AllowedValues", [value])), name


@pytest.mark.parametrize("environment", ["dev", "prod"])
def test_build_and_deployment_use_the_same_parameters(environment: str) -> None:
    built = CONFIG[environment]["build"]["parameters"]["parameter_overrides"]
    assert built == _deployment(environment)["parameter_overrides"]
    # Without them in the file, the build would use the template's defaults and the stack those of the last deployment.
    defaults = {name: declared.get("Default") for name, declared in parameters_of(TEMPLATE).items()}
    for name in ("PythonRuntime", "Architecture"):
        assert _overrides(environment)[name] == defaults[name]


def test_environments_do_not_share_a_topic_and_only_prod_is_production() -> None:
    defaults = {name: str(each.get("Default")) for name, each in parameters_of(TEMPLATE).items()}
    dev, prod = (defaults | _overrides(environment) for environment in ("dev", "prod"))
    assert dev["OrderEventsTopic"] != prod["OrderEventsTopic"]
    assert (dev["Environment"], prod["Environment"]) == ("test", "production")


@pytest.mark.parametrize("environment", ["dev", "prod"])
def test_environments_set_no_endpoint_urls(environment: str) -> None:
    assert not _overrides(environment).keys() & {"AwsEndpointUrl", "DynamoDbEndpointUrl"}


def test_deployment_of_prod_asks_for_confirmation() -> None:
    assert _deployment("prod")["confirm_changeset"] is True


def test_environments_are_separate_stacks() -> None:
    for name in ("stack_name", "s3_prefix", "tags"):
        assert _deployment("dev")[name] != _deployment("prod")[name]
    # Named policies would require CAPABILITY_NAMED_IAM, and two stacks could not both have them.
    assert {_deployment(environment)["capabilities"] for environment in ("dev", "prod")} == {"CAPABILITY_IAM"}
