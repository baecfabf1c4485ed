"""REST APIs as a template declares them."""

from pathlib import Path

import pytest

from samrun.template.errors import TemplateError
from samrun.template.model.application import Application
from samrun.template.model.authorizers import JwtAuthorizer, LambdaAuthorizer
from samrun.template.model.http_apis import Throttle
from samrun.template.model.rest_apis import (
    GatewayResponse,
    IntegrationResponse,
    MappedIntegration,
    MockResponse,
    Quota,
    RestMethod,
    ServiceCall,
    UsagePlan,
)
from support.templates import FUNCTION, load_template


def test_events_make_a_rest_api_with_the_stage_prod(tmp_path: Path) -> None:
    application = load_template(
        tmp_path,
        f"""
  Fn:{FUNCTION}
      Events:
        Get: {{Type: Api, Properties: {{Method: get, Path: "/things/{{id}}"}}}}
        Any: {{Type: Api, Properties: {{Method: ANY, Path: /any/}}}}
        Slow: {{Type: Api, Properties: {{Method: post, Path: /slow, TimeoutInMillis: 3000}}}}
""",
    )
    assert application.ignored == ()
    assert application.apis == ()
    [api] = application.rest_apis
    assert (api.logical_id, api.stage) == ("ServerlessRestApi", "Prod")
    assert sorted(api.methods, key=lambda method: method.key) == [
        RestMethod(method="ANY", path="/any", function="Fn"),
        RestMethod(method="GET", path="/things/{id}", function="Fn"),
        RestMethod(method="POST", path="/slow", function="Fn", timeout=3.0),
    ]


def test_a_rest_api_has_the_properties_of_its_stage_and_of_its_bodies(tmp_path: Path) -> None:
    application = load_template(
        tmp_path,
        f"""
  Api:
    Type: AWS::Serverless::Api
    Properties:
      StageName: !Sub "v${{Number}}"
      BinaryMediaTypes: [image~1png, application/pdf]
      Variables: {{Colour: blue}}
      MethodSettings:
        - {{HttpMethod: "*", ResourcePath: "/*", ThrottlingRateLimit: 5, ThrottlingBurstLimit: 3}}
        - {{HttpMethod: GET, ResourcePath: "/~1things", ThrottlingRateLimit: 1}}
        - {{HttpMethod: PUT, ResourcePath: "/things", LoggingLevel: INFO}}
      GatewayResponses:
        DEFAULT_4XX:
          StatusCode: 418
          ResponseParameters: {{Headers: {{Access-Control-Allow-Origin: "'*'", X: method.request.header.origin}}}}
          ResponseTemplates: {{application/json: '{{"error": $context.error.messageString}}'}}
  Fn:{FUNCTION}
      Events:
        Get: {{Type: Api, Properties: {{RestApiId: !Ref Api, Method: get, Path: /things}}}}
        Put: {{Type: Api, Properties: {{RestApiId: !Ref Api, Method: put, Path: /things}}}}
""",
        rest="Parameters: {Number: {Type: Number, Default: 1}}",
    )
    [api] = application.rest_apis
    assert (api.stage, api.stage_variables) == ("v1", {"Colour": "blue"})
    assert api.binary_media_types == ("image/png", "application/pdf")
    assert api.throttle == Throttle(rate=5, burst=3)
    assert {method.key: method.throttle for method in api.methods} == {
        "GET /things": Throttle(rate=1, burst=5000),
        "PUT /things": None,
    }
    assert api.responses == {
        "DEFAULT_4XX": GatewayResponse(
            status=418,
            headers={"Access-Control-Allow-Origin": "*"},
            body='{"error": $context.error.messageString}',
        )
    }
    assert application.ignored == ("Api: the gateway response DEFAULT_4XX: gatewayresponse.header.X",)


