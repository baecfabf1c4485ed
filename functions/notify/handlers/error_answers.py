"""Error answers: one table of the errors that a request can meet, and the answer to each."""

from __future__ import annotations

import traceback
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools.event_handler.exceptions import NotFoundError

from functions.notify.aws_clients import error_code
from functions.notify.http.authorization import ForbiddenError, UnauthenticatedError
from functions.notify.http.problems import problem
from functions.notify.ledger.unavailable import LedgerUnavailableError
from functions.notify.logs import logger

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from aws_lambda_powertools.event_handler import Response


def _log_unavailable(error: LedgerUnavailableError) -> None:
    logger.warning("ledger unavailable", extra={"reason": str(error)})


def _log_bug(error: Exception) -> None:
    # The place and the type, without the message, which could quote an entry of the ledger.
    stack_trace = traceback.format_tb(error.__traceback__)
    logger.error("request failed", extra={"error_type": error_code(error), "stack_trace": stack_trace})


@dataclass(frozen=True, kw_only=True)
class ErrorAnswer:
    """The answer to an error. `detail` says what to do."""

    status: HTTPStatus
    detail: str
    headers: Mapping[str, str] = field(default_factory=dict)
    log: Callable[[Any], None] = lambda _: None


ANSWERS: Mapping[type[Exception], ErrorAnswer] = {
    UnauthenticatedError: ErrorAnswer(
        status=HTTPStatus.UNAUTHORIZED,
        detail="Send a token, as Authorization: Bearer …",
        headers={"WWW-Authenticate": "Bearer"},
    ),
    ForbiddenError: ErrorAnswer(
        status=HTTPStatus.FORBIDDEN, detail="Your token does not have the scope for reading notifications."
    ),
    NotFoundError: ErrorAnswer(
        status=HTTPStatus.NOT_FOUND, detail="This function has /orders/{order_id}/notifications."
    ),
    LedgerUnavailableError: ErrorAnswer(
        status=HTTPStatus.SERVICE_UNAVAILABLE,
        detail="Notifications cannot be read right now: send the same request again.",
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
    return problem(answer.status, answer.detail, headers=answer.headers)
