"""A stack whose folders have umlauts and blanks in their names, and whose data is inside the code of a function."""

from pathlib import Path

import pytest

from samrun.testing.stack import RunningStack

CODE = """
import boto3

def handler(event, context):
    boto3.resource("dynamodb").Table("Seen").put_item(Item={"id": next(iter(event["records"]))})
"""
TEMPLATE = """
Transform: AWS::Serverless-2016-10-31
Resources:
  Fn:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: python3.13
      CodeUri: .
      Handler: main.handler
      Timeout: 20
      Events:
        Orders:
          Type: MSK
          Properties:
            Stream: arn:aws:kafka:us-east-1:123456789012:cluster/hello/751d2973-a626-431c-9d4e-d7975eb44dd7-2
            Topics: [orders]
            StartingPosition: TRIM_HORIZON
  Table:
    Type: AWS::DynamoDB::Table
    Properties:
      TableName: Seen
      BillingMode: PAY_PER_REQUEST
      AttributeDefinitions: [{AttributeName: id, AttributeType: S}]
      KeySchema: [{AttributeName: id, KeyType: HASH}]
"""


@pytest.mark.parametrize("locale", ["C", "C.UTF-8"])
def test_stack_runs_in_folders_with_umlauts_and_blanks(tmp_path: Path, locale: str) -> None:
    project = tmp_path / "Büro für 訂單"
    (project / "Daten der Läufe").mkdir(parents=True)
    (project / "main.py").write_text(CODE, encoding="utf-8")
    (project / "template.yaml").write_text(TEMPLATE)
    # The terminal's output goes to a file beside this link, outside the code.
    data = tmp_path / "Verknüpfte Daten"
    data.symlink_to(project / "Daten der Läufe", target_is_directory=True)
    with RunningStack(project, data, environment={"LC_ALL": locale}) as stack:
        stack.produce("orders", {})
        stack.wait_until_idle()
        assert len(stack.items("Seen")) == 1
        assert stack.stop() == 0
        assert not stack.logged("code changed")
    assert (project / "Daten der Läufe" / "logs" / "kafka.log").exists()
