"""The tool that counts the templates of a checkout that samrun loads with nothing ignored."""

import subprocess
import sys
from pathlib import Path

import pytest

TOOL = Path(__file__).parents[1] / "tools" / "count_templates.py"
FUNCTION = """
Transform: AWS::Serverless-2016-10-31
Parameters:
  Stage: {Type: String, AllowedValues: [test, prod]}
  Size: {Type: Number, MinValue: 128}
  Sender: {Type: String, AllowedPattern: "[^@]+@[^@]+"}
  Zone: {Type: String, MinLength: 15}
Resources:
  Fn:
    Type: AWS::Serverless::Function
    Properties: {InlineCode: "def handler(event, context): pass", Handler: index.handler, Runtime: python3.13}
"""
BROKER = """
  Broker:
    Type: AWS::AmazonMQ::Broker
    Properties: {BrokerName: broker}
"""

pytestmark = pytest.mark.processes


def test_each_python_template_counts_once_as_what_it_is(tmp_path: Path) -> None:
    templates = {
        "whole/template.yaml": FUNCTION,
        "ignoring/deep/template.yml": FUNCTION + BROKER,
        "refused/template.yaml": FUNCTION.replace('InlineCode: "def handler(event, context): pass"', "CodeUri: absent"),
        "unreadable/template.yaml": "Runtime: python3.13: [",
        "other/template.yaml": FUNCTION.replace("python3.13", "nodejs22.x"),
        "other/packaged.yaml": FUNCTION,
    }
    for name, text in templates.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    done = subprocess.run(
        [sys.executable, TOOL, tmp_path, "--reasons"], capture_output=True, text=True, check=True, timeout=120
    )
    lines = done.stdout.splitlines()
    assert "0 ignored  whole/template.yaml" in lines
    assert "1 ignored  ignoring/deep/template.yml" in lines
    assert "refused  refused/template.yaml" in lines
    assert "refused  unreadable/template.yaml" in lines
    assert "1 of 4 templates load with nothing ignored; 1 with something; 2 are refused." in lines
    assert lines[-1] == "   1  AWS::AmazonMQ::Broker: samrun has no broker of Amazon MQ"
