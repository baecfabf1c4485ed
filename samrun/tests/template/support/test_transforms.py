"""Transforms of a template: those that do not run are listed."""

from pathlib import Path

import pytest

from samrun.template.loader import load
from support.templates import FUNCTION

NO_MACROS = "samrun runs no macros. The template runs as it is without it"
INCLUDE = "{Name: AWS::Include, Parameters: {Location: s3://bucket/key.yaml}}"
IN_S3 = "AWS::Include of s3://bucket/key.yaml: samrun reads no file from S3. Name a local one"


@pytest.mark.parametrize(
    ("section", "listed"),
    [
        ("Transform: AWS::Serverless-2016-10-31", ()),
        ("Transform: [AWS::LanguageExtensions, AWS::Serverless-2016-10-31]", ()),
        ("Transform: [Own, AWS::Serverless-2016-10-31]", (f"Transform: Own: {NO_MACROS}",)),
        (
            "Transform: [AWS::Serverless-2016-10-31, {Name: Own, Parameters: {A: b}}]",
            (f"Transform: Own: {NO_MACROS}",),
        ),
        (f"Transform: [AWS::Serverless-2016-10-31, {INCLUDE}]", (f"Transform: {IN_S3}",)),
        (
            f"Transform: AWS::Serverless-2016-10-31\nFn::Transform: {INCLUDE}",
            (f"Fn::Transform: {IN_S3}",),
        ),
        (
            f"Transform: AWS::Serverless-2016-10-31\nMappings: {{Fn::Transform: {INCLUDE}}}",
            (f"Fn::Transform in Mappings: {IN_S3}",),
        ),
    ],
)
def test_transform_that_does_not_run_is_listed(tmp_path: Path, section: str, listed: tuple[str, ...]) -> None:
    (tmp_path / "src").mkdir()
    template = tmp_path / "template.yaml"
    template.write_text(f"{section}\nResources:\n  Fn:{FUNCTION}")
    assert load(template, parameters={}, region="us-east-1", aws="http://127.0.0.1:4566").ignored == listed
