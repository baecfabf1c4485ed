"""What linters find, or are told to overlook.

cfn-lint on the templates and on what SAM makes of ours: each finds what the other lets pass.
"""

import json
from pathlib import Path

import pytest
from cfnlint.api import ManualArgs, lint  # type: ignore[import-untyped]
from samtranslator.yaml_helper import yaml_parse

from tests.template.conftest import CLUSTER, REQUIRED, VPC
from tests.template.deployment import REGION, TEMPLATES, translate


def _findings(template: str) -> list[str]:
    return [str(match) for match in lint(template, config=ManualArgs(regions=[REGION]))]


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.stem)
def test_a_template_has_no_finding(template: Path) -> None:
    assert _findings(template.read_text()) == []


@pytest.mark.parametrize("cluster", [CLUSTER, ""], ids=["msk", "self-managed"])
def test_what_sam_makes_of_it_has_no_finding(cluster: str) -> None:
    assert _findings(json.dumps(translate(**REQUIRED, **VPC, MskClusterArn=cluster))) == []


def test_what_checkov_is_to_overlook_has_its_reason_beside_it() -> None:
    resources = [each for path in TEMPLATES for each in yaml_parse(path.read_text())["Resources"].values()]
    skips = [skip for each in resources for skip in each.get("Metadata", {}).get("checkov", {}).get("skip", [])]
    assert skips
    assert all(skip.keys() == {"id", "comment"} and len(skip["comment"]) > 20 for skip in skips)
