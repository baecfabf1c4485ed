import textwrap
from pathlib import Path

import pytest

from local.model import Application, JwtAuthorizer, KafkaLogin, KafkaMapping, Route, Throttle, TryItToken
from local.template import TemplateError, load

FUNCTION = """
    Type: AWS::Serverless::Function
    Properties:
      Runtime: python3.13
      CodeUri: src
      Handler: main.handler
"""


def _load(folder: Path, resources: str, parameters: dict[str, str] | None = None, rest: str = "") -> Application:
    (folder / "src").mkdir(exist_ok=True)
    template = folder / "template.yaml"
    template.write_text(f"Transform: AWS::Serverless-2016-10-31\n{textwrap.dedent(rest)}\nResources:{resources}")
    return load(template, parameters=parameters or {}, region="us-east-1", aws="http://127.0.0.1:4566")


def test_a_function_is_read_with_what_its_process_needs(tmp_path: Path) -> None:
    application = _load(
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
    assert function.code == function.watched.resolve() == tmp_path / "src"
    assert (function.timeout, function.memory, function.concurrency) == (7, 512, 2)
    assert function.environment == {
        "QUEUE": "http://127.0.0.1:4566/123456789012/Queue",
        "ARN": "arn:aws:sqs:us-east-1:123456789012:Queue",
        "FLAG": "true",
        "COUNT": "3",
    }


def test_the_defaults_are_lambdas_own(tmp_path: Path) -> None:
    [function] = _load(tmp_path, f"\n  Fn:{FUNCTION}").functions
    assert (function.timeout, function.memory, function.concurrency, function.log_format) == (3, 128, None, "Text")


@pytest.mark.parametrize("mode", ["{ParentPackageMode: explicit, ParentPackages: app.fn}", "{ParentPackageMode: auto}"])
def test_parent_packages_stay_in_the_package(tmp_path: Path, mode: str) -> None:
    (tmp_path / "app" / "fn").mkdir(parents=True)
    [function] = _load(
        tmp_path,
        f"""
  Fn:
    Type: AWS::Serverless::Function
    Metadata: {{BuildProperties: {mode}}}
    Properties: {{Runtime: python3.13, CodeUri: app/fn, Handler: app.fn.main.handler}}
""",
    ).functions
    assert function.code == tmp_path
    assert function.watched == tmp_path / "app" / "fn"


def test_code_uri_and_handler_can_come_from_the_globals(tmp_path: Path) -> None:
    [function] = _load(
        tmp_path,
        "\n  Fn: {Type: AWS::Serverless::Function}\n",
        rest="""
        Globals:
          Function: {Runtime: python3.13, CodeUri: src, Handler: main.handler, Timeout: 9}
        """,
    ).functions
    assert (function.watched, function.timeout) == (tmp_path / "src", 9)


def test_routes_of_an_http_api_are_read(tmp_path: Path) -> None:
    application = _load(
        tmp_path,
        f"""
  Fn:{FUNCTION}
      Events:
        Get: {{Type: HttpApi, Properties: {{Method: GET, Path: "/things/{{id}}"}}}}
        Any: {{Type: HttpApi, Properties: {{Method: ANY, Path: /any}}}}
        Rest: {{Type: HttpApi}}
""",
    )
    [api] = application.apis
    assert api.logical_id == "ServerlessHttpApi"
    assert set(api.routes) == {
        Route(method="GET", path="/things/{id}", function="Fn"),
        Route(method="ANY", path="/any", function="Fn"),
        Route(method=None, path=None, function="Fn"),
    }


def test_a_mapping_to_msk_is_read(tmp_path: Path) -> None:
    arn = "arn:aws:kafka:us-east-1:123456789012:cluster/c/uuid-2"
    application = _load(
        tmp_path,
        f"""
  Fn:{FUNCTION}
      Events:
        Msk:
          Type: MSK
          Properties:
            Stream: {arn}
            Topics: [t]
            StartingPosition: AT_TIMESTAMP
            StartingPositionTimestamp: 1700000000
            BatchSize: 10
            MaximumBatchingWindowInSeconds: 3
            FunctionResponseTypes: [ReportBatchItemFailures]
            ConsumerGroupId: g
""",
    )
    assert application.mappings == (
        KafkaMapping(
            logical_id="FnMsk",
            function="Fn",
            function_arn="arn:aws:lambda:us-east-1:123456789012:function:Fn",
            topic="t",
            consumer_group="g",
            event_source_arn=arn,
            batch_size=10,
            window=3.0,
            starting_position="AT_TIMESTAMP",
            starting_timestamp=1700000000.0,
            partial_answers=True,
        ),
    )


def test_a_mapping_to_a_self_managed_cluster_has_lambdas_defaults(tmp_path: Path) -> None:
    [mapping] = _load(
        tmp_path,
        f"""
  Fn:{FUNCTION}
      AutoPublishAlias: live
      Events:
        Kafka:
          Type: SelfManagedKafka
          Properties:
            KafkaBootstrapServers: [a:9092, b:9092]
            Topics: [t]
            SourceAccessConfigurations:
              - {{Type: VPC_SUBNET, URI: "subnet:s"}}
              - {{Type: VPC_SECURITY_GROUP, URI: "security_group:g"}}
              - {{Type: SASL_SCRAM_512_AUTH, URI: arn:user}}
              - {{Type: SERVER_ROOT_CA_CERTIFICATE, URI: arn:ca}}
""",
    ).mappings
    assert mapping.bootstrap == "a:9092,b:9092"
    assert mapping.login == KafkaLogin(user="arn:user", ca="arn:ca")
    assert mapping.function == "Fn"
    assert mapping.event_source_arn is None
    assert (mapping.batch_size, mapping.window, mapping.partial_answers) == (100, 0.5, False)
    assert mapping.starting_position == "TRIM_HORIZON"


def test_a_condition_decides_which_resources_there_are(tmp_path: Path) -> None:
    resources = """
  One: {Type: AWS::SQS::Queue, Condition: IsOne}
  Two: {Type: AWS::SQS::Queue, Condition: IsTwo}
"""
    rest = """
    Parameters: {Which: {Type: String, Default: one}}
    Conditions:
      IsOne: !Equals [!Ref Which, one]
      IsTwo: !Not [!Condition IsOne]
    """
    assert [each.logical_id for each in _load(tmp_path, resources, rest=rest).resources] == ["One"]
    assert [each.logical_id for each in _load(tmp_path, resources, {"Which": "two"}, rest).resources] == ["Two"]


def test_what_does_not_run_here_is_named(tmp_path: Path) -> None:
    application = _load(tmp_path, "\n  Machine: {Type: AWS::StepFunctions::StateMachine, Properties: {}}\n")
    assert application.ignored == ("Machine (AWS::StepFunctions::StateMachine)",)


def _mapping(properties: str) -> str:
    return f"""
  Fn:{FUNCTION}
  Mapping:
    Type: AWS::Lambda::EventSourceMapping
    Properties: {{FunctionName: !Ref Fn, {properties}}}
"""


KAFKA = "EventSourceArn: 'arn:aws:kafka:us-east-1:123456789012:cluster/c/uuid-2', Topics: [t]"


@pytest.mark.parametrize("enabled", ["false", "'false'"])
def test_a_mapping_that_is_not_enabled_does_not_run(tmp_path: Path, enabled: str) -> None:
    application = _load(tmp_path, _mapping(f"{KAFKA}, Enabled: {enabled}"))
    assert application.mappings == ()
    assert application.ignored == ("Mapping: all of it, since it has Enabled: false",)


def test_a_mapping_that_is_enabled_runs(tmp_path: Path) -> None:
    application = _load(tmp_path, _mapping(f"{KAFKA}, Enabled: true"))
    assert [mapping.logical_id for mapping in application.mappings] == ["Mapping"]
    assert application.ignored == ()


def test_a_mapping_of_something_else_than_kafka_is_named(tmp_path: Path) -> None:
    application = _load(tmp_path, _mapping("EventSourceArn: 'arn:aws:sqs:us-east-1:123456789012:queue'"))
    assert application.mappings == ()
    assert application.ignored == ("Mapping: all of it, since it reads something else than Kafka",)


TO_BUCKET = "DestinationConfig: {OnFailure: {Destination: !GetAtt Bucket.Arn}}"


@pytest.mark.parametrize(
    ("properties", "bisect", "retries", "age", "destination"),
    [
        ("BatchSize: 10", False, None, None, None),
        ("MaximumRetryAttempts: -1, MaximumRecordAgeInSeconds: -1", False, None, None, None),
        ("MaximumRetryAttempts: 0, MaximumRecordAgeInSeconds: 60", False, 0, 60, None),
        ("BisectBatchOnFunctionError: true, MaximumRetryAttempts: '3'", True, 3, None, None),
        ("BisectBatchOnFunctionError: 'false'", False, None, None, None),
        ("DestinationConfig: {OnFailure: {Destination: ''}}", False, None, None, None),
        (f"{TO_BUCKET}, MaximumRetryAttempts: 10000", False, 10000, None, "arn:aws:s3:::bucket"),
        (TO_BUCKET, False, 10, None, "arn:aws:s3:::bucket"),
        (f"{TO_BUCKET}, MaximumRetryAttempts: -1", False, 10, None, "arn:aws:s3:::bucket"),
    ],
)
def test_what_a_mapping_does_with_failures_is_read(
    tmp_path: Path, properties: str, bisect: bool, retries: int | None, age: float | None, destination: str | None
) -> None:
    application = _load(tmp_path, _mapping(f"{KAFKA}, {properties}") + "  Bucket: {Type: AWS::S3::Bucket}\n")
    [mapping] = application.mappings
    assert (mapping.bisect, mapping.maximum_retries, mapping.maximum_age) == (bisect, retries, age)
    assert mapping.on_failure == destination
    assert application.ignored == ()


@pytest.mark.parametrize(
    ("properties", "told"),
    [
        ("FilterCriteria: {Filters: [{Pattern: '{}'}]}", "FilterCriteria"),
        (
            "DestinationConfig: {OnFailure: {Destination: 'kafka://dead'}}",
            "DestinationConfig to kafka://dead (what is given up is lost here)",
        ),
    ],
)
def test_what_a_mapping_asks_for_in_vain_is_named(tmp_path: Path, properties: str, told: str) -> None:
    application = _load(tmp_path, _mapping(f"{KAFKA}, {properties}"))
    [mapping] = application.mappings
    assert mapping.on_failure is None
    assert application.ignored == (f"Mapping: {told}",)


def test_what_an_api_asks_for_in_vain_is_named(tmp_path: Path) -> None:
    application = _load(
        tmp_path,
        f"""
  Api:
    Type: AWS::Serverless::HttpApi
    Properties:
      CorsConfiguration: {{AllowOrigins: ["*"]}}
      Auth:
        EnableIamAuthorizer: true
        Authorizers:
          Ours: {{FunctionArn: !GetAtt Fn.Arn, AuthorizerPayloadFormatVersion: "2.0", Identity: {{Headers: [X]}}}}
  Fn:{FUNCTION}
      Events:
        Get: {{Type: HttpApi, Properties: {{ApiId: !Ref Api, Method: GET, Path: /a, Auth: {{Authorizer: AWS_IAM}}}}}}
        Put: {{Type: HttpApi, Properties: {{ApiId: !Ref Api, Method: PUT, Path: /a, Auth: {{Authorizer: Ours}}}}}}
""",
    )
    assert application.ignored == ("Api: Auth of AWS_IAM, Ours (its requests are let through), CorsConfiguration",)
    [api] = application.apis
    assert {route.authorizer for route in api.routes} == {None}


API = """
  Api:
    Type: AWS::Serverless::HttpApi
    Metadata:
      TryItToken: {{sub: cus_ada, scope: !Ref Scope}}
    Properties:
      DefaultRouteSettings: {{ThrottlingBurstLimit: 5, ThrottlingRateLimit: 2.5}}
      RouteSettings: {{"PUT /a": {{ThrottlingBurstLimit: 1}}, "GET /a": {{DetailedMetricsEnabled: true}}}}
      Auth:
        DefaultAuthorizer: Tokens
        Authorizers:
          Tokens:
            IdentitySource: $request.header.Authorization
            JwtConfiguration: {{issuer: !Ref Issuer, audience: [a, b]}}
  Fn:{function}
      Events:
        Get: {{Type: HttpApi, Properties: {{ApiId: !Ref Api, Method: GET, Path: /a}}}}
        Put:
          Type: HttpApi
          Properties: {{ApiId: !Ref Api, Method: PUT, Path: /a, Auth: {{AuthorizationScopes: [!Ref Scope]}}}}
        Open: {{Type: HttpApi, Properties: {{ApiId: !Ref Api, Method: GET, Path: /open, Auth: {{Authorizer: NONE}}}}}}
"""


def test_a_jwt_authorizer_is_read_with_the_scopes_and_the_throttle_of_each_route(tmp_path: Path) -> None:
    rest = """
    Parameters:
      Issuer: {Type: String}
      Scope: {Type: String, Default: "a:write"}
    """
    application = _load(tmp_path, API.format(function=FUNCTION), {"Issuer": "http://127.0.0.1:8025/issuer"}, rest)
    assert application.ignored == ()
    [api] = application.apis
    tokens = JwtAuthorizer(
        name="Tokens",
        issuer="http://127.0.0.1:8025/issuer",
        audiences=("a", "b"),
        identity_source="$request.header.Authorization",
    )
    assert set(api.routes) == {
        Route(method="GET", path="/a", function="Fn", authorizer=tokens),
        Route(
            method="PUT",
            path="/a",
            function="Fn",
            authorizer=tokens,
            scopes=("a:write",),
            throttle=Throttle(rate=2.5, burst=1),
        ),
        Route(method="GET", path="/open", function="Fn"),
    }
    assert api.throttle == Throttle(rate=2.5, burst=5)
    assert api.try_it_token == TryItToken(subject="cus_ada", scope="a:write")


@pytest.mark.parametrize(
    ("properties", "told"),
    [
        ("Runtime: nodejs22.x, CodeUri: src, Handler: a.b", "only functions in Python"),
        ("Runtime: python3.13, CodeUri: nowhere, Handler: a.b", "is no folder"),
        ("Runtime: python3.13, CodeUri: s3://bucket/key, Handler: a.b", "needs a CodeUri that is a folder"),
        ("Runtime: python3.13, CodeUri: src, Handler: !Ref Nothing", "!Ref Nothing"),
        ("Runtime: python3.13, CodeUri: src, Events: {E: {Type: HttpApi, Properties: {Path: 7}}}", "not a valid SAM"),
    ],
)
def test_a_function_that_cannot_run_says_why(tmp_path: Path, properties: str, told: str) -> None:
    with pytest.raises(TemplateError, match=told):
        _load(tmp_path, f"\n  Fn: {{Type: AWS::Serverless::Function, Properties: {{{properties}}}}}\n")


@pytest.mark.parametrize(
    ("resources", "rest", "told"),
    [
        ("\n  Queue: {Type: AWS::SQS::Queue}\n", "Parameters: {Needed: {Type: String}}", "no value for the .* Needed"),
        (" [", "", "cannot be read as YAML"),
        (" nothing", "", "has no Resources"),
    ],
)
def test_a_template_that_cannot_run_says_why(tmp_path: Path, resources: str, rest: str, told: str) -> None:
    with pytest.raises(TemplateError, match=told):
        _load(tmp_path, resources, rest=rest)


def test_a_mapping_needs_its_function(tmp_path: Path) -> None:
    resources = """
  Mapping:
    Type: AWS::Lambda::EventSourceMapping
    Properties:
      FunctionName: arn:aws:lambda:us-east-1:123456789012:function:Elsewhere
      EventSourceArn: arn:aws:kafka:us-east-1:123456789012:cluster/c/uuid-2
      Topics: [t]
"""
    with pytest.raises(TemplateError, match="Mapping triggers Elsewhere"):
        _load(tmp_path, resources)


def test_a_template_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(TemplateError, match="no such template"):
        load(tmp_path / "template.yaml", parameters={}, region="us-east-1", aws="")


def test_a_parameter_that_is_not_declared_is_named(tmp_path: Path) -> None:
    with pytest.raises(TemplateError, match="no parameter Typo"):
        _load(tmp_path, "\n  Queue: {Type: AWS::SQS::Queue}\n", {"Typo": "x"})
