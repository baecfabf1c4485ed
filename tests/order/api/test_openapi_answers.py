"""OpenAPI document against the answers: schemathesis makes requests from it, and compares what the API answers.

The gateway of samrun runs in this process, in front of the order function, with moto's DynamoDB and a fake Kafka. Seeds
are fixed, so that the same requests are made each time.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.core.failures import FailureGroup
from schemathesis.specs.openapi.checks import negative_data_rejection

from functions.order.http.field_types import is_visible
from samrun.testing.in_process_api import in_process_api
from tests.lambda_context import FakeContext
from tests.notify.samples import HISTORY_ENVIRONMENT, TABLE
from tests.order.environment import plain_deployment
from tools import openapi

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

    from mypy_boto3_dynamodb import DynamoDBClient
    from schemathesis import Case
    from schemathesis.checks import CheckFunction
    from schemathesis.schemas import BaseSchema

    from tests.order.fakes import FakePublisher

TOKEN = {"Authorization": "Bearer good"}
ROUTES = [
    ("POST", "/orders"),
    ("GET", "/orders"),
    ("GET", "/orders/{order_id}"),
    ("POST", "/orders/{order_id}/cancellation"),
    ("GET", "/orders/{order_id}/notifications"),
]
REPEATABLE = settings(
    database=None,
    deadline=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)

# It runs moto without the fixtures by which conftest.py knows.
pytestmark = pytest.mark.emulated_aws

ADDRESSES = st.sampled_from(["ada@example.com", "o'brien+books@bücher.example", "a" * 64 + "@shop.test"])


def handler_of(function: ModuleType) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """Return the handler, called with the claims that an authorizer would have added."""

    def handle(event: dict[str, Any]) -> dict[str, Any]:
        if event["headers"].get("authorization") == TOKEN["Authorization"]:
            claims = {"sub": "cus_ada", "scope": "orders:write orders:read:all notifications:read"}
            event["requestContext"]["authorizer"] = {"jwt": {"claims": claims, "scopes": None}}
        answer: dict[str, Any] = function.handler(event, FakeContext("function", remaining_ms=10_000))
        return answer

    return handle


@pytest.fixture
def history(dynamodb: DynamoDBClient, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Return the history function, with its table."""
    for name, value in HISTORY_ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    from functions.notify.handlers import history

    table = plain_deployment().properties("NotificationsTable")
    properties = ("AttributeDefinitions", "BillingMode", "KeySchema")
    dynamodb.create_table(TableName=TABLE, **{name: table[name] for name in properties})
    monkeypatch.setattr(history, "queries", replace(history.queries, client=dynamodb, table=TABLE))
    return history


@pytest.fixture
def schema(app: ModuleType, history: ModuleType, publisher: FakePublisher) -> BaseSchema:
    """Return the document, with the API behind it."""
    schema = schemathesis.openapi.from_dict(json.loads(openapi.DOCUMENT.read_text(encoding="utf-8")))
    handlers = {path: handler_of(history if "notifications" in path else app) for _, path in ROUTES}
    schema.app = in_process_api([(method, path, handlers[path]) for method, path in ROUTES])
    return schema


def keep_the_rules_in_words(case: Case[Any], email: str = "ada@example.com") -> None:
    """Change a valid request so that it keeps the rules for which JSON Schema has no words.

    An address has a domain that may exist, a name a visible character. A cursor and a number come from earlier answers,
    and a quantity has no point (JSON Schema takes 2.0 for an integer).
    """
    if case.meta is None or case.meta.generation.mode is GenerationMode.NEGATIVE:
        return
    for name in ("cursor", "number"):
        (case.query or {}).pop(name, None)
    body: Any = case.body
    if not isinstance(body, dict):
        return
    if "customer" in body:
        body["customer"]["email"] = email
    for line in body.get("items", []):
        line["quantity"] = int(line["quantity"])
    named = [body["customer"], *body["items"]] if "customer" in body else []
    for texts, name in [(body, "reason"), *((each, "name") for each in named)]:
        if name in texts and not is_visible(texts[name]):
            texts[name] = "Ada"


def checks_to_leave_out(case: Case[Any]) -> list[CheckFunction]:
    """Return the checks that do not apply to a request: the API ignores parameters that it does not know."""
    has_unknown_parameter = not (case.query or {}).keys() <= {"status", "cursor", "limit", "customer_id", "number"}
    return [negative_data_rejection] if has_unknown_parameter else []


@pytest.mark.parametrize("mode", list(GenerationMode))
@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_the_api_answers_as_the_document_says(schema: BaseSchema, method: str, path: str, mode: GenerationMode) -> None:
    @settings(REPEATABLE, max_examples=10)
    @given(case=schema[path][method].as_strategy(generation_mode=mode), email=ADDRESSES)
    def check(case: Case[Any], email: str) -> None:
        keep_the_rules_in_words(case, email)
        response = case.call(headers=TOKEN)
        case.validate_response(response, excluded_checks=checks_to_leave_out(case))

    check()


def test_a_status_that_the_document_does_not_have_is_found(schema: BaseSchema) -> None:
    operation = schema["/orders/{order_id}"]["GET"]
    case = operation.Case(path_parameters={"order_id": "ord_aaaaaaaaaaaaaaaaaaaaaaaaaa"})
    response = case.call(headers=TOKEN)
    case.validate_response(response)
    del schema.raw_schema["paths"]["/orders/{order_id}"]["get"]["responses"]["404"]
    changed = schemathesis.openapi.from_dict(schema.raw_schema)["/orders/{order_id}"]["GET"]
    with pytest.raises(FailureGroup, match="Undocumented"):
        changed.Case(path_parameters=case.path_parameters).validate_response(response)


def test_the_api_answers_a_sequence_of_requests_as_the_document_says(
    schema: BaseSchema, dynamodb: DynamoDBClient
) -> None:
    answers = Counter[tuple[str, int]]()

    class Requests(schema.as_state_machine()):  # type: ignore[misc] # made from the document, with its links
        """Requests that follow the links of earlier answers: each run begins without orders."""

        def setup(self) -> None:
            for item in dynamodb.scan(TableName="orders")["Items"]:
                dynamodb.delete_item(TableName="orders", Key={"order_id": item["order_id"]})

        def before_call(self, case: Case[Any]) -> None:
            keep_the_rules_in_words(case)

        def get_call_kwargs(self, case: Case[Any]) -> dict[str, Any]:
            return {"headers": TOKEN}

        def after_call(self, response: schemathesis.Response, case: Case[Any]) -> None:
            super().after_call(response, case)
            answers[case.operation.label, response.status_code] += 1

        def validate_response(self, response: schemathesis.Response, case: Case[Any], **options: Any) -> None:
            case.validate_response(
                response,
                excluded_checks=checks_to_leave_out(case),
                transport_kwargs=options,
                recorder=self.recorder,
            )

    Requests.run(settings=settings(REPEATABLE, max_examples=settings().max_examples // 10, stateful_step_count=6))
    assert answers["POST /orders", 201]
    assert answers["GET /orders/{order_id}", 200] + answers["POST /orders/{order_id}/cancellation", 200]
