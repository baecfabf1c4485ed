"""State transition tables in docs/architecture.md: each row has its cases among the tests of the decisions.

The rows are read from the document. So a new row, or one that begins with other words, fails here until it has a case.
The cases are in the files state_rows.py; the tests are read as text, so that no test module imports another.

Another table of the document has the ranks of the statuses of a mail's delivery.
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from functions.notify.feedback.ses_events import KINDS
from tests.notify import state_rows as notify_rows
from tests.notify.state_rows import RANKS
from tests.order import state_rows as order_rows

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

ROOT = Path(__file__).parents[1]
ARCHITECTURE = ROOT / "docs/architecture.md"


@dataclass(frozen=True, kw_only=True)
class Cases:
    """The cases of a table, `lists` in a module state_rows.py, and the file of the tests that run them."""

    module: ModuleType
    lists: tuple[str, ...]
    tests: Path

    def ids(self) -> set[str]:
        """Return the ids of the cases."""
        return {case.id for name in self.lists for case in vars(self.module)[name]}

    def names(self) -> set[str]:
        """Return the ids of the cases and the names of the tests."""
        return self.ids() | {test.name for test in self.functions()}

    def functions(self) -> Iterator[ast.FunctionDef]:
        """Yield the tests of the file."""
        for node in ast.parse(self.tests.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                yield node

    def parameters(self) -> set[str]:
        """Return the names that the tests' decorators use."""
        return {
            node.id
            for test in self.functions()
            for decorator in test.decorator_list
            for node in ast.walk(decorator)
            if isinstance(node, ast.Name)
        }


OF_ORDER = Cases(module=order_rows, lists=("PLACING", "CANCELLING"), tests=ROOT / "tests/order/test_table_of_states.py")
OF_NOTIFY = Cases(
    module=notify_rows,
    lists=("FOUND", "AFTER_SEND", "ATTEMPTS", "REFUSALS"),
    tests=ROOT / "tests/notify/test_decisions.py",
)

