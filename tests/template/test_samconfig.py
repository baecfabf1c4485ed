"""samconfig.toml: what `sam deploy --config-env …` deploys, and what `--guided` has to ask."""

import tomllib
from typing import Any

import pytest

from tests.template.deployment import ROOT, TEMPLATE, parameters_of, refusals

CONFIG: dict[str, Any] = tomllib.loads((ROOT / "samconfig.toml").read_text())


def _deployment(environment: str) -> dict[str, Any]:
    parameters: dict[str, Any] = CONFIG[environment]["deploy"]["parameters"]
    return parameters


def _overrides(environment: str) -> dict[str, str]:
    return dict(override.split("=", 1) for override in _deployment(environment)["parameter_overrides"])


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


@pytest.mark.parametrize("environment", ["dev", "prod"])
def test_an_environment_runs_on_the_templates_own_runtime_and_processor(environment: str) -> None:
    assert not _overrides(environment).keys() & {"PythonRuntime", "Architecture"}


def test_a_change_of_prod_is_looked_at_before_it_is_made() -> None:
    assert _deployment("prod")["confirm_changeset"] is True


def test_environments_are_stacks_of_their_own() -> None:
    for name in ("stack_name", "s3_prefix", "tags"):
        assert _deployment("dev")[name] != _deployment("prod")[name]
    # Named policies would take CAPABILITY_NAMED_IAM, and two stacks could not have them.
    assert {_deployment(environment)["capabilities"] for environment in ("dev", "prod")} == {"CAPABILITY_IAM"}
