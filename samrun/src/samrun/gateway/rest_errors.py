"""Answers that a REST API gives itself, without a function's result, and the template's changes to them.

The types, and what a template can change:
https://docs.aws.amazon.com/apigateway/latest/developerguide/supported-gateway-response-types.html
"""

import json
import re
from collections.abc import Mapping

from starlette.responses import Response

from samrun.gateway.errors import GatewayError
from samrun.template.model.rest_apis import GatewayResponse

_VARIABLE = re.compile(r"\$context\.([\w.]+)")


class RestError(GatewayError):
    """A REST API answers a request itself: with a type of gateway response, a status, a message and an error type."""

    def __init__(self, kind: str, status: int, message: str | None, error_type: str) -> None:
        super().__init__(kind, status, message)
        self.kind = kind
        self.status = status
        self.message = message
        self.error_type = error_type


def missing_authentication_token() -> RestError:
    """Return the answer for a path or a method that the API does not have. API Gateway calls it so."""
    text = "Missing Authentication Token"
    return RestError("MISSING_AUTHENTICATION_TOKEN", 403, text, "MissingAuthenticationTokenException")


def unauthorized(text: str = "Unauthorized") -> RestError:
    """Return the answer for a request without the identity that an authorizer needs."""
    return RestError("UNAUTHORIZED", 401, text, "UnauthorizedException")


def access_denied(*, explicit: bool) -> RestError:
    """Return the answer for a request that the policy of an authorizer does not allow."""
    text = "User is not authorized to access this resource" + (" with an explicit deny" if explicit else "")
    return RestError("ACCESS_DENIED", 403, text, "AccessDeniedException")


def policy_denied(arn: str, *, explicit: bool) -> RestError:
    """Return the answer for a request to a method, with this ARN, that the resource policy does not let in."""
    shown = re.sub(r":\d{8}(\d{4}):", r":********\1:", arn)
    text = f"User: anonymous is not authorized to perform: execute-api:Invoke on resource: {shown}"
    return RestError(
        "ACCESS_DENIED", 403, text + (" with an explicit deny" if explicit else ""), "AccessDeniedException"
    )


def authorizer_failed() -> RestError:
    """Return the answer if an authorizer's function fails, or its result is not one of an authorizer."""
    return RestError("AUTHORIZER_CONFIGURATION_ERROR", 500, None, "AuthorizerConfigurationException")


def invalid_api_key() -> RestError:
    """Return the answer for a request without one of the API keys that the method requires."""
    return RestError("INVALID_API_KEY", 403, "Forbidden", "ForbiddenException")


def throttled() -> RestError:
    """Return the answer for a request over the limits of the stage or of a usage plan."""
    return RestError("THROTTLED", 429, "Too Many Requests", "TooManyRequestsException")


def quota_exceeded() -> RestError:
    """Return the answer for a request over the quota of a usage plan."""
    return RestError("QUOTA_EXCEEDED", 429, "Limit Exceeded", "LimitExceededException")


def missing_parameters(names: list[str]) -> RestError:
    """Return the answer for a request without parameters that the method requires."""
    text = f"Missing required request parameters: [{', '.join(names)}]"
    return RestError("BAD_REQUEST_PARAMETERS", 400, text, "BadRequestException")


def invalid_body() -> RestError:
    """Return the answer for a request whose body does not match the method's model."""
    return RestError("BAD_REQUEST_BODY", 400, "Invalid request body", "BadRequestException")


def body_is_not_json(reason: str) -> RestError:
    """Return the answer for a request whose body a function cannot get as it is."""
    text = f"Could not parse request body into json: {reason}"
    return RestError("BAD_REQUEST_BODY", 400, text, "BadRequestException")


def unusable_model() -> RestError:
    """Return the answer if the model that a method has for the body of a request is no JSON schema."""
    return RestError("API_CONFIGURATION_ERROR", 500, "Internal server error", "InternalServerErrorException")


def unsupported_media_type() -> RestError:
    """Return the answer for a request whose content type an integration does not take."""
    return RestError("UNSUPPORTED_MEDIA_TYPE", 415, "Unsupported Media Type", "BadRequestException")


def no_integration_response() -> RestError:
    """Return the answer if no response of an integration is for its result, or one cannot be made."""
    return RestError("API_CONFIGURATION_ERROR", 500, "Internal server error", "InternalServerErrorException")


def request_too_long() -> RestError:
    """Return the answer for a request that is too large for an invocation of a function."""
    return RestError("REQUEST_TOO_LARGE", 413, "Request Too Long", "BadRequestException")


def internal_server_error() -> RestError:
    """Return the answer if a function fails, or its result is not a response."""
    return RestError("DEFAULT_5XX", 502, "Internal server error", "InternalServerErrorException")


def invocation_refused() -> RestError:
    """Return the answer if Lambda does not invoke a function at all, such as one that is throttled.

    It is 500, and not 502 as after an invocation that failed:
    https://docs.aws.amazon.com/lambda/latest/dg/services-apigateway-errors.html

    The header, and the type of the gateway response, are those of a throttled function in a public report:
    https://repost.aws/questions/QUL-z6rJbmR4meafB7MzYXxw
    """
    return RestError("INTEGRATION_FAILURE", 500, "Internal server error", "InternalServerErrorException")


def endpoint_timed_out() -> RestError:
    """Return the answer if a function takes longer than the integration may."""
    text = "Endpoint request timed out"
    return RestError("INTEGRATION_TIMEOUT", 504, text, "InternalServerErrorException")


def error_response(error: RestError, responses: Mapping[str, GatewayResponse], context: Mapping[str, str]) -> Response:
    """Return the response for an error, as the API's gateway responses change it.

    `context` has the values of `$context.NAME` that are not about the error.
    """
    default = "DEFAULT_5XX" if error.status >= 500 else "DEFAULT_4XX"
    change = responses.get(error.kind) or responses.get(default)
    body = _body(error, change, context)
    response = Response(body, error.status, media_type="application/json")
    response.headers["x-amzn-errortype"] = error.error_type
    if change:
        response.status_code = change.status or error.status
        for name, value in change.headers.items():
            response.headers[name] = value
    return response


def _body(error: RestError, change: GatewayResponse | None, context: Mapping[str, str]) -> str:
    if change is None or change.body is None:
        # The answer of an authorizer's policy has this name with a capital.
        name = "Message" if error.kind == "ACCESS_DENIED" else "message"
        return json.dumps({name: error.message}, separators=(",", ":"))
    values = {
        **context,
        "error.message": error.message or "",
        "error.messageString": json.dumps(error.message),
        "error.responseType": error.kind,
    }
    return _VARIABLE.sub(lambda variable: values.get(variable[1], ""), change.body)