# By the cells that say when a row applies: ids of cases, or names of tests that need a table.
ORDER = {
    "nothing | POST /orders: PutItem if absent, pending = [order.paid.v1]": {
        "nothing | POST /orders | stored | 201",
        "test_a_new_order_is_stored_with_pending_order_paid",
    },
    "stored | POST again, same content": {
        "stored | POST again, same content | 200",
        "stored, since cancelled | POST again, same content | 200",
        "stored, since erased | POST again, same content | 200",
    },
    "stored | POST again, other content": {"stored | POST again, other content | 409"},
    "pending | the broker acknowledges: one UpdateItem removes the published event": {
        "test_one_update_item_removes_the_pending_event_that_the_broker_acknowledged"
    },
    "pending for 12 s or longer (OrderFunction's timeout is 10 s, and clocks differ) | the relay: 1. reads all shards "
    "of the index, merged, oldest first; 2. reads the items again, consistently; 3. sends the events of each order in "
    "list order; 4. removes each event after its acknowledgement": {
        "test_the_relay_sends_the_old_pending_events_in_list_order_and_removes_each"
    },
    "paid | POST …/cancellation: UpdateItem if the status is paid and the caller may read the order; appends "
    "order.cancelled.v1": {
        "paid | POST …/cancellation | cancelled, pending",
        "test_an_order_that_is_not_the_callers_to_read_is_unknown",
        "test_dynamodbs_condition_cancels_exactly_what_the_rule_does",
    },
    "cancelled | POST …/cancellation again, same reason": {"cancelled | POST …/cancellation again, same reason | 200"},
    "cancelled | POST …/cancellation, another reason": {"cancelled | POST …/cancellation, another reason | 409"},
    "nothing, or an order that the caller may not read | POST …/cancellation": {
        "nothing | POST …/cancellation | 404",
        "test_an_order_that_is_not_the_callers_to_read_is_unknown",
    },
    "stored, not pending | tools.erase_customer: UpdateItem if nothing is pending; it replaces the customer's personal "
    "data and the reason": {"test_an_order_without_pending_events_is_erased"},
    "pending | tools.erase_customer": {"test_an_order_with_a_pending_event_is_not_erased"},
    "erased | POST …/cancellation": {
        "erased | POST …/cancellation | 409",
        "erased, cancelled before | POST …/cancellation again, same reason | 409",
        "test_dynamodbs_condition_cancels_exactly_what_the_rule_does",
    },
    "pending | Kafka rejects the record permanently": {
        "test_the_relay_quarantines_an_event_that_kafka_rejects_with_the_reason_and_unindexes_it"
    },
    "any | DynamoDB is unavailable or throttles": {
        "test_the_api_answers_503_with_retry_after_and_publishes_nothing_while_dynamodb_is_away"
    },
}
NOTIFY = {
    "nothing, or waiting": {
        "nothing: claim",
        "nothing: claim; then, as the owner: render, send",
        "waiting: claim",
        "waiting, lease over: claim",
    },
    "waiting, and its pause runs": {
        "waiting, the pause after a refusal runs: nothing",
        "waiting, the pause after a refusal runs: nothing, policy hold, replay",
        "waiting, the pause after a refusal is over: claim",
    },
    "claimed or unknown, and this environment could not write what became of the owner (pending writes)": {
        *(
            f"{found}, this environment owes a write about it: finish the write, policy {policy}, replay {replay}"
            for found in ("claimed, lease running", "claimed, lease over", "held")
            for policy in ("resend", "hold")
            for replay in (False, True)
        ),
        *(
            f"{status}, this environment owed a write about it: as if it did not"
            for status in ("waiting", *notify_rows.FINAL)
        ),
    },
    "claimed, lease running, other owner": {
        "claimed, lease running, other owner: nothing",
        "claimed, lease running, other owner: nothing, policy hold",
    },
    "claimed, lease over (its sender died), or unknown (the answer was lost)": {
        "claimed, lease over (its sender died): policy resend: reclaim, possible_duplicate",
        "claimed, lease over (its sender died): policy hold: mark unknown",
        "the answer was lost: policy resend: reclaim, possible_duplicate",
        "the answer was lost: policy hold: mark unknown",
        "held: nothing is sent; mark unknown and log the error again",
        "held, attempts already 3: nothing is sent; mark unknown and log the error again",
    },
    "attempts already 3 when it claims or reclaims": {
        "attempts already 2, this claim is the third: send",
        "attempts already 3, this claim is the fourth: failed, to the dead letters",
    },
    "event older than MaximumEventAgeSeconds": {
        "event older than MaximumEventAgeSeconds: expired, not sent",
        "event older than MaximumEventAgeSeconds: waiting: expired, not sent",
        "event older than MaximumEventAgeSeconds: waiting, the pause after a refusal runs: expired, not sent",
        "claimed, this environment owes a write about it, event older than MaximumEventAgeSeconds: finish the write",
        "event older than MaximumEventAgeSeconds: expired by the same worker: expired, not sent",
        "event older than MaximumEventAgeSeconds: claimed: left as it is",
        "event older than MaximumEventAgeSeconds: claimed, lease over, policy hold: left as it is",
        "event older than MaximumEventAgeSeconds: unknown: left as it is",
        "event older than MaximumEventAgeSeconds: sent: left as it is",
        "event older than MaximumEventAgeSeconds: failed: left as it is",
        "event older than MaximumEventAgeSeconds: expired: left as it is",
        "event older than MaximumEventAgeSeconds: delayed: left as it is",
        "event older than MaximumEventAgeSeconds: soft_bounced: left as it is",
        "event older than MaximumEventAgeSeconds: rejected: left as it is",
        "event older than MaximumEventAgeSeconds: delivered: left as it is",
        "event older than MaximumEventAgeSeconds: bounced: left as it is",
        "event older than MaximumEventAgeSeconds: complained: left as it is",
        "event as old as MaximumEventAgeSeconds: claim",
    },
    "sent, failed, expired, or a status that SES reported": {
        "sent: nothing",
        "failed: nothing",
        "expired: nothing",
        "delayed: nothing",
        "soft_bounced: nothing",
        "rejected: nothing",
        "delivered: nothing",
        "bounced: nothing",
        "complained: nothing",
    },
    "record carries the header replay": {
        "record carries the header replay: nothing found, event 29 days old: claim",
        "record carries the header replay: nothing found, event older than 29 days: expired, not sent",
        "record carries the header replay: event as old as a longer MaximumEventAgeSeconds: claim",
        "record carries the header replay: failed may be claimed again",
        "record carries the header replay: failed may be claimed again, event 29 days old",
        "record carries the header replay: failed, event older than 29 days: left as it is",
        "record carries the header replay: unknown, event older than 29 days: left as it is",
        "record carries the header replay: held may be claimed again",
        "record carries the header replay: claimed, lease running: as above",
        "record carries the header replay: claimed, lease over: as above",
        "record carries the header replay: claimed, lease over, hold: as above",
        "record carries the header replay: sent: as above",
        "record carries the header replay: expired: as above",
        "record carries the header replay: delayed: as above",
        "record carries the header replay: soft_bounced: as above",
        "record carries the header replay: rejected: as above",
        "record carries the header replay: delivered: as above",
        "record carries the header replay: bounced: as above",
        "record carries the header replay: complained: as above",
    },
}
AFTER_SEND = {
    "SES accepts it": {"sent: mark sent"},
    "SES says later (quota, rate, paused, suspended, unverified sender, permissions, credentials, 5xx, no connection); "
    "the rate leaves no time; the circuit breaker is open": {
        "SES says later (DeferredError, resend): waiting",
        "SES says later (DeferredError, hold): waiting",
        "SES says later (ThrottledError, resend): waiting",
        "SES says later (ThrottledError, hold): waiting",
        "attempts: waiting (DeferredError) does not count",
        "attempts: waiting (ThrottledError) does not count",
    },
    "SES refuses it with a code that is not listed, attempt 1 or 2": {
        "refused with a code that is not listed (resend): waiting, after a pause",
        "refused with a code that is not listed (hold): waiting, after a pause",
        "refused with a code that is not listed, attempt 1: counts, and waits",
        "refused with a code that is not listed, attempt 2: counts, and waits twice as long",
    },
    "the same, attempt 3": {
        "refused with a code that is not listed, attempt 3: to the dead letters, then failed",
        "refused with a code that is not listed, attempt 4: to the dead letters, then failed",
    },
    "permanent (cannot be rendered, recipient refused)": {
        "permanent (RenderError, resend): to the dead letters, then failed",
        "permanent (RenderError, hold): to the dead letters, then failed",
        "permanent (RefusedError, resend): to the dead letters, then failed",
        "permanent (RefusedError, hold): to the dead letters, then failed",
    },
    "the answer was lost": {
        "the answer was lost: unknown; policy resend: failed",
        "the answer was lost: unknown; policy hold: held",
        "attempts: an answer lost while somebody else got one counts",
        "attempts: an answer lost while nobody else got one does not count",
    },
}
# The first cells of each table's header, the cases of its rows, and their tests.
TABLES = [
    pytest.param("state | what happens", ORDER, OF_ORDER, id="order"),
    pytest.param("found", NOTIFY, OF_NOTIFY, id="notify"),
    pytest.param("result", AFTER_SEND, OF_NOTIFY, id="notify, after a send"),
]


