"""Error answers: one table of the errors that a request can meet, and the answer to each."""

from __future__ import annotations

import traceback
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools.event_handler.exceptions import NotFoundError
from aws_lambda_powertools.event_handler.openapi.exceptions import RequestValidationError

from functions.order.domain.order_number import OrderNumberInvalidError
from functions.order.http.authorization import ForbiddenError, UnauthenticatedError
from functions.order.http.problems import problem, wrong_fields
from functions.order.http.request_body import BodyRefusedError
from functions.order.logs import logger
from functions.order.storage.client import StoreUnavailableError, error_code
from functions.order.storage.queries import CursorInvalidError
from functions.order.storage.store import AlreadyCancelledError, OrderErasedError, OrderUnknownError, PaymentTakenError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from aws_lambda_powertools.event_handler import Response

    from functions.order.http.problems import WrongField


def _own_status(error: BodyRefusedError) -> HTTPStatus:
    return error.status


def _own_headers(error: BodyRefusedError) -> Mapping[str, str]:
    return error.headers


def _own_message(error: Exception) -> str:
    return str(error)


def _fields_of_request(error: RequestValidationError) -> list[WrongField]:
    return wrong_fields(error.errors())


def _cursor_field(_: CursorInvalidError) -> list[WrongField]:
    return [{"field": "/cursor", "message": "Input should be the next_cursor of another page"}]


def _number_field(error: OrderNumberInvalidError) -> list[WrongField]:
    return [{"field": "/number", "message": str(error)}]


def _log_unavailable(_: StoreUnavailableError) -> None:
    logger.warning("store unavailable")


def _log_bug(error: Exception) -> None:
    # The place and the type, without the message, which could quote the order.
    stack_trace = traceback.format_tb(error.__traceback__)
    logger.error("request failed", error_type=error_code(error), stack_trace=stack_trace)


@dataclass(frozen=True, kw_only=True)
class ErrorAnswer:
    """The answer to an error. A function computes status, detail, errors or headers from the error."""

    status: HTTPStatus | Callable[[Any], HTTPStatus]
    detail: str | Callable[[Any], str]
    errors: Callable[[Any], Iterable[WrongField]] = lambda _: ()
    headers: Mapping[str, str] | Callable[[Any], Mapping[str, str]] = field(default_factory=dict)
    log: Callable[[Any], None] = lambda _: None


_CORRECT_FIELDS = "Nothing was done: correct the fields below and send the request again."

ANSWERS: Mapping[type[Exception], ErrorAnswer] = {
    BodyRefusedError: ErrorAnswer(status=_own_status, detail=_own_message, headers=_own_headers),
    RequestValidationError: ErrorAnswer(
        status=HTTPStatus.UNPROCESSABLE_ENTITY, detail=_CORRECT_FIELDS, errors=_fields_of_request
    ),
    CursorInvalidError: ErrorAnswer(
        status=HTTPStatus.UNPROCESSABLE_ENTITY, detail=_CORRECT_FIELDS, errors=_cursor_field
    ),
    OrderNumberInvalidError: ErrorAnswer(
        status=HTTPStatus.UNPROCESSABLE_ENTITY, detail=_CORRECT_FIELDS, errors=_number_field
    ),
    UnauthenticatedError: ErrorAnswer(
        status=HTTPStatus.UNAUTHORIZED,
        detail="Send a token, as Authorization: Bearer …",
        headers={"WWW-Authenticate": "Bearer"},
    ),
    ForbiddenError: ErrorAnswer(status=HTTPStatus.FORBIDDEN, detail=_own_message),
    OrderUnknownError: ErrorAnswer(status=HTTPStatus.NOT_FOUND, detail="There is no order with this id."),
    NotFoundError: ErrorAnswer(
        status=HTTPStatus.NOT_FOUND,
        detail="This API has /orders, /orders/{order_id} and /orders/{order_id}/cancellation.",
    ),
    PaymentTakenError: ErrorAnswer(
        status=HTTPStatus.CONFLICT,
        detail="Another order was recorded for this payment: send that one again unchanged, or name another payment.",
    ),
    AlreadyCancelledError: ErrorAnswer(
        status=HTTPStatus.CONFLICT,
        detail="The order is already cancelled for another reason, which does not change.",
    ),
    OrderErasedError: ErrorAnswer(
        status=HTTPStatus.CONFLICT,
        detail="The personal data of the order's customer was erased: the order cannot be cancelled any more.",
    ),
    StoreUnavailableError: ErrorAnswer(
        status=HTTPStatus.SERVICE_UNAVAILABLE,
        detail="Orders cannot be read or recorded right now: send the same request again.",
        headers={"Retry-After": "1"},
        log=_log_unavailable,
    ),
    Exception: ErrorAnswer(
        status=HTTPStatus.INTERNAL_SERVER_ERROR,
        detail="This is our fault: send the same request again later.",
        log=_log_bug,
    ),
}


def answer_to(error: Exception) -> Response[str]:
    """Log the error as the table says, and return its answer."""
    answer = next(ANSWERS[each] for each in type(error).__mro__ if each in ANSWERS)
    answer.log(error)
    return problem(
        answer.status if isinstance(answer.status, HTTPStatus) else answer.status(error),
        answer.detail if isinstance(answer.detail, str) else answer.detail(error),
        errors=answer.errors(error),
        headers=answer.headers(error) if callable(answer.headers) else answer.headers,
    )