def test_cors_is_a_method_options_with_a_fixed_answer(tmp_path: Path) -> None:
    application = load_template(
        tmp_path,
        f"""
  Api:
    Type: AWS::Serverless::Api
    Properties:
      StageName: v1
      Cors:
        {{AllowOrigin: "'https://shop.example'", AllowHeaders: "'X-A,X-B'", MaxAge: "'600'", AllowCredentials: true}}
      Auth: {{DefaultAuthorizer: Ours, Authorizers: {{Ours: {{FunctionArn: !GetAtt Fn.Arn}}}},
             AddDefaultAuthorizerToCorsPreflight: false}}
  Fn:{FUNCTION}
      Events:
        Get: {{Type: Api, Properties: {{RestApiId: !Ref Api, Method: get, Path: /things}}}}
""",
    )
    assert application.ignored == ()
    [options] = [method for method in application.rest_apis[0].methods if method.method == "OPTIONS"]
    assert options == RestMethod(
        method="OPTIONS",
        path="/things",
        mock=MockResponse(
            status=200,
            headers={
                "Access-Control-Allow-Credentials": "true",
                "Access-Control-Allow-Headers": "X-A,X-B",
                "Access-Control-Allow-Methods": "GET,OPTIONS",
                "Access-Control-Allow-Origin": "https://shop.example",
                "Access-Control-Max-Age": "600",
            },
            body="{}",
        ),
    )


AUTHORIZERS = f"""
  Api:
    Type: AWS::Serverless::Api
    Properties:
      StageName: v1
      Auth:
        Authorizers:
          Token:
            FunctionArn: !GetAtt Fn.Arn
            Identity: {{Header: X-Token, ValidationExpression: "^x-", ReauthorizeEvery: 0}}
          Request:
            FunctionPayloadType: REQUEST
            FunctionArn: !GetAtt Fn.Arn
            Identity: {{Headers: [X], QueryStrings: [q], StageVariables: [v], Context: [identity.sourceIp]}}
          Pool: {{UserPoolArn: !GetAtt Users.Arn, AuthorizationScopes: [read]}}
          Real: {{UserPoolArn: ["arn:aws:cognito-idp:eu-west-1:1:userpool/eu-west-1_a", "arn:…/eu-west-1_b"]}}
  Users: {{Type: AWS::Cognito::UserPool}}
  Fn:{FUNCTION}
      Events:
        A: {{Type: Api, Properties: {{RestApiId: !Ref Api, Method: get, Path: /a, Auth: {{Authorizer: Token}}}}}}
        B: {{Type: Api, Properties: {{RestApiId: !Ref Api, Method: get, Path: /b, Auth: {{Authorizer: Request}}}}}}
        C: {{Type: Api, Properties: {{RestApiId: !Ref Api, Method: get, Path: /c, Auth: {{Authorizer: Pool}}}}}}
        D: {{Type: Api, Properties: {{RestApiId: !Ref Api, Method: get, Path: /d, Auth: {{Authorizer: AWS_IAM}}}}}}
        E: {{Type: Api, Properties: {{RestApiId: !Ref Api, Method: get, Path: /e}}}}
        F: {{Type: Api, Properties: {{RestApiId: !Ref Api, Method: get, Path: /f, Auth: {{Authorizer: Real}}}}}}
"""


def test_authorizers_run_and_iam_is_listed(tmp_path: Path) -> None:
    application = load_template(tmp_path, AUTHORIZERS, issuer="http://127.0.0.1:8025/issuer")
    arn = "arn:aws:execute-api:us-east-1:123456789012:Api/v1"
    by_path = {method.path: method.authorizer for method in application.rest_apis[0].methods}
    assert by_path == {
        "/a": LambdaAuthorizer(
            name="Token",
            function="Fn",
            kind="TOKEN",
            identity_sources=("header.X-Token",),
            api_arn=arn,
            token_pattern="^x-",
        ),
        "/b": LambdaAuthorizer(
            name="Request",
            function="Fn",
            kind="REQUEST",
            identity_sources=("header.X", "querystring.q", "stageVariables.v", "context.identity.sourceIp"),
            api_arn=arn,
            ttl=300,
        ),
        "/c": JwtAuthorizer(
            name="Pool",
            issuer="http://127.0.0.1:8025/issuer",
            audiences=None,
            identity_source="$request.header.Authorization",
        ),
        "/d": None,
        "/e": None,
        "/f": JwtAuthorizer(
            name="Real",
            issuer="https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_a",
            audiences=None,
            identity_source="$request.header.Authorization",
        ),
    }
    assert {method.path: method.scopes for method in application.rest_apis[0].methods if method.scopes} == {
        "/c": ("read",)
    }
    pool, text = application.ignored
    assert pool.startswith("Users (AWS::Cognito::UserPool): samrun has no user pools. Its own issuer stands for them")
    assert text == (
        "Api: Auth of AWS_IAM (awsSigv4: its requests are not checked), Auth of Real: the user pools "
        "arn:…/eu-west-1_b (only the tokens of arn:aws:cognito-idp:eu-west-1:1:userpool/eu-west-1_a are accepted)"
    )


