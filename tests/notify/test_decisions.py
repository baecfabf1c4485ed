"""The decisions of notify, by the state transition tables in docs/architecture.md: their cases are in state_rows.py."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from functions.notify.domain.decisions import MarkUnknown, Release, decide, decide_after_send
from functions.notify.domain.notification import UnknownPolicy
from functions.notify.domain.send_errors import UnlistedRefusalError
from tests.notify.fakes import NOW
from tests.notify.state_rows import AFTER_SEND, ATTEMPTS, CLAIM, FOUND, MAX_AGE, OURS, REFUSALS, RESEND

if TYPE_CHECKING:
    from functions.notify.domain.decisions import AfterSend, Decision
    from functions.notify.domain.notification import Entry
    from functions.notify.domain.send_errors import AnswerLostError, DeferredError


@pytest.mark.parametrize(("found", "situation", "decision"), FOUND)
def test_the_decision_about_a_notification_follows_the_table(
    found: Entry | None, situation: dict[str, Any], decision: Decision
) -> None:
    assert decide(found, **{"owner": OURS, "now": NOW, "policy": RESEND, "max_age": MAX_AGE, **situation}) == decision


@pytest.mark.parametrize(("error", "policy", "decision"), AFTER_SEND)
def test_the_decision_after_a_send_follows_the_table(error: Any, policy: UnknownPolicy, decision: AfterSend) -> None:
    assert decide_after_send(error, claim=CLAIM, policy=policy, provider_answers=True) == decision


@pytest.mark.parametrize(("error", "provider_answers", "counts"), ATTEMPTS)
@pytest.mark.parametrize("policy", UnknownPolicy)
def test_an_attempt_counts_as_the_table_says(
    error: AnswerLostError | DeferredError, provider_answers: bool, counts: bool, policy: UnknownPolicy
) -> None:
    decision = decide_after_send(error, claim=CLAIM, policy=policy, provider_answers=provider_answers)
    assert isinstance(decision, Release | MarkUnknown)
    assert decision.counts is counts


@pytest.mark.parametrize(("attempts", "decision"), REFUSALS)
@pytest.mark.parametrize("policy", UnknownPolicy)
def test_an_unlisted_refusal_is_the_end_after_as_many_attempts_as_the_table_says(
    attempts: int, decision: AfterSend, policy: UnknownPolicy
) -> None:
    claim = replace(CLAIM, attempts=attempts)
    error = UnlistedRefusalError("why")
    assert decide_after_send(error, claim=claim, policy=policy, provider_answers=True) == decision
