"""The ledger keeps its promises, whatever two environments and their faults do and in whatever order.

docs/architecture.md has the promises beside the tables of states. Each planted error breaks one, which the model names.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from functions.notify.domain.decisions import Reclaim, Release, Settled, Wait, decide_after_send, decide_taken
from functions.notify.domain.notification import UnknownPolicy
from functions.notify.domain.send_errors import AnswerLostError
from functions.notify.feedback.delivery_status import DeliveryStatus
from functions.notify.ledger import ledger
from functions.notify.logs import logger
from functions.notify.notifying import batch, claiming, delivery, notifier
from functions.notify.notifying.delivery import Result
from functions.notify.notifying.notifier import Notifier
from tests.models import ledger_model
from tests.models.explorer import PromiseBrokenError, explore
from tests.models.ledger_items import START
from tests.models.ledger_model import LedgerModel
from tests.models.planted_errors import change_writes, forget_the_condition

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from functions.notify.domain.notification import Claim, Entry
    from functions.notify.notifying.delivery import Delivery
    from tests.models.explorer import Exploration
    from tests.models.ledger_model import LedgerState
    from tests.models.planted_errors import Plant

HOLD = UnknownPolicy.HOLD
DELIVERED = (DeliveryStatus.DELIVERED,)
MAX_STATES = 500_000


@pytest.fixture(autouse=True)
def _no_log_lines() -> Iterator[None]:
    level = logger.log_level
    logger.setLevel("CRITICAL")
    yield
    logger.setLevel(level)


def statuses(exploration: Exploration[LedgerState]) -> set[str]:
    return {str(entry.status) for state in exploration.states for entry in state.entries if entry}


NOTIFY = {"claimed", "waiting", "unknown", "sent", "failed"}


@pytest.mark.parametrize(
    ("model", "states", "reached"),
    [
        pytest.param(
            partial(LedgerModel, faults=2, redeliveries=0, replays=0, feedback=DELIVERED),
            16_000,
            NOTIFY | {"delivered"},
            id="two faults",
        ),
        pytest.param(
            partial(LedgerModel, faults=1, feedback=()),
            11_000,
            NOTIFY,
            id="one fault, a redelivery and a replay",
        ),
        pytest.param(
            partial(LedgerModel, faults=1, policy=HOLD, feedback=DELIVERED),
            8_000,
            NOTIFY | {"delivered"},
            id="one fault, policy hold",
        ),
        pytest.param(
            partial(
                LedgerModel, faults=1, redeliveries=0, replays=0, may_be_late=True, may_be_old=True, has_unlisted=True
            ),
            10_000,
            NOTIFY | {"delayed", "delivered", "expired"},
            id="one fault, late writes, pauses, old events",
        ),
        pytest.param(
            partial(LedgerModel, notifications=2, faults=1, redeliveries=0, replays=0, feedback=()),
            5_000,
            NOTIFY,
            id="a payment and its cancellation, one fault",
        ),
    ],
)
def test_no_interleaving_loses_or_doubles_a_mail_silently(
    model: Callable[[], LedgerModel], states: int, reached: set[str]
) -> None:
    exploration = explore(model(), max_states=MAX_STATES)
    assert len(exploration.numbers) > states  # with fewer, the model would have lost some of its steps
    assert statuses(exploration) == reached


@pytest.mark.proof
@pytest.mark.parametrize(
    ("model", "states"),
    [
        pytest.param(partial(LedgerModel, faults=2, policy=HOLD), 180_000, id="two faults, policy hold"),
        pytest.param(
            partial(LedgerModel, faults=3, redeliveries=0, replays=0, feedback=()), 130_000, id="three faults"
        ),
        pytest.param(
            partial(LedgerModel, faults=2, redeliveries=0, replays=0, may_be_late=True, feedback=()),
            148_000,
            id="two faults, late writes",
        ),
        pytest.param(
            partial(LedgerModel, notifications=2, faults=2, redeliveries=0, replays=0, feedback=()),
            148_000,
            id="a payment and its cancellation, two faults",
        ),
    ],
)
def test_no_interleaving_of_more_faults_loses_or_doubles_a_mail_silently(
    model: Callable[[], LedgerModel], states: int
) -> None:
    exploration = explore(model(), max_states=MAX_STATES)
    assert len(exploration.numbers) > states


def decide_as_if(**changes: Any) -> Plant:
    """Return the error that decide_taken decides about another situation."""

    def wrong(found: Entry, **situation: Any) -> object:
        return decide_taken(found, **{**situation, **changes})

    return lambda patch: patch.setattr(claiming, "decide_taken", wrong)


def change_decisions(change: Callable[[object], object]) -> Plant:
    """Return the error that the decision about a claimed notification is another one."""
    return lambda patch: patch.setattr(
        claiming, "decide_taken", lambda found, **situation: change(decide_taken(found, **situation))
    )


def ignore_the_lease(patch: pytest.MonkeyPatch) -> None:
    def wrong(found: Entry, **situation: Any) -> object:
        return decide_taken(replace(found, lease_until=START), **situation)

    patch.setattr(claiming, "decide_taken", wrong)


def end_the_lease_with_the_invocation(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(delivery, "LEASE_MARGIN", timedelta())


def forget_possible_duplicates(decision: object) -> object:
    return replace(decision, possible_duplicate=False) if isinstance(decision, Reclaim) else decision


def take_waiting_for_settled(decision: object) -> object:
    return Settled(status="claimed") if isinstance(decision, Wait) else decision


def never_reclaim(decision: object) -> object:
    return Wait() if isinstance(decision, Reclaim) else decision


def take_a_lost_answer_for_a_refusal(patch: pytest.MonkeyPatch) -> None:
    def wrong(error: Exception | None, **situation: Any) -> object:
        if isinstance(error, AnswerLostError):
            return Release(reason=str(error), counts=False)
        return decide_after_send(error, **situation)  # type: ignore[arg-type]

    patch.setattr(notifier, "decide_after_send", wrong)


def mark_before_the_send(patch: pytest.MonkeyPatch) -> None:
    send = Notifier._send

    def wrong(self: Notifier, to_send: Delivery, claim: Claim) -> Result:
        self._mark_sent(to_send, claim, "")
        return send(self, to_send, claim)

    patch.setattr(Notifier, "_send", wrong)


def put_nothing_into_the_dead_letters(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Notifier, "_dead_letter", lambda self, parsed, reason: None)


def go_on_after_a_failed_record(patch: pytest.MonkeyPatch) -> None:
    def wrong(group: Sequence[Any], process: Callable[[Any], Result]) -> list[Any]:
        return [item for item in group if process(item) is Result.RETRY]

    patch.setattr(batch, "_process_key_group", wrong)


FEEDBACK_IS_NEWER = "attribute_exists(order_id) AND (attribute_not_exists(#feedback) OR #feedback < :feedback)"
TWO = {"notifications": 2, "feedback": ()}

# The error, the model's settings, and the promise that it breaks first.
PLANTED: dict[str, tuple[Plant, dict[str, Any], str]] = {
    "anybody gets the claim": (
        forget_the_condition(ledger_model, ledger._IS_FREE),
        {},
        "an invocation sends a mail, and has no claim",
    ),
    "the lease is ignored": (ignore_the_lease, {}, "an invocation sends a mail, and has no claim"),
    "the lease ends with the invocation": (
        end_the_lease_with_the_invocation,
        {},
        "an invocation sends a mail, and has no claim",
    ),
    "possible_duplicate is not set": (
        change_decisions(forget_possible_duplicates),
        {},
        "two mails are sent, and the entry does not say possible_duplicate",
    ),
    "a lost answer is taken for a refusal": (
        take_a_lost_answer_for_a_refusal,
        {},
        "two mails are sent, and the entry does not say possible_duplicate",
    ),
    "the mark comes before the send": (
        mark_before_the_send,
        {},
        "a record is done, and its mail is neither sent nor dead-lettered, held or expired",
    ),
    "the dead letter is forgotten": (
        put_nothing_into_the_dead_letters,
        {},
        "an entry is failed, and its record is not in the dead letters",
    ),
    "hold is resend": (
        decide_as_if(policy=UnknownPolicy.RESEND),
        {"policy": HOLD},
        "two mails are sent under the policy hold, and nobody replayed a record",
    ),
    "a record that waits counts as done": (
        change_decisions(take_waiting_for_settled),
        {},
        "a record is done, and its mail is neither sent nor dead-lettered, held or expired",
    ),
    "a claim is never taken from a dead owner": (
        change_decisions(never_reclaim),
        {},
        "from here, no steps without a fault lead to a settled state",
    ),
    "a batch goes on after a failed record of the same key": (
        go_on_after_a_failed_record,
        TWO,
        "the mail about the cancellation comes before the one about the payment",
    ),
    "feedback of a lower rank wins": (
        change_writes(ledger_model, "ConditionExpression", FEEDBACK_IS_NEWER, "attribute_exists(order_id)"),
        {},
        "an entry loses what SES reported, or gets a lower rank",
    ),
    "a mark replaces feedback": (
        forget_the_condition(ledger_model, ledger._IS_CLAIMED_OR_HELD),
        {},
        "an entry loses what SES reported, or gets a lower rank",
    ),
    "an owner writes about a claim that it has no more": (
        forget_the_condition(ledger_model, ledger._IS_CLAIMED),
        {},
        "an invocation sends a mail, and has no claim",
    ),
}


def model_for_errors(**settings: Any) -> LedgerModel:
    return LedgerModel(**{"faults": 1, "redeliveries": 1, "replays": 0, **settings})


@pytest.mark.parametrize(("plant", "settings", "promise"), PLANTED.values(), ids=PLANTED.keys())
def test_the_model_of_the_ledger_finds_a_planted_error(
    monkeypatch: pytest.MonkeyPatch, plant: Plant, settings: dict[str, Any], promise: str
) -> None:
    plant(monkeypatch)
    with pytest.raises(PromiseBrokenError) as caught:
        explore(model_for_errors(**settings), max_states=MAX_STATES)
    assert str(caught.value).startswith(promise)


@pytest.mark.parametrize(
    "settings",
    [
        pytest.param({}, id="one mail"),
        pytest.param({"policy": HOLD}, id="policy hold"),
        pytest.param(TWO, id="two mails", marks=pytest.mark.proof),
    ],
)
def test_the_model_of_the_ledger_finds_nothing_if_no_error_is_planted(settings: dict[str, Any]) -> None:
    assert all(other in ({}, {"policy": HOLD}, TWO) for _, other, _ in PLANTED.values())
    exploration = explore(model_for_errors(**settings), max_states=MAX_STATES)
    assert statuses(exploration) >= {"claimed", "sent"}