def test_api_keys_are_those_of_the_usage_plans_of_the_api(tmp_path: Path) -> None:
    application = load_template(
        tmp_path,
        f"""
  Api:
    Type: AWS::Serverless::Api
    Properties:
      StageName: v1
      Auth: {{ApiKeyRequired: true, UsagePlan: {{CreateUsagePlan: PER_API, Quota: {{Limit: 5, Period: DAY}}}}}}
  Fn:{FUNCTION}
      Events:
        Get: {{Type: Api, Properties: {{RestApiId: !Ref Api, Method: get, Path: /a}}}}
        Open: {{Type: Api, Properties: {{RestApiId: !Ref Api, Method: get, Path: /b, Auth: {{ApiKeyRequired: false}}}}}}
  Mine: {{Type: AWS::ApiGateway::ApiKey, Properties: {{Enabled: true, Value: a-key-of-twenty-letters}}}}
  Disabled: {{Type: AWS::ApiGateway::ApiKey, Properties: {{Value: another-key-of-letters}}}}
  MineInPlan: {{Type: AWS::ApiGateway::UsagePlanKey,
    Properties: {{KeyId: !Ref Mine, KeyType: API_KEY, UsagePlanId: !Ref ApiUsagePlan}}}}
  DisabledInPlan: {{Type: AWS::ApiGateway::UsagePlanKey,
    Properties: {{KeyId: !Ref Disabled, KeyType: API_KEY, UsagePlanId: !Ref ApiUsagePlan}}}}
""",
    )
    [api] = application.rest_apis
    assert api.api_keys == {"ApiApiKey": "ApiApiKey", "a-key-of-twenty-letters": "Mine"}
    assert {method.path: method.api_key_required for method in api.methods} == {"/a": True, "/b": False}
    plan = UsagePlan(name="ApiUsagePlan", quota=Quota(limit=5, period="DAY"))
    assert api.usage_plans == {"ApiApiKey": plan, "a-key-of-twenty-letters": plan}
    assert application.ignored == ()


def test_usage_plan_has_its_limits_for_all_methods_and_for_single_ones(tmp_path: Path) -> None:
    application = load_template(
        tmp_path,
        f"""
  Api: {{Type: AWS::Serverless::Api, Properties: {{StageName: v1, Auth: {{ApiKeyRequired: true}}}}}}
  Fn:{FUNCTION}
      Events:
        Get: {{Type: Api, Properties: {{RestApiId: !Ref Api, Method: get, Path: /a}}}}
  Mine: {{Type: AWS::ApiGateway::ApiKey, Properties: {{Enabled: true}}}}
  Plan:
    Type: AWS::ApiGateway::UsagePlan
    Properties:
      Throttle: {{RateLimit: 2.5, BurstLimit: 5}}
      Quota: {{Limit: 100, Period: WEEK, Offset: 10}}
      ApiStages:
        - ApiId: !Ref Api
          Stage: v1
          Throttle: {{/a/GET: {{RateLimit: 1}}, //POST: {{BurstLimit: 3}}}}
        - {{ApiId: other, Stage: v1, Throttle: {{/b/GET: {{RateLimit: 1}}}}}}
  MineInPlan: {{Type: AWS::ApiGateway::UsagePlanKey,
    Properties: {{KeyId: !Ref Mine, KeyType: API_KEY, UsagePlanId: !Ref Plan}}}}
""",
    )
    [api] = application.rest_apis
    assert api.usage_plans["Mine"] == UsagePlan(
        name="Plan",
        throttle=Throttle(rate=2.5, burst=5),
        method_throttles={"GET /a": Throttle(rate=1, burst=5000), "POST /": Throttle(rate=10000, burst=3)},
        quota=Quota(limit=100, period="WEEK", offset=10),
    )
    assert application.ignored == ()


