"""Linters: cfn-lint finds nothing, and each skipped checkov check has a reason.

cfn-lint checks the templates and the translated template, because each run finds errors that the other misses.
"""

import json
from pathlib import Path

import pytest
from cfnlint.api import ManualArgs, lint
from samtranslator.yaml_helper import yaml_parse

from tests.template.deployment import REGION, TEMPLATES, translate
from tests.template.parameter_sets import CLUSTER, REQUIRED, VPC


def _findings(template: str) -> list[str]:
    return [str(match) for match in lint(template, config=ManualArgs(regions=[REGION]))]


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.stem)
def test_cfn_lint_finds_nothing_in_a_template(template: Path) -> None:
    assert _findings(template.read_text()) == []


@pytest.mark.parametrize("cluster", [CLUSTER, ""], ids=["msk", "self-managed"])
def test_cfn_lint_finds_nothing_in_the_translated_template(cluster: str) -> None:
    assert _findings(json.dumps(translate(**REQUIRED, **VPC, MskClusterArn=cluster))) == []


def test_every_skipped_checkov_check_has_a_reason() -> None:
    resources = [each for path in TEMPLATES for each in yaml_parse(path.read_text())["Resources"].values()]
    skips = [skip for each in resources for skip in each.get("Metadata", {}).get("checkov", {}).get("skip", [])]
    assert skips
    assert all(skip.keys() == {"id", "comment"} and len(skip["comment"]) > 20 for skip in skips)
