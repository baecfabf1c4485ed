"""cfn-lint on the template and on what SAM makes of it: each finds what the other lets pass."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.template.conftest import CLUSTER, KAFKA, VPC
from tests.template.deployment import REGION, TEMPLATE, translate


def _assert_no_finding(template: Path) -> None:
    command = [sys.executable, "-m", "cfnlint", "--regions", REGION, "--", str(template)]
    lint = subprocess.run(command, capture_output=True, text=True, check=False)
    assert lint.returncode == 0, lint.stdout + lint.stderr


def test_the_template_has_no_finding() -> None:
    _assert_no_finding(TEMPLATE)


@pytest.mark.parametrize("cluster", [CLUSTER, ""], ids=["msk", "self-managed"])
def test_what_sam_makes_of_it_has_no_finding(tmp_path: Path, cluster: str) -> None:
    translated = tmp_path / "translated.json"
    translated.write_text(json.dumps(translate(**KAFKA, **VPC, MskClusterArn=cluster)))
    _assert_no_finding(translated)
