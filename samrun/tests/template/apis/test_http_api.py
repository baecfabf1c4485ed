"""HTTP APIs as a template declares them."""

from pathlib import Path

from samrun.template.model.authorizers import JwtAuthorizer, LambdaAuthorizer, TryItToken
from samrun.template.model.http_apis import Cors, Route, Throttle
from support.templates import FUNCTION, load_template


def test_http_api_has_the_routes_of_its_events(tmp_path: Path) -> None:
    application = load_template(
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


def test_unsupported_parts_of_an_api_are_listed(tmp_path: Path) -> None:
    application = load_template(
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
    assert application.ignored == ("Api: Auth of AWS_IAM (its requests are not checked)",)
    [api] = application.apis
    assert api.cors == Cors(origins=("*",))
    assert {route.method: route.authorizer for route in api.routes} == {
        "GET": None,
        "PUT": LambdaAuthorizer(
            name="Ours",
            function="Fn",
            kind="REQUEST",
            identity_sources=("header.X",),
            api_arn="arn:aws:execute-api:us-east-1:123456789012:Api/$default",
            payload_format="2.0",
        ),
    }


def test_http_api_has_its_cors_configuration_its_stage_and_the_settings_of_its_integrations(tmp_path: Path) -> None:
    application = load_template(
        tmp_path,
        f"""
  Api:
    Type: AWS::Serverless::HttpApi
    Properties:
      StageName: beta
      StageVariables: {{Colour: blue}}
      CorsConfiguration:
        AllowOrigins: ["https://shop.example"]
        AllowMethods: [GET, PUT]
        AllowHeaders: [x-a]
        ExposeHeaders: [x-b]
        AllowCredentials: true
        MaxAge: 600
  Fn:{FUNCTION}
      Events:
        Get:
          Type: HttpApi
          Properties: {{ApiId: !Ref Api, Method: GET, Path: /a, PayloadFormatVersion: "1.0", TimeoutInMillis: 1500}}
""",
    )
    assert application.ignored == ()
    [api] = application.apis
    assert api.cors == Cors(
        origins=("https://shop.example",),
        methods=("GET", "PUT"),
        headers=("x-a",),
        exposed_headers=("x-b",),
        credentials=True,
        max_age=600,
    )
    assert (api.stage, api.stage_variables) == ("beta", {"Colour": "blue"})
    assert api.routes == (Route(method="GET", path="/a", function="Fn", payload_format="1.0", timeout=1.5),)


def test_routes_that_cannot_run_are_listed(tmp_path: Path) -> None:
    application = load_template(
        tmp_path,
        """
  Api:
    Type: AWS::Serverless::HttpApi
    Properties:
      DefinitionBody:
        openapi: "3.0.1"
        paths:
          /no-uri: {get: {x-amazon-apigateway-integration: {type: aws_proxy}}}
          /http: {x-amazon-apigateway-any-method: {x-amazon-apigateway-integration: {type: http_proxy, uri: "http://x"}}}
          /mapped:
            get:
              x-amazon-apigateway-integration:
                {type: aws_proxy, uri: "arn:…:function:Other", requestParameters: {overwrite:path: /a}}
          /bus:
            put: {x-amazon-apigateway-integration: {type: AWS_PROXY, integrationSubtype: EventBridge-PutEvents}}
            post: {x-amazon-apigateway-integration: {type: AWS_PROXY, uri: "arn:aws:sqs"}}
""",
    )
    assert [route.key for route in application.apis[0].routes] == ["GET /mapped"]
    [text] = application.ignored
    only = "samrun does not run such an integration"
    assert text == "Api: " + ", ".join(
        [
            f"GET /no-uri (with an integration without a uri: {only})",
            f"ANY /http (with an integration of the type http_proxy: {only})",
            "GET /mapped (with the function Other, which is not in the template)",
            f"PUT /bus (with the integration EventBridge-PutEvents: {only})",
            f"POST /bus (with an integration of arn:aws:sqs: {only})",
            "requestParameters of GET /mapped",
        ]
    )


def test_route_may_send_a_message_to_a_queue(tmp_path: Path) -> None:
    application = load_template(
        tmp_path,
        """
  Api: {Type: AWS::ApiGatewayV2::Api, Properties: {Name: api, ProtocolType: HTTP}}
  Queue: {Type: AWS::SQS::Queue}
  ToQueue:
    Type: AWS::ApiGatewayV2::Integration
    Properties:
      ApiId: !Ref Api
      IntegrationType: AWS_PROXY
      IntegrationSubtype: SQS-SendMessage
      PayloadFormatVersion: "1.0"
      RequestParameters: {QueueUrl: !Ref Queue, MessageBody: $request.body, MessageSystemAttributes: "{}"}
  Post:
    Type: AWS::ApiGatewayV2::Route
    Properties: {ApiId: !Ref Api, RouteKey: POST /orders, Target: !Sub "integrations/${ToQueue}"}
""",
    )
    [route] = application.apis[0].routes
    assert (route.key, route.function) == ("POST /orders", None)
    assert route.service
    assert route.service.parameters["QueueUrl"] == "http://127.0.0.1:4566/123456789012/Queue"
    assert route.service.parameters["MessageBody"] == "$request.body"
    assert application.ignored == ("Api: MessageSystemAttributes of POST /orders",)


def test_local_issuer_stands_for_a_user_pool_of_the_template(tmp_path: Path) -> None:
    application = load_template(
        tmp_path,
        f"""
  Users: {{Type: AWS::Cognito::UserPool}}
  Api:
    Type: AWS::Serverless::HttpApi
    Properties:
      Auth:
        Authorizers:
          Ours:
            IdentitySource: $request.header.Authorization
            JwtConfiguration:
              issuer: !Sub https://cognito-idp.${{AWS::Region}}.amazonaws.com/${{Users}}
              audience: [a]
          Other:
            IdentitySource: $request.header.Authorization
            JwtConfiguration: {{issuer: "https://issuer.example/Elsewhere", audience: [a]}}
  Fn:{FUNCTION}
      Events:
        A: {{Type: HttpApi, Properties: {{ApiId: !Ref Api, Method: GET, Path: /a, Auth: {{Authorizer: Ours}}}}}}
        B: {{Type: HttpApi, Properties: {{ApiId: !Ref Api, Method: GET, Path: /b, Auth: {{Authorizer: Other}}}}}}
""",
        issuer="http://127.0.0.1:8025/issuer",
    )
    authorizers = [route.authorizer for route in application.apis[0].routes]
    assert {each.issuer for each in authorizers if isinstance(each, JwtAuthorizer)} == {
        "http://127.0.0.1:8025/issuer",
        "https://issuer.example/Elsewhere",
    }


def test_websocket_api_is_listed(tmp_path: Path) -> None:
    application = load_template(
        tmp_path,
        "\n  Chat: {Type: AWS::ApiGatewayV2::Api, Properties: {Name: chat, ProtocolType: WEBSOCKET}}\n",
    )
    assert application.apis == ()
    assert application.ignored == ("Chat: it is a WebSocket API",)


RAW = f"""
  Fn:{FUNCTION}
  Api:
    Type: AWS::ApiGatewayV2::Api
    Properties: {{Name: raw, ProtocolType: HTTP, CorsConfiguration: {{AllowOrigins: ["*"], MaxAge: 5}}}}
  ToFn:
    Type: AWS::ApiGatewayV2::Integration
    Properties:
      {{ApiId: !Ref Api, IntegrationType: AWS_PROXY, IntegrationUri: !GetAtt Fn.Arn, PayloadFormatVersion: "2.0",
       TimeoutInMillis: 2500}}
  Tokens:
    Type: AWS::ApiGatewayV2::Authorizer
    Properties:
      ApiId: !Ref Api
      Name: tokens
      AuthorizerType: JWT
      IdentitySource: [$request.header.Authorization]
      JwtConfiguration: {{Issuer: "https://issuer.example", Audience: [a]}}
  Guard:
    Type: AWS::ApiGatewayV2::Authorizer
    Properties:
      ApiId: !Ref Api
      Name: guard
      AuthorizerType: REQUEST
      AuthorizerPayloadFormatVersion: "2.0"
      EnableSimpleResponses: true
      IdentitySource: [$request.header.X]
      AuthorizerUri: !Sub arn:aws:apigateway:${{AWS::Region}}:lambda:path/2015-03-31/functions/${{Fn.Arn}}/invocations
  Default: {{Type: AWS::ApiGatewayV2::Route,
    Properties: {{ApiId: !Ref Api, RouteKey: $default, Target: !Join ["/", [integrations, !Ref ToFn]]}}}}
  Get:
    Type: AWS::ApiGatewayV2::Route
    Properties:
      {{ApiId: !Ref Api, RouteKey: "GET /things/{{id}}", Target: !Sub "integrations/${{ToFn}}",
       AuthorizationType: JWT, AuthorizerId: !Ref Tokens, AuthorizationScopes: [read]}}
  Any:
    Type: AWS::ApiGatewayV2::Route
    Properties: {{ApiId: !Ref Api, RouteKey: "ANY /guarded", Target: !Sub "integrations/${{ToFn}}",
      AuthorizationType: CUSTOM, AuthorizerId: !Ref Guard}}
  Elsewhere: {{Type: AWS::ApiGatewayV2::Route, Properties: {{ApiId: other, RouteKey: "GET /a"}}}}
  Quick: {{Type: AWS::ApiGatewayV2::Api, Properties: {{Name: quick, ProtocolType: HTTP, Target: !GetAtt Fn.Arn}}}}
"""


def test_raw_resources_make_up_an_http_api(tmp_path: Path) -> None:
    application = load_template(tmp_path, RAW)
    api, quick = application.apis
    assert api.cors == Cors(origins=("*",), max_age=5)
    default, get, guarded = api.routes
    assert default == Route(method=None, path=None, function="Fn", timeout=2.5)
    assert get == Route(
        method="GET",
        path="/things/{id}",
        function="Fn",
        timeout=2.5,
        scopes=("read",),
        authorizer=JwtAuthorizer(
            name="Tokens",
            issuer="https://issuer.example",
            audiences=("a",),
            identity_source="$request.header.Authorization",
        ),
    )
    assert guarded.key == "ANY /guarded"
    assert isinstance(guarded.authorizer, LambdaAuthorizer)
    assert (guarded.authorizer.function, guarded.authorizer.simple_responses) == ("Fn", True)
    assert quick.routes == (Route(method=None, path=None, function="Fn"),)
    assert application.ignored == ("Elsewhere: its API other is not in the template",)


API = """
  Api:
    Type: AWS::Serverless::HttpApi
    Metadata:
      TryItToken: {{sub: cus_ada, scope: !Ref Scope}}
      NewInEachSample: [/payment/reference]
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


def test_route_has_its_jwt_authorizer_scopes_and_throttle(tmp_path: Path) -> None:
    rest = """
    Parameters:
      Issuer: {Type: String}
      Scope: {Type: String, Default: "a:write"}
    """
    application = load_template(
        tmp_path, API.format(function=FUNCTION), {"Issuer": "http://127.0.0.1:8025/issuer"}, rest
    )
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
    assert api.new_in_each_sample == ("/payment/reference",)
