"""Layers as a template declares them."""

from pathlib import Path

import pytest

from support.templates import FUNCTION, load_template

PANDAS = "arn:aws:lambda:us-east-1:336392948345:layer:AWSSDKPandas-Python313:1"
POWERTOOLS = "arn:aws:lambda:us-east-1:017000801446:layer:AWSLambdaPowertoolsPythonV3-python313-x86_64:7"


def test_layers_are_on_the_path_the_last_one_first(tmp_path: Path) -> None:
    packages = tmp_path / "built" / "python" / "lib" / "python3.13" / "site-packages"
    packages.mkdir(parents=True)
    (tmp_path / "plain").mkdir()
    application = load_template(
        tmp_path,
        f"""
  Built: {{Type: AWS::Serverless::LayerVersion, Properties: {{ContentUri: built}}}}
  Plain:
    Type: AWS::Serverless::LayerVersion
    Metadata: {{BuildMethod: python3.13}}
    Properties: {{LayerName: plain-one, ContentUri: plain}}
  Raw: {{Type: AWS::Lambda::LayerVersion, Properties: {{Content: plain}}}}
  Fn:{FUNCTION}
      Layers: [!Ref Built, !Ref Plain]
  Other:{FUNCTION}
      Layers: [!Ref Raw]
""",
    )
    function, other = application.functions
    assert function.layers == (tmp_path / "plain", packages, tmp_path / "built" / "python")
    assert function.watched == (tmp_path / "src", tmp_path / "built", tmp_path / "plain")
    assert other.layers == (tmp_path / "plain",)
    assert application.ignored == ()


@pytest.mark.parametrize("uri", ["{Bucket: bucket, Key: key}", "{Bucket: bucket, Key: Fn}", "s3://bucket/key"])
def test_layer_in_s3_is_listed(tmp_path: Path, uri: str) -> None:
    resources = f"""
  Far: {{Type: AWS::Serverless::LayerVersion, Properties: {{ContentUri: {uri}}}}}
  Fn:{FUNCTION}
      Layers: [!Ref Far]
"""
    application = load_template(tmp_path, resources)
    assert [function.layers for function in application.functions] == [()]
    [text] = application.ignored
    assert text.startswith("Fn: the layer arn:aws:lambda:us-east-1:123456789012:layer:Far")


def test_layer_that_only_aws_has_is_listed(tmp_path: Path) -> None:
    arn = "arn:aws:lambda:us-east-1:111122223333:layer:ours:3"
    application = load_template(tmp_path, f"\n  Fn:{FUNCTION}\n      Layers: ['{arn}']\n")
    assert application.functions[0].layers == ()
    assert application.functions[0].layer_packages == ()
    assert application.ignored == (f"Fn: the layer {arn}, which is not on this machine",)


def test_package_stands_for_a_well_known_layer(tmp_path: Path) -> None:
    application = load_template(tmp_path, f"\n  Fn:{FUNCTION}\n      Layers: ['{POWERTOOLS}', '{PANDAS}']\n")
    assert application.functions[0].layer_packages == ("aws-lambda-powertools[all]", "awswrangler")
    assert application.ignored == ()


def test_layer_that_is_a_zip_waits_to_be_unpacked(tmp_path: Path) -> None:
    (tmp_path / "lay.zip").write_bytes(b"")
    application = load_template(
        tmp_path,
        f"""
  Layer: {{Type: AWS::Serverless::LayerVersion, Properties: {{ContentUri: lay.zip}}}}
  Fn:{FUNCTION}
      Layers: [!Ref Layer]
""",
    )
    assert application.functions[0].layers == (tmp_path / "lay.zip",)
    assert application.functions[0].watched == (tmp_path / "src", tmp_path / "lay.zip")
    assert application.ignored == ()


@pytest.mark.parametrize("content", ["nothere", "nothere.zip"])
def test_layer_whose_content_does_not_exist_is_listed(tmp_path: Path, content: str) -> None:
    application = load_template(
        tmp_path,
        f"""
  Layer: {{Type: AWS::Serverless::LayerVersion, Properties: {{ContentUri: {content}}}}}
  Fn:{FUNCTION}
      Layers: [!Ref Layer]
""",
    )
    [line] = application.ignored
    assert line == (
        f"Fn: the layer arn:aws:lambda:us-east-1:123456789012:layer:Layer:1, whose content {tmp_path / content} does "
        "not exist. Correct the path, or build it first"
    )


def test_layer_whose_content_is_an_object_in_s3_is_listed(tmp_path: Path) -> None:
    application = load_template(
        tmp_path,
        f"""
  Layer: {{Type: AWS::Serverless::LayerVersion, Properties: {{ContentUri: {{Bucket: some, Key: some.zip}}}}}}
  Fn:{FUNCTION}
      Layers: [!Ref Layer]
""",
    )
    assert application.ignored == (
        "Fn: the layer arn:aws:lambda:us-east-1:123456789012:layer:Layer:1, which is not on this machine",
    )


def test_layer_with_extensions_is_named(tmp_path: Path) -> None:
    (tmp_path / "logs" / "extensions").mkdir(parents=True)
    resources = f"""
  Logs: {{Type: AWS::Serverless::LayerVersion, Properties: {{ContentUri: logs}}}}
  Fn:{FUNCTION}
      Layers: [!Ref Logs]
"""
    [text] = load_template(tmp_path, resources).ignored
    assert text == f"Fn: the extensions in {tmp_path / 'logs'}: samrun runs no extensions of Lambda"


@pytest.mark.parametrize(
    ("port", "expected"),
    [("", 2773), ("      Environment: {Variables: {PARAMETERS_SECRETS_EXTENSION_HTTP_PORT: 2774}}", 2774)],
)
def test_parameters_and_secrets_extension_has_a_port(tmp_path: Path, port: str, expected: int) -> None:
    arn = "arn:aws:lambda:us-east-1:177933569100:layer:AWS-Parameters-and-Secrets-Lambda-Extension-Arm64:4"
    application = load_template(tmp_path, f"\n  Fn:{FUNCTION}\n      Layers: ['{arn}']\n{port}\n  Other:{FUNCTION}\n")
    function, other = application.functions
    assert (function.secrets_port, other.secrets_port) == (expected, None)
    assert function.environment["AWS_SESSION_TOKEN"]
    assert application.ignored == ()
