"""Functions as a template declares them."""

from pathlib import Path

import pytest

from samrun.template.errors import TemplateError
from support.templates import FUNCTION, load_template


def test_function_has_its_code_limits_and_environment(tmp_path: Path) -> None:
    application = load_template(
        tmp_path,
        f"""
  Queue:
    Type: AWS::SQS::Queue
  Fn:{FUNCTION}
      Timeout: 7
      MemorySize: 512
      ReservedConcurrentExecutions: 2
      Environment: {{Variables: {{QUEUE: !Ref Queue, ARN: !GetAtt Queue.Arn, FLAG: true, COUNT: 3}}}}
""",
    )
    [function] = application.functions
    assert function.name == "Fn"
    assert function.handler == "main.handler"
    assert function.code == tmp_path / "src"
    assert function.watched == (tmp_path / "src",)
    assert (function.timeout, function.memory, function.concurrency) == (7, 512, 2)
    assert function.environment == {
        "QUEUE": "http://127.0.0.1:4566/123456789012/Queue",
        "ARN": "arn:aws:sqs:us-east-1:123456789012:Queue",
        "FLAG": "true",
        "COUNT": "3",
    }


def test_function_has_lambdas_defaults(tmp_path: Path) -> None:
    [function] = load_template(tmp_path, f"\n  Fn:{FUNCTION}").functions
    assert (function.timeout, function.memory, function.concurrency, function.log_format) == (3, 128, None, "Text")


@pytest.mark.parametrize("mode", ["{ParentPackageMode: explicit, ParentPackages: app.fn}", "{ParentPackageMode: auto}"])
def test_deployment_package_keeps_the_parent_packages(tmp_path: Path, mode: str) -> None:
    (tmp_path / "app" / "fn").mkdir(parents=True)
    [function] = load_template(
        tmp_path,
        f"""
  Fn:
    Type: AWS::Serverless::Function
    Metadata: {{BuildProperties: {mode}}}
    Properties: {{Runtime: python3.13, CodeUri: app/fn, Handler: app.fn.main.handler}}
""",
    ).functions
    assert function.code == tmp_path
    assert function.watched == (tmp_path / "app" / "fn",)


def test_function_takes_code_uri_and_handler_from_the_globals(tmp_path: Path) -> None:
    [function] = load_template(
        tmp_path,
        "\n  Fn: {Type: AWS::Serverless::Function}\n",
        rest="""
        Globals:
          Function: {Runtime: python3.13, CodeUri: src, Handler: main.handler, Timeout: 9}
        """,
    ).functions
    assert (function.code, function.timeout) == (tmp_path / "src", 9)


@pytest.mark.parametrize(
    ("properties", "message"),
    [
        ("Runtime: python3.13, CodeUri: nowhere, Handler: a.b", "nowhere, which does not exist.*`sam build`"),
        ("Runtime: python3.13, CodeUri: src, Handler: !Ref Nothing", "!Ref Nothing"),
        ("Runtime: python3.13, CodeUri: src, Events: {E: {Type: HttpApi, Properties: {Path: 7}}}", "not a valid SAM"),
    ],
)
def test_error_says_why_a_function_cannot_run(tmp_path: Path, properties: str, message: str) -> None:
    with pytest.raises(TemplateError, match=message):
        load_template(tmp_path, f"\n  Fn: {{Type: AWS::Serverless::Function, Properties: {{{properties}}}}}\n")


NODE = """
    Type: AWS::Serverless::Function
    Properties:
      Runtime: nodejs22.x
      CodeUri: built-by-webpack
      Handler: app.handler
"""
IMAGE = """
    Type: AWS::Serverless::Function
    Metadata: {Dockerfile: Dockerfile, DockerContext: image}
    Properties:
      PackageType: Image
"""


@pytest.mark.parametrize(
    ("declared", "kind"), [(NODE, "its runtime is nodejs22.x"), (IMAGE, "it is a container image")]
)
def test_function_in_another_language_is_listed_with_its_triggers(tmp_path: Path, declared: str, kind: str) -> None:
    application = load_template(
        tmp_path,
        f"""
  Other:{declared}
      Events:
        Get: {{Type: HttpApi, Properties: {{Path: /other, Method: GET}}}}
        Tick: {{Type: Schedule, Properties: {{Schedule: rate(1 minute)}}}}
        Orders: {{Type: MSK, Properties: {{Stream: !GetAtt Cluster.Arn, Topics: [orders], StartingPosition: LATEST}}}}
  Fn:{FUNCTION}
      Events:
        Get: {{Type: HttpApi, Properties: {{Path: /, Method: GET}}}}
  Cluster: {{Type: AWS::MSK::Cluster, Properties: {{}}}}
""",
    )
    assert [function.name for function in application.functions] == ["Fn"]
    assert [route.key for route in application.apis[0].routes] == ["GET /"]
    assert not application.mappings
    assert not application.schedules
    assert application.ignored == (f"Other: {kind}, which needs a container. Run `samrun up --sam`.",)
    assert [str(each) for each in application.missing_triggers] == [
        f"Other is not triggered by {trigger}: {kind}, which needs a container. Run `samrun up --sam`."
        for trigger in (
            "GET /other of ServerlessHttpApi (HTTP API)",
            "OtherOrders (Amazon MSK)",
            "OtherTick (schedule)",
        )
    ]


