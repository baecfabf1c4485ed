"""The page of limits: its numbers are those of the code."""

import re
from pathlib import Path

import pytest

from samrun.functions import back_off, execution_environment, invocation_log, invocation_request, invoker, log_pipe
from samrun.gateway import request_body
from samrun.mapping import poller
from samrun.settings import CONCURRENCY, RETRY_DELAY
from samrun.supervision import function_log
from samrun.template.functions import function_limits

PAGE = (Path(__file__).parents[1] / "docs/limits.md").read_text()
MB = 1024 * 1024


@pytest.mark.parametrize(
    ("what", "limit"),
    [
        ("payload of a synchronous invocation, and its result", f"{invoker.PAYLOAD_LIMIT // MB} MB"),
        ("payload of an asynchronous invocation", f"{invocation_request.EVENT_LIMIT // MB} MB"),
        ("body of a request to an API", f"{request_body.MAX_BODY // MB} MB"),
        ("init of a function", f"{execution_environment.INIT_LIMIT:g} s"),
        ("timeout of a function", f"{function_limits._MAXIMA['Timeout']} s"),
        ("wait before the first retry of an asynchronous invocation", f"{RETRY_DELAY:g} s (`--retry-delay`)"),
        ("wait before a retry of a batch of Kafka", f"{back_off._FIRST} s, doubled up to {back_off._MAX:g} s"),
        ("batches of one Kafka mapping under way at a time", f"{poller._MAX_DELIVERIES}"),
        ("a line that a function logs", f"{log_pipe._LINE_LIMIT // MB} MB; a longer one becomes several"),
        ("log file of a function", f"{function_log._MAX_BYTES // MB} MB, and one before it"),
        (
            "invocations that tests can look at, with events and results",
            f"the last {invocation_log._MAX_INVOCATIONS:,}, and {invocation_log._MAX_BYTES // MB} MB",
        ),
    ],
)
def test_number_of_the_page_is_that_of_the_code(what: str, limit: str) -> None:
    assert f"\n| {what} | {limit} |" in PAGE


def test_every_number_of_the_page_is_tested() -> None:
    rows = re.findall(r"^\| .* \|$", PAGE.partition("## Numbers")[2].partition("## What lasts")[0], re.MULTILINE)
    assert len(rows) - 1 == 11  # without the head; the line below it has no blank


def test_environments_of_a_function_are_those_of_the_option() -> None:
    assert f"`--concurrency` environments per function ({CONCURRENCY})" in PAGE