def rows(document: str, header: str) -> list[str]:
    """Return the rows of the table with this header: of each, as many cells as the header names, without markup."""
    _, found, table = document.partition(f"\n| {header} |")
    assert found, f"docs/architecture.md has no table with the header {header!r}: name its new header in TABLES."
    lines = table.partition("\n\n")[0].splitlines()[2:]
    cells = [re.split(r" *\| *", line.strip("| "))[: header.count("|") + 1] for line in lines]
    return [" | ".join(without_markup(cell) for cell in row) for row in cells]


def without_markup(cell: str) -> str:
    """Return the words of a cell; a dash stands for nothing."""
    return "nothing" if cell == "\u2013" else re.sub(r"\[([^]]+)\]\([^)]*\)", r"\1", cell).replace("`", "")


@pytest.mark.parametrize(
    ("row", "of_rows", "cases"),
    [
        pytest.param(row, of_rows, cases, id=row)
        for header, of_rows, cases in (table.values for table in TABLES)
        for row in rows(ARCHITECTURE.read_text(encoding="utf-8"), str(header))
    ],
)
def test_each_row_of_the_document_has_its_cases(row: str, of_rows: dict[str, set[str]], cases: Cases) -> None:
    assert row in of_rows, (
        f"docs/architecture.md has a new or changed row, {row!r}: write a case for it into {cases.module.__name__}, or "
        f"a test into {cases.tests.name}, and name it in this file."
    )
    missing = of_rows[row] - cases.names()
    assert not missing, f"{cases.module.__name__} and {cases.tests.name} have no case for {row!r}: {sorted(missing)}"