def test_placeholder_of_a_python_version_is_python(tmp_path: Path) -> None:
    application = load_template(tmp_path, f"\n  Fn:{FUNCTION}\n".replace("python3.13", "PYTHON3_VERSION"))
    assert [function.runtime for function in application.functions] == ["PYTHON3_VERSION"]
    assert application.ignored == ()


def test_function_in_another_language_runs_in_a_container(tmp_path: Path) -> None:
    (tmp_path / "built-by-webpack").mkdir()
    (tmp_path / "image").mkdir()
    application = load_template(
        tmp_path,
        f"""
  Node:{NODE}
      Events:
        Get: {{Type: HttpApi, Properties: {{Path: /other, Method: GET}}}}
  Image:{IMAGE}
""",
        in_containers=True,
    )
    assert {function.name: function.runtime for function in application.functions} == {
        "Node": "nodejs22.x",
        "Image": None,
    }
    assert {function.name: function.watched for function in application.functions} == {
        "Node": (tmp_path / "built-by-webpack",),
        "Image": (tmp_path / "image",),
    }
    assert [route.function for route in application.apis[0].routes] == ["Node"]
    assert application.ignored == ()


@pytest.mark.parametrize("code_uri", ["s3://bucket/key", "{Bucket: bucket, Key: key}"])
def test_function_whose_code_is_in_s3_is_listed(tmp_path: Path, code_uri: str) -> None:
    properties = f"{{Runtime: python3.13, Handler: main.handler, CodeUri: {code_uri}}}"
    application = load_template(tmp_path, f"\n  Fn: {{Type: AWS::Serverless::Function, Properties: {properties}}}\n")
    assert application.functions == ()
    assert application.ignored == ("Fn: its code is in S3. Give it a local CodeUri.",)


@pytest.mark.parametrize(
    "declared",
    [
        "{Type: AWS::Serverless::Function, Properties: {%s, InlineCode: !Sub '${Text}'}}",
        "{Type: AWS::Lambda::Function, Properties: {%s, Code: {ZipFile: !Sub '${Text}'}}}",
    ],
)
def test_function_may_have_its_code_in_the_template(tmp_path: Path, declared: str) -> None:
    properties = "Runtime: python3.13, Handler: index.handler"
    rest = "Parameters: {Text: {Type: String, Default: 'def handler(*_): return 1'}}"
    [function] = load_template(tmp_path, f"\n  Fn: {declared % properties}\n", rest=rest).functions
    assert function.inline_code == "def handler(*_): return 1"
    assert (function.code.name, function.watched) == ("index.py", ())


def test_inline_code_does_not_run_in_a_container(tmp_path: Path) -> None:
    properties = "{Runtime: python3.13, Handler: index.handler, InlineCode: 'x = 1'}"
    application = load_template(
        tmp_path,
        f"\n  Fn: {{Type: AWS::Serverless::Function, Properties: {properties}}}\n",
        in_containers=True,
    )
    assert application.functions == ()
    assert application.ignored[0].startswith("Fn: its code is in the template, which the SAM CLI does not run")


def test_function_of_cloudformation_may_have_its_code_in_a_folder(tmp_path: Path) -> None:
    properties = "{Runtime: python3.13, Handler: main.handler, Code: src}"
    [function] = load_template(
        tmp_path, f"\n  Fn: {{Type: AWS::Lambda::Function, Properties: {properties}}}\n"
    ).functions
    assert function.code == tmp_path / "src"


def test_code_without_a_code_uri_is_in_the_folder_of_the_template(tmp_path: Path) -> None:
    """So the SAM CLI has it."""
    [function] = load_template(
        tmp_path,
        "\n  Fn: {Type: AWS::Serverless::Function, Properties: {Runtime: python3.13, Handler: main.handler}}\n",
    ).functions
    assert function.code == tmp_path
