"""Edits of template.yaml that docs/deployment.md describes, carried out."""

import copy
import re
from collections.abc import Mapping
from typing import Any

from samtranslator.yaml_helper import yaml_parse

from tests.template.deployment import ROOT, TEMPLATE, Deployment, deploy_edited, source_of
from tests.template.parameter_sets import PLAIN, VPC

GUIDE = ROOT / "docs/deployment.md"


def edited_template(section: str) -> dict[str, Any]:
    """Return the template with the addition from this section of the guide."""
    found = re.search(rf"^## {section}\n.*?^```yaml\n(.*?)^```", GUIDE.read_text(), re.DOTALL | re.MULTILINE)
    assert found
    return merge_templates(source_of(TEMPLATE), yaml_parse(found[1]))


def added_statements(section: str) -> list[dict[str, Any]]:
    """Return the statements that this section of the guide adds to a policy of infrastructure/github.yaml."""
    found = re.search(rf"^## {section}\n.*?^  ```yaml\n(.*?)^  ```", GUIDE.read_text(), re.DOTALL | re.MULTILINE)
    assert found
    statements: list[dict[str, Any]] = yaml_parse(found[1])
    return statements


def merge_templates(template: Mapping[str, Any], addition: Mapping[str, Any]) -> dict[str, Any]:
    """Return the template with the addition; what both have is the addition's."""
    merged = copy.deepcopy(dict(template))
    for name, value in addition.items():
        under = merged.get(name)
        if isinstance(under, dict) and isinstance(value, dict) and not _is_intrinsic(value):
            merged[name] = merge_templates(under, value)
        else:
            merged[name] = value
    return merged


def _is_intrinsic(value: Mapping[str, Any]) -> bool:
    return any(name == "Ref" or name.startswith("Fn::") for name in value)


def release(edited: Mapping[str, Any], name: str, **parameters: str) -> Deployment:
    """Deploy the edited template as a release of that name."""
    return deploy_edited(edited, **{**PLAIN, **VPC, "Release": name, **parameters})
