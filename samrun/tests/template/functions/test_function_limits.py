"""Limits of a function: what Lambda refuses stops the start."""

from pathlib import Path

import pytest

from samrun.template.errors import TemplateError
from support.templates import FUNCTION, load_template

INSTANCES = "CapacityProviderConfig: {Arn: 'arn:aws:lambda:us-east-1:123456789012:capacity-provider:p'}"


@pytest.mark.parametrize(
    ("property_", "refused"),
    [
        ("Timeout: 901", "Timeout is 901: AWS takes at most 900"),
        ("Timeout: 0", "Timeout is 0: AWS takes 1 to 5400"),
        ("Timeout: 1.5", "Timeout is 1.5: AWS takes whole numbers"),
        ("MemorySize: 64", "MemorySize is 64: AWS takes 128 to 32768"),
        ("MemorySize: 10241", "MemorySize is 10241: AWS takes at most 10240"),
        ("EphemeralStorage: {Size: 100}", "EphemeralStorage.Size is 100: AWS takes 512 to 32768"),
    ],
)
def test_value_that_aws_refuses_is_refused_at_the_start(tmp_path: Path, property_: str, refused: str) -> None:
    with pytest.raises(TemplateError) as raised:
        load_template(tmp_path, f"\n  Fn:{FUNCTION}\n      {property_}\n")
    assert str(raised.value).endswith(f"AWS refuses Fn: {refused}")


@pytest.mark.parametrize("properties", ["Timeout: '900'", "MemorySize: '10240'", f"Timeout: 5400\n      {INSTANCES}"])
def test_values_that_aws_takes_are_taken(tmp_path: Path, properties: str) -> None:
    assert len(load_template(tmp_path, f"\n  Fn:{FUNCTION}\n      {properties}\n").functions) == 1
