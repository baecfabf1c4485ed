"""An application as others write them: nested stacks, inline code, a layer, Node beside Python, destinations."""

import json
from pathlib import Path
from typing import Any

import pytest

from samrun.testing.stack import RunningStack

TEMPLATE = """
Transform: AWS::Serverless-2016-10-31
Parameters:
  Greeting: {Type: String}
Globals:
  Function: {Runtime: python3.13, Timeout: 20}
Resources:
  Worker:
    Type: AWS::Serverless::Application
    Properties:
      Location: worker/template.yaml
      Parameters: {Greeting: !Ref Greeting}
  Caller:
    Type: AWS::Serverless::Function
    Properties:
      Handler: index.handler
      InlineCode: |
        import boto3, json, os
        def handler(event, context):
            boto3.client("lambda").invoke(
                FunctionName=os.environ["WORKER"], InvocationType="Event", Payload=json.dumps(event))
            return context.function_name
      Environment: {Variables: {WORKER: !GetAtt Worker.Outputs.FunctionArn}}
  Node:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: nodejs22.x
      Handler: index.handler
      InlineCode: "exports.handler = async () => 1"
      Events:
        Tick: {Type: Schedule, Properties: {Schedule: rate(1 minute)}}
"""
WORKER = """
Transform: AWS::Serverless-2016-10-31
Parameters:
  Greeting: {Type: String}
Resources:
  Results: {Type: AWS::SQS::Queue, Properties: {QueueName: results}}
  Failures: {Type: AWS::SQS::Queue, Properties: {QueueName: failures}}
  Shared: {Type: AWS::Serverless::LayerVersion, Properties: {ContentUri: layer}}
  Worker:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: python3.13
      Handler: main.handler
      CodeUri: src/main.py
      Layers: [!Ref Shared]
      Environment: {Variables: {GREETING: !Ref Greeting, NAME: nobody}}
      DeadLetterQueue: {Type: SQS, TargetArn: !GetAtt Failures.Arn}
      EventInvokeConfig:
        DestinationConfig:
          OnSuccess: {Type: SQS, Destination: !GetAtt Results.Arn}
Outputs:
  FunctionArn: {Value: !GetAtt Worker.Arn}
"""
FILES = {
    "template.yaml": TEMPLATE,
    "worker/template.yaml": WORKER,
    "worker/src/main.py": """
import os
import shared

def handler(event, context):
    if event["fails"]:
        raise ValueError("of no use")
    return shared.greet(os.environ["GREETING"], os.environ["NAME"])
""",
    "worker/layer/python/shared.py": "def greet(greeting, name): return f'{greeting}, {name}'",
    "samconfig.toml": """version = 0.1
[default.deploy.parameters]
stack_name = "foreign"
parameter_overrides = "Greeting=\\"Good morning\\""
""",
    "env.json": json.dumps({"Worker": {"NAME": "Ada"}}),
}


@pytest.fixture
def stack(tmp_path: Path) -> Any:
    project = tmp_path / "project"
    for name, text in FILES.items():
        (project / name).parent.mkdir(parents=True, exist_ok=True)
        (project / name).write_text(text)
    with RunningStack(
        project, tmp_path / "data", options=["--env-vars", str(project / "env.json"), "--retry-delay", "0.1"]
    ) as stack:
        yield stack


def test_foreign_application_runs_unchanged(stack: RunningStack) -> None:
    assert stack.invoke("Caller", {"fails": False}) == "Caller"
    stack.wait_until_idle()
    [result] = stack.messages("results")
    assert json.loads(result.body)["responsePayload"] == "Good morning, Ada"

    failing = json.dumps({"fails": True})
    stack.aws("lambda").invoke(FunctionName="Worker-Worker", InvocationType="Event", Payload=failing)
    stack.wait_until_idle()
    [dead_letter] = stack.messages("failures")
    assert json.loads(dead_letter.body) == {"fails": True}
    assert dead_letter.attributes["ErrorMessage"] == "of no use"
    assert len(stack.logged("Worker-Worker failed (ValueError)")) == 3

    assert stack.logged("not run here: Node: its runtime is nodejs22.x, which needs a container")
    assert stack.logged("Node is not triggered by NodeTick (schedule): its runtime is nodejs22.x")
    assert stack.logged("has the parameters of [default.deploy.parameters]")
