"""samconfig.toml: what `sam deploy --config-env …` deploys, and what `--guided` has to ask."""

import re
import tomllib
from typing import Any

import pytest

from local import parameters
from tests.template.deployment import ROOT, TEMPLATE, parameters_of, refusals

CONFIG: dict[str, Any] = tomllib.loads((ROOT / "samconfig.toml").read_text())


def _deployment(environment: str) -> dict[str, Any]:
    deployment: dict[str, Any] = CONFIG[environment]["deploy"]["parameters"]
    return deployment


def _overrides(environment: str) -> dict[str, str]:
    return dict(
        parameters.read([_deployment(environment)["parameter_overrides"]], source="samconfig.toml", folder=ROOT)
    )


def test_only_what_nobody_else_can_know_has_no_default() -> None:
    without = [name for name, parameter in parameters_of(TEMPLATE).items() if "Default" not in parameter]
    assert without == ["KafkaBootstrapServers", "TokenIssuer", "SenderDomain"]


def test_every_parameter_says_what_it_is() -> None:
    assert [name for name, parameter in parameters_of(TEMPLATE).items() if not parameter.get("Description")] == []


@pytest.mark.parametrize("environment", ["dev", "prod"])
def test_an_environment_gives_the_template_what_it_takes(environment: str) -> None:
    overrides = _overrides(environment)
    declared = parameters_of(TEMPLATE)
    assert overrides.keys() <= declared.keys()
    assert {name for name, parameter in declared.items() if "Default" not in parameter} <= overrides.keys()
    assert refusals(**overrides) == []
    for name, value in overrides.items():
        assert re.fullmatch(declared[name].get("AllowedPattern", ".*"), value), name
        assert value in map(str, declared[name].get("AllowedValues", [value])), name


@pytest.mark.parametrize("environment", ["dev", "prod"])
def test_what_is_built_is_what_is_deployed(environment: str) -> None:
    built = CONFIG[environment]["build"]["parameters"]["parameter_overrides"]
    assert built == _deployment(environment)["parameter_overrides"]
    # Left out, they would be the template's for the build, and those of the last deployment for the stack.
    defaults = {name: declared.get("Default") for name, declared in parameters_of(TEMPLATE).items()}
    for name in ("PythonRuntime", "Architecture"):
        assert _overrides(environment)[name] == defaults[name]


@pytest.mark.parametrize("environment", ["dev", "prod"])
def test_an_environment_calls_aws_itself(environment: str) -> None:
    assert not _overrides(environment).keys() & {"AwsEndpointUrl", "DynamoDbEndpointUrl"}


def test_a_change_of_prod_is_looked_at_before_it_is_made() -> None:
    assert _deployment("prod")["confirm_changeset"] is True


def test_environments_are_stacks_of_their_own() -> None:
    for name in ("stack_name", "s3_prefix", "tags"):
        assert _deployment("dev")[name] != _deployment("prod")[name]
    # Named policies would take CAPABILITY_NAMED_IAM, and two stacks could not have them.
    assert {_deployment(environment)["capabilities"] for environment in ("dev", "prod")} == {"CAPABILITY_IAM"}