def test_required_parameters_and_models_are_validated(tmp_path: Path) -> None:
    application = load_template(
        tmp_path,
        f"""
  Api:
    Type: AWS::Serverless::Api
    Properties:
      StageName: v1
      Models: {{Thing: {{type: object, required: [name]}}}}
  Fn:{FUNCTION}
      Events:
        Post:
          Type: Api
          Properties:
            RestApiId: !Ref Api
            Method: post
            Path: /a/{{id}}
            RequestModel: {{Model: Thing, Required: true, ValidateBody: true, ValidateParameters: true}}
            RequestParameters:
              - method.request.querystring.q: {{Required: true}}
              - method.request.header.X-Tenant: {{Required: true}}
              - method.request.header.X-Other
        Loose:
          Type: Api
          Properties:
            RestApiId: !Ref Api
            Method: put
            Path: /b
            RequestModel: {{Model: Thing}}
            RequestParameters: [method.request.querystring.q: {{Required: true}}]
""",
    )
    post, put = sorted(application.rest_apis[0].methods, key=lambda method: method.path)
    assert post.required_parameters == ("querystring.q", "header.X-Tenant")
    assert post.body_schema == {
        "$ref": "#/definitions/thing",
        "definitions": {"thing": {"type": "object", "required": ["name"]}},
    }
    assert (put.required_parameters, put.body_schema) == ((), None)


