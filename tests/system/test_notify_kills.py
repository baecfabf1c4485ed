"""Notify killed (SIGKILL) at every step between claim, send, answer and mark.

No mail is lost. Only a mail whose send was under way can be sent twice, and the ledger marks each of these.
"""

from collections.abc import Iterator

import pytest

from functions.notify.domain.decisions import MAX_ATTEMPTS
from functions.notify.metrics import Metric
from samrun.testing.broker import Broker
from tests.system.customers import personal_data_in
from tests.system.isolated_notify import (
    SES_HAS_THE_MAIL,
    SES_IS_CONNECTED,
    Entry,
    IsolatedNotify,
    Surroundings,
    customers_of,
    parts,
    places_of,
    run_isolated_notify,
    surroundings,
)
from tests.system.killable_runtime import SIDE_BY_SIDE
from tests.system.order_events import order_id_of

pytestmark = pytest.mark.xdist_group("notify-kills")

BATCH_SIZE = 50
# Seconds: then a lease that was taken now is over.
LATER = 120.0


@pytest.fixture(scope="module")
def around(broker: Broker, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Surroundings]:
    with surroundings(broker, tmp_path_factory.mktemp("around")) as around:
        yield around


@pytest.fixture(scope="module")
def resending(around: Surroundings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[IsolatedNotify]:
    with run_isolated_notify(
        around, policy="resend", log=tmp_path_factory.mktemp("resending") / "functions.log"
    ) as resending:
        yield resending
        assert_nobody_is_in_the_log_of(resending)


@pytest.fixture(scope="module")
def holding(around: Surroundings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[IsolatedNotify]:
    with run_isolated_notify(
        around, policy="hold", log=tmp_path_factory.mktemp("holding") / "functions.log"
    ) as holding:
        yield holding
        assert_nobody_is_in_the_log_of(holding)


@pytest.fixture(params=[2, pytest.param(20, marks=pytest.mark.proof)])
def kills(request: pytest.FixtureRequest) -> int:
    """The number of processes that are killed at each step."""
    number: int = request.param
    return number


def assert_nobody_is_in_the_log_of(notify: IsolatedNotify) -> None:
    assert any("_aws" in line for line in notify.logged()), "the log has no metrics"
    assert any("correlation_id" in line for line in notify.logged()), "the log has nothing about a record"
    assert personal_data_in([notify.functions.log()]) == []


@pytest.mark.parametrize(
    ("step", "leaves_a_claim", "mails"),
    [
        ("before the claim", False, 1),
        ("after the claim is written", True, 1),
        ("before the mail is rendered", True, 1),
        ("before the send", True, 1),
        (SES_IS_CONNECTED, True, 1),
        (SES_HAS_THE_MAIL, True, 2),
        ("after the answer of SES", True, 2),
        ("after the mark", False, 1),
    ],
)
def test_a_customer_whose_sender_was_killed_gets_the_mail_once_the_lease_is_over(
    resending: IsolatedNotify, step: str, leaves_a_claim: bool, mails: int, kills: int
) -> None:
    batch = resending.publish(kills)
    resending.kill_each(batch, step=step)
    # While the leases run, nobody knows better than the sender.
    assert len(resending.deliver(batch)) == (kills if leaves_a_claim else 0)
    assert set(resending.mails(batch).values()) == {mails - leaves_a_claim}
    for later in (LATER, 2 * LATER):
        assert not resending.deliver(batch, ahead=later)
        assert set(resending.mails(batch).values()) == {mails}
    assert set(resending.entries(batch).values()) == {Entry("sent", 1 + leaves_a_claim, leaves_a_claim)}


@pytest.mark.parametrize(
    ("step", "mails"),
    [
        ("after the claim is written", 0),
        ("before the send", 0),
        (SES_IS_CONNECTED, 0),
        (SES_HAS_THE_MAIL, 1),
        ("after the answer of SES", 1),
    ],
)
def test_a_mail_that_may_be_out_is_held_where_that_is_the_policy(
    holding: IsolatedNotify, step: str, mails: int, kills: int
) -> None:
    batch = holding.publish(kills)
    holding.kill_each(batch, step=step)
    assert len(holding.deliver(batch)) == kills
    logged_before = len(holding.logged())
    assert not holding.deliver(batch, ahead=LATER)
    assert set(holding.mails(batch).values()) == {mails}
    assert set(holding.entries(batch).values()) == {Entry("unknown", 1, False)}
    lines = holding.logged()[logged_before:]
    errors = [line["order_id"] for line in lines if line.get("level") == "ERROR"]
    assert sorted(errors) == sorted(order_id_of(number) for number in customers_of(batch))
    assert [line[Metric.HELD] for line in lines if Metric.HELD in line] == [[kills]]


def test_a_mail_whose_senders_were_all_killed_is_dead_lettered(resending: IsolatedNotify, kills: int) -> None:
    batch = resending.publish(kills)
    for attempt in range(MAX_ATTEMPTS):
        resending.kill_each(batch, step=SES_HAS_THE_MAIL, ahead=attempt * LATER)
    assert set(resending.mails(batch).values()) == {MAX_ATTEMPTS}
    claimed = Entry("claimed", MAX_ATTEMPTS, True)
    assert set(resending.entries(batch).values()) == {claimed}
    for later in (MAX_ATTEMPTS * LATER, (MAX_ATTEMPTS + 1) * LATER):
        assert not resending.deliver(batch, ahead=later)
    assert set(resending.mails(batch).values()) == {MAX_ATTEMPTS}
    assert set(resending.entries(batch).values()) == {Entry("failed", MAX_ATTEMPTS + 1, True)}

    dead_letters = [each["MessageAttributes"] for each in resending.around.dead_letters()]
    assert {each["reason"]["StringValue"] for each in dead_letters} == {"no attempt to send got an answer"}
    places = [(int(each["partition"]["StringValue"]), int(each["offset"]["StringValue"])) for each in dead_letters]
    assert sorted(places) == sorted(places_of(batch))
    assert personal_data_in(map(str, dead_letters)) == []


def test_a_death_in_the_middle_of_a_batch_doubles_only_the_mails_that_were_under_way(
    resending: IsolatedNotify, monkeypatch: pytest.MonkeyPatch, kills: int
) -> None:
    monkeypatch.setattr(resending.around.ses, "latency", 0.05)  # so that several sends are under way at once
    batches = parts(resending.publish(kills * BATCH_SIZE), BATCH_SIZE)
    for mails, batch in enumerate(batches, start=1):
        resending.kill_once_sent(batch, 2 * mails)
        # Records that no process had claimed go out at once.
        resending.deliver(batch)
    for batch in batches:
        under_way = {number for number, entry in resending.entries(batch).items() if entry.status == "claimed"}
        assert not resending.deliver(batch, ahead=LATER)
        assert resending.entries(batch) == {
            number: Entry("sent", 2, True) if number in under_way else Entry("sent", 1, False)
            for number in customers_of(batch)
        }
        mails_of = resending.mails(batch)
        assert set(mails_of.values()) == {1, 2}
        assert {number for number, mails in mails_of.items() if mails == 2} <= under_way
        assert len(under_way) <= SIDE_BY_SIDE