@pytest.mark.parametrize(("header", "of_rows", "cases"), TABLES)
def test_each_row_with_cases_is_in_the_document(header: str, of_rows: dict[str, set[str]], cases: Cases) -> None:
    assert of_rows.keys() == set(rows(ARCHITECTURE.read_text(encoding="utf-8"), header)), cases.module.__name__
    assert all(of_rows.values())


@pytest.mark.parametrize("cases", [OF_ORDER, OF_NOTIFY], ids=["order", "notify"])
def test_each_list_of_cases_is_run_by_a_test(cases: Cases) -> None:
    assert set(cases.lists) <= cases.parameters()
    found = {name for name, value in vars(cases.module).items() if name.isupper() and _is_list_of_cases(value)}
    assert found == set(cases.lists)


@pytest.mark.parametrize(
    ("cases", "tables"), [(OF_ORDER, [ORDER]), (OF_NOTIFY, [NOTIFY, AFTER_SEND])], ids=["order", "notify"]
)
def test_each_case_belongs_to_a_row(cases: Cases, tables: list[dict[str, set[str]]]) -> None:
    without_a_row = cases.ids() - {case for of_rows in tables for names in of_rows.values() for case in names}
    assert not without_a_row, f"name these cases of {cases.module.__name__} at their rows: {sorted(without_a_row)}"


def test_the_ranks_of_delivery_statuses_are_those_of_the_document() -> None:
    *ranked, ignored = rows(ARCHITECTURE.read_text(encoding="utf-8"), "rank | SES's event | status")
    assert ignored.startswith("Sent, Opened, Clicked, other kinds")  # it has no rank
    cells = [row.split(" | ") for row in ranked]
    assert [(rank, status) for rank, _, status in cells] == [(str(n), each) for n, each in enumerate(RANKS, 1)]
    named = {kind for _, event, _ in cells for kind in re.findall(r"Email(?: [A-Z]\w+)+", event)}
    assert named == KINDS.keys()


def _is_list_of_cases(value: object) -> bool:
    return isinstance(value, list) and all(getattr(each, "id", None) for each in value)


def test_each_row_that_a_comment_quotes_is_in_the_document() -> None:
    text = OF_ORDER.tests.read_text(encoding="utf-8")
    comments = [comment.replace("\n# ", " ")[2:].rstrip() for comment in re.findall(r"(?m)(?:^# .*\n)+", text)]
    assert len(comments) >= 7
    assert {without_markup(comment) for comment in comments} <= ORDER.keys()


def test_rows_are_read_without_markup() -> None:
    lines = ["", "| from | by | to |", "|---|---|---|", "| \u2013 | `POST /orders`: `x`, [y](z.md) | stored |"]
    document = "\n".join([*lines, "| any | it fails | |", "", "| no | row |"])
    assert rows(document, "from | by") == ["nothing | POST /orders: x, y", "any | it fails"]


def test_a_table_with_another_header_is_named() -> None:
    with pytest.raises(AssertionError, match=r"no table with the header 'state \| event'"):
        rows("| from | by |\n", "state | event")
