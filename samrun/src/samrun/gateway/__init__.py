"""Gateway: API Gateway on one machine. Requests become events for functions, and their results become responses.

In the order of a request: `joined_apis` selects the API, if there are several, by the request's path (`paths`). `app`
answers for an HTTP API, `rest_app` for a REST API and `function_urls` for a function URL, and `access_log` logs the
answer, with the trace of the request (`trace_header`). `routes` selects the route, `throttling` and `usage_plans` limit
the rate, `authorizer` checks the token with the keys that `keys` fetches, and `lambda_authorizer` asks a function,
whose result `authorizer_cache` keeps and whose `policy` decides. `user_pool_authorizer` checks the tokens of REST APIs,
and `resource_policy` who is let in. Each knows the `caller` then, whose claims `json_text` writes into the event.
`request_body` reads the body, `request_validator` checks it, and `media_types` tells whether it is binary. `events` and
`rest_events` build the function's event, in format 2.0 and in 1.0. `parameter_mapping` and `sqs_integration` serve the
routes that send a message instead. `mapped_requests` serves the integrations of REST APIs that are no proxies: with
`mapping_templates`, which `velocity` renders, and `service_calls`. `responses` and `rest_responses` turn the function's
result into a response, `rest_errors` has the answers of REST APIs themselves, and `cors` and `function_url_cors` those
to a browser's preflight requests. `docs` serves the page of the API's OpenAPI document on the paths without a route.

Errors: each is a GatewayError of `errors`, which the application of the API turns into a response.

    RefusedError             401 or 403: no token, or one that does not suffice
    MissingIdentityError     401: the request lacks what a Lambda authorizer needs
    AccessDeniedError        403: a Lambda authorizer does not allow the request
    AuthorizerFailedError    500: the function of an authorizer failed, or its result is not one of an authorizer
    PolicyError              a policy cannot be evaluated; `lambda_authorizer` raises an AuthorizerFailedError instead
    RequestTooLargeError     413: the body of the request is too large
    FunctionFailedError      500, or 502 of a REST API: the function failed
    MalformedResponseError   likewise: the function's result is not a response
    RestError                an answer that a REST API gives itself
    MappingTemplateError     500: a mapping template cannot be rendered, or no response is declared for a result
    InvalidTokenError        the token is not valid; `authorizer` raises a RefusedError instead
    KeysUnavailableError     the issuer does not serve its keys; likewise
    UnknownKeyError          the issuer has no key with the id of the token; likewise
"""

from samrun.gateway.app import gateway
from samrun.gateway.function_urls import function_url, with_function_urls
from samrun.gateway.rest_app import rest_gateway
from samrun.supervision.access import Access

__all__ = ["Access", "function_url", "gateway", "rest_gateway", "with_function_urls"]