def test_translator_tells_the_user_nothing_about_its_own_features(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    load_template(
        tmp_path,
        """
  Api: {Type: AWS::Serverless::Api, Properties: {StageName: v1, DefinitionBody: {openapi: 3.0.1, paths: {}}}}
""",
    )
    assert [each.getMessage() for each in caplog.records] == []


def test_methods_that_cannot_run_are_listed(tmp_path: Path) -> None:
    application = load_template(
        tmp_path,
        """
  Api:
    Type: AWS::Serverless::Api
    Properties:
      StageName: v1
      DefinitionBody:
        swagger: "2.0"
        paths:
          /no: {get: {responses: {}}}
          /no-uri: {get: {x-amazon-apigateway-integration: {type: aws_proxy}}}
          /http:
            get: {x-amazon-apigateway-integration: {type: http_proxy, uri: "https://example.com"}}
            put: {x-amazon-apigateway-integration: {type: http_proxy, uri: "https://example.com"}}
          /aws: {get: {x-amazon-apigateway-integration: {type: aws, uri: "arn:…:function:Fn/invocations"}}}
          /computed:
            get:
              x-amazon-apigateway-integration:
                type: mock
                responses: {default: {responseTemplates: {application/json: "$context.requestId"}}}
          /fixed:
            parameters: []
            get: {x-amazon-apigateway-integration: {type: mock, responses: {200: {statusCode: 201}}}}
""",
    )
    assert [method.key for method in application.rest_apis[0].methods] == ["GET /fixed"]
    [text] = application.ignored
    only = "samrun does not run such an integration"
    assert text == "Api: " + ", ".join(
        [
            f"GET /no (without an integration: {only})",
            f"GET /no-uri (with an integration without a uri: {only})",
            f"GET /http, PUT /http (with an integration of the type http_proxy: {only})",
            f"GET /aws (with an integration of the type aws: {only})",
            f"GET /computed (with an integration of the type mock: {only})",
        ]
    )


def test_function_of_an_integration_without_responses_is_said_to_miss_its_trigger(tmp_path: Path) -> None:
    application = load_template(
        tmp_path,
        f"""
  Fn:{FUNCTION}
  Api:
    Type: AWS::Serverless::Api
    Properties:
      StageName: v1
      DefinitionBody:
        swagger: "2.0"
        paths:
          /a: {{get: {{x-amazon-apigateway-integration: {{type: aws, uri: !Sub "arn:…/${{Fn.Arn}}/invocations"}}}}}}
""",
    )
    [trigger] = application.missing_triggers
    assert str(trigger).startswith(
        "Fn is not triggered by GET /a of Api (REST API): its integration has no response that samrun can give"
    )


def _passthrough(folder: Path, integration: str) -> Application:
    resources = f"""
  Fn:{FUNCTION}
  Api: {{Type: AWS::ApiGateway::RestApi, Properties: {{Name: api}}}}
  Post:
    Type: AWS::ApiGateway::Method
    Properties:
      RestApiId: !Ref Api
      ResourceId: !GetAtt Api.RootResourceId
      HttpMethod: POST
      Integration:
        {{Type: AWS, IntegrationHttpMethod: POST, Uri: !Sub "arn:…/${{Fn.Arn}}/invocations", {integration}}}
"""
    return load_template(folder, resources)


def test_function_without_a_mapping_template_gets_the_body_of_the_request(tmp_path: Path) -> None:
    missing = "{StatusCode: 404, SelectionPattern: 'no .*', ResponseParameters: {method.response.header.X-A: \"'b'\"}}"
    application = _passthrough(tmp_path, f"IntegrationResponses: [{{StatusCode: 200}}, {missing}]")
    [method] = application.rest_apis[0].methods
    assert (method.key, method.function) == ("POST /", "Fn")
    assert method.mapped == MappedIntegration(
        responses=(
            IntegrationResponse(pattern="no .*", status=404, headers={"X-A": "'b'"}),
            IntegrationResponse(pattern=None, status=200, headers={}),
        )
    )
    assert (application.ignored, application.missing_triggers) == ((), ())


@pytest.mark.parametrize(
    "integration",
    [
        "IntegrationResponses: []",
        "IntegrationResponses: [{StatusCode: 200, SelectionPattern: '[not a pattern'}]",
    ],
)
def test_function_behind_an_integration_without_a_response_misses_its_trigger(tmp_path: Path, integration: str) -> None:
    application = _passthrough(tmp_path, integration)
    assert application.rest_apis[0].methods == ()
    assert [trigger.logical_id for trigger in application.missing_triggers] == ["POST / of Api"]
    assert application.ignored


def test_mapped_integration_has_templates_and_parameters(tmp_path: Path) -> None:
    integration = """IntegrationResponses: [{StatusCode: 200, ResponseTemplates: {application/json: "$input.body"}}],
        RequestTemplates: {application/json: "{}"}, PassthroughBehavior: NEVER,
        RequestParameters: {integration.request.header.X: context.stage}"""
    application = _passthrough(tmp_path, integration)
    [method] = application.rest_apis[0].methods
    assert method.mapped == MappedIntegration(
        responses=(IntegrationResponse(pattern=None, status=200, headers={}, template="$input.body"),),
        templates={"application/json": "{}"},
        parameters={"header.X": "context.stage"},
        passthrough="never",
    )
    assert (application.ignored, application.missing_triggers) == ((), ())


@pytest.mark.parametrize(
    ("uri", "service"),
    [
        ("dynamodb:action/PutItem", ServiceCall(service="dynamodb", method="POST", action="PutItem")),
        ("sqs:path/123456789012/orders", ServiceCall(service="sqs", method="POST", path="/123456789012/orders")),
        ("s3:path/{bucket}/{key}", ServiceCall(service="s3", method="PUT", path="/{bucket}/{key}")),
        ("rekognition:action/DetectFaces", None),
    ],
)
def test_method_calls_a_service_of_the_local_aws(tmp_path: Path, uri: str, service: ServiceCall | None) -> None:
    application = load_template(
        tmp_path,
        f"""
  Api: {{Type: AWS::ApiGateway::RestApi, Properties: {{Name: api}}}}
  Post:
    Type: AWS::ApiGateway::Method
    Properties:
      RestApiId: !Ref Api
      ResourceId: !GetAtt Api.RootResourceId
      HttpMethod: POST
      Integration:
        Type: AWS
        IntegrationHttpMethod: {service.method if service else "POST"}
        Uri: !Sub "arn:aws:apigateway:${{AWS::Region}}:{uri}"
        IntegrationResponses: [{{StatusCode: 200}}]
""",
    )
    calls = [method.mapped.service for method in application.rest_apis[0].methods if method.mapped]
    assert calls == ([service] if service else [])
    assert bool(application.ignored) == (service is None)


RAW = f"""
  Fn:{FUNCTION}
  Api: {{Type: AWS::ApiGateway::RestApi, Properties: {{Name: raw, BinaryMediaTypes: [image/png]}}}}
  Things: {{Type: AWS::ApiGateway::Resource,
    Properties: {{RestApiId: !Ref Api, ParentId: !GetAtt Api.RootResourceId, PathPart: things}}}}
  Thing: {{Type: AWS::ApiGateway::Resource,
    Properties: {{RestApiId: !Ref Api, ParentId: !Ref Things, PathPart: "{{id}}"}}}}
  Validator: {{Type: AWS::ApiGateway::RequestValidator,
    Properties: {{RestApiId: !Ref Api, ValidateRequestBody: true, ValidateRequestParameters: true}}}}
  Body: {{Type: AWS::ApiGateway::Model,
    Properties: {{RestApiId: !Ref Api, Name: Thing, ContentType: application/json, Schema: {{type: object}}}}}}
  Guard:
    Type: AWS::ApiGateway::Authorizer
    Properties:
      RestApiId: !Ref Api
      Name: guard
      Type: TOKEN
      IdentitySource: method.request.header.X-Token
      AuthorizerUri: !Sub arn:aws:apigateway:${{AWS::Region}}:lambda:path/2015-03-31/functions/${{Fn.Arn}}/invocations
  Root:
    Type: AWS::ApiGateway::Method
    Properties:
      {{RestApiId: !Ref Api, ResourceId: !GetAtt Api.RootResourceId, HttpMethod: ANY, AuthorizationType: NONE,
       Integration: &fn {{Type: AWS_PROXY, IntegrationHttpMethod: POST, TimeoutInMillis: 1500,
       Uri: !Sub "arn:aws:apigateway:${{AWS::Region}}:lambda:path/2015-03-31/functions/${{Fn.Arn}}/invocations"}}}}
  Post:
    Type: AWS::ApiGateway::Method
    Properties:
      {{RestApiId: !Ref Api, ResourceId: !Ref Thing, HttpMethod: POST, AuthorizationType: CUSTOM,
       AuthorizerId: !Ref Guard, ApiKeyRequired: true, RequestParameters: {{method.request.querystring.q: true}},
       RequestModels: {{application/json: Thing}}, RequestValidatorId: !Ref Validator, Integration: *fn}}
  Elsewhere:
    Type: AWS::ApiGateway::Method
    Properties: {{RestApiId: other, ResourceId: x, HttpMethod: GET, AuthorizationType: NONE, Integration: *fn}}
  Denied: {{Type: AWS::ApiGateway::GatewayResponse,
    Properties: {{RestApiId: !Ref Api, ResponseType: ACCESS_DENIED, StatusCode: "404"}}}}
  Deployment: {{Type: AWS::ApiGateway::Deployment, Properties: {{RestApiId: !Ref Api}}}}
  Stage: {{Type: AWS::ApiGateway::Stage,
    Properties: {{RestApiId: !Ref Api, DeploymentId: !Ref Deployment, StageName: dev}}}}
"""


def test_raw_resources_make_up_a_rest_api(tmp_path: Path) -> None:
    application = load_template(tmp_path, RAW)
    [api] = application.rest_apis
    assert (api.stage, api.binary_media_types) == ("dev", ("image/png",))
    root, post = api.methods
    assert root == RestMethod(method="ANY", path="/", function="Fn", timeout=1.5)
    assert (post.key, post.function, post.api_key_required) == ("POST /things/{id}", "Fn", True)
    assert isinstance(post.authorizer, LambdaAuthorizer)
    assert (post.authorizer.function, post.authorizer.identity_sources) == ("Fn", ("header.X-Token",))
    assert post.required_parameters == ("querystring.q",)
    assert post.body_schema is not None
    assert post.body_schema["$ref"] == "#/definitions/Thing"
    assert api.responses == {"ACCESS_DENIED": GatewayResponse(status=404, headers={}, body=None)}
    assert application.ignored == ("Elsewhere: its API other is not in the template",)


def test_document_of_an_api_may_be_a_file_with_intrinsic_functions(tmp_path: Path) -> None:
    (tmp_path / "api.yaml").write_text(
        """
openapi: "3.0.1"
paths:
  /things:
    get:
      x-amazon-apigateway-integration:
        type: aws_proxy
        uri: !Sub arn:aws:apigateway:${AWS::Region}:lambda:path/2015-03-31/functions/${Fn.Arn}/invocations
"""
    )
    application = load_template(
        tmp_path,
        f"""
  ByUri: {{Type: AWS::Serverless::Api, Properties: {{StageName: v1, DefinitionUri: api.yaml}}}}
  ByInclude:
    Type: AWS::Serverless::Api
    Properties:
      StageName: v2
      DefinitionBody: {{Fn::Transform: {{Name: AWS::Include, Parameters: {{Location: ./api.yaml}}}}}}
  Http: {{Type: AWS::Serverless::HttpApi, Properties: {{DefinitionUri: api.yaml}}}}
  Fn:{FUNCTION}
""",
    )
    assert [[method.key for method in api.methods] for api in application.rest_apis] == [["GET /things"]] * 2
    assert [(route.key, route.function) for route in application.apis[0].routes] == [("GET /things", "Fn")]


def test_error_about_a_missing_document_names_the_file_and_the_api(tmp_path: Path) -> None:
    with pytest.raises(TemplateError, match=r"/api\.yaml, the DefinitionUri of Api, cannot be read: No such file"):
        load_template(
            tmp_path,
            "\n  Api: {Type: AWS::Serverless::Api, Properties: {StageName: v1, DefinitionUri: api.yaml}}\n",
        )


def test_document_in_s3_is_listed(tmp_path: Path) -> None:
    application = load_template(
        tmp_path,
        "\n  Api: {Type: AWS::Serverless::Api, Properties: {StageName: v1, DefinitionUri: s3://bucket/api.yaml}}\n",
    )
    assert application.ignored == (
        "Api: BodyS3Location: samrun reads no document from S3: give the API a local DefinitionUri",
    )


def test_method_of_a_function_that_does_not_run_is_a_missing_trigger(tmp_path: Path) -> None:
    application = load_template(
        tmp_path,
        f"""
  Fn:{FUNCTION}
      Events: {{A: {{Type: Api, Properties: {{Method: get, Path: /a}}}}}}
  Node:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: nodejs22.x
      CodeUri: src
      Handler: main.handler
      Events: {{B: {{Type: Api, Properties: {{Method: get, Path: /b}}}}}}
""",
    )
    assert [method.key for method in application.rest_apis[0].methods] == ["GET /a"]
    [trigger] = application.missing_triggers
    assert (trigger.function, trigger.logical_id) == ("Node", "GET /b of ServerlessRestApi")
    assert trigger.source == "REST API"


def test_rest_api_of_a_nested_stack_has_its_stage_and_its_methods(tmp_path: Path) -> None:
    nested = tmp_path / "nested"
    (nested / "src").mkdir(parents=True)
    (nested / "template.yaml").write_text(f"Transform: AWS::Serverless-2016-10-31\nResources:{RAW}")
    application = load_template(
        tmp_path, "\n  Shop: {Type: AWS::Serverless::Application, Properties: {Location: nested/template.yaml}}\n"
    )
    [api] = application.rest_apis
    assert (api.logical_id, api.stage) == ("Shop-Api", "dev")
    assert [method.key for method in api.methods] == ["ANY /", "POST /things/{id}"]
