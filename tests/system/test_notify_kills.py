"""Notify killed (SIGKILL) at every step between claim, send, answer and mark.

No mail is lost. None is doubled but those whose send was under way, and of each of them the ledger tells.
"""

from collections.abc import Iterator

import pytest

from functions.notify.ledger import MAXIMUM_ATTEMPTS
from functions.notify.metrics import Metric
from tests.system.broker import Broker
from tests.system.customers import personal_data_in
from tests.system.mortal import SIDE_BY_SIDE
from tests.system.post import (
    SES_HAS_THE_MAIL,
    SES_IS_CONNECTED,
    Entry,
    Post,
    Surroundings,
    customers_of,
    parts,
    places_of,
    post,
    surroundings,
)

pytestmark = pytest.mark.xdist_group("notify-kills")

KILLS = 20
BATCH_SIZE = 50
# Seconds: then a lease that was taken now is over.
LATER = 120.0


@pytest.fixture(scope="module")
def around(broker: Broker, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Surroundings]:
    with surroundings(broker, tmp_path_factory.mktemp("around")) as around:
        yield around


@pytest.fixture(scope="module")
def resending(around: Surroundings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Post]:
    with post(around, policy="resend", log=tmp_path_factory.mktemp("resending") / "functions.log") as resending:
        yield resending
        assert_nobody_is_in_the_log_of(resending)


@pytest.fixture(scope="module")
def holding(around: Surroundings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Post]:
    with post(around, policy="hold", log=tmp_path_factory.mktemp("holding") / "functions.log") as holding:
        yield holding
        assert_nobody_is_in_the_log_of(holding)


def assert_nobody_is_in_the_log_of(post: Post) -> None:
    assert any("_aws" in line for line in post.logged()), "the log has no metrics"
    assert any("correlation_id" in line for line in post.logged()), "the log has nothing about a record"
    assert personal_data_in([post.functions.log()]) == []


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
def test_who_waits_for_a_sender_that_was_killed_gets_the_mail_once_the_lease_is_over(
    resending: Post, step: str, leaves_a_claim: bool, mails: int
) -> None:
    batch = resending.publish(KILLS)
    resending.kill_each(batch, step=step)
    # While the leases run, nobody knows better than the sender.
    assert len(resending.deliver(batch)) == (KILLS if leaves_a_claim else 0)
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
def test_a_mail_that_may_be_out_is_held_where_that_is_the_policy(holding: Post, step: str, mails: int) -> None:
    batch = holding.publish(KILLS)
    holding.kill_each(batch, step=step)
    assert len(holding.deliver(batch)) == KILLS
    logged_before = len(holding.logged())
    assert not holding.deliver(batch, ahead=LATER)
    assert set(holding.mails(batch).values()) == {mails}
    assert set(holding.entries(batch).values()) == {Entry("unknown", 1, False)}
    lines = holding.logged()[logged_before:]
    errors = [line["order_id"] for line in lines if line.get("level") == "ERROR"]
    assert sorted(errors) == sorted(f"ord_{number}" for number in customers_of(batch))
    assert [line[Metric.HELD] for line in lines if Metric.HELD in line] == [[KILLS]]


def test_a_mail_whose_senders_all_were_killed_is_set_aside(resending: Post) -> None:
    batch = resending.publish(KILLS)
    for attempt in range(MAXIMUM_ATTEMPTS):
        resending.kill_each(batch, step=SES_HAS_THE_MAIL, ahead=attempt * LATER)
    assert set(resending.mails(batch).values()) == {MAXIMUM_ATTEMPTS}
    claimed = Entry("claimed", MAXIMUM_ATTEMPTS, True)
    assert set(resending.entries(batch).values()) == {claimed}
    for later in (MAXIMUM_ATTEMPTS * LATER, (MAXIMUM_ATTEMPTS + 1) * LATER):
        assert not resending.deliver(batch, ahead=later)
    assert set(resending.mails(batch).values()) == {MAXIMUM_ATTEMPTS}
    assert set(resending.entries(batch).values()) == {Entry("failed", MAXIMUM_ATTEMPTS + 1, True)}

    letters = [letter["MessageAttributes"] for letter in resending.around.dead_letters()]
    assert {letter["reason"]["StringValue"] for letter in letters} == {"every attempt to send ended without a word"}
    places = [(int(letter["partition"]["StringValue"]), int(letter["offset"]["StringValue"])) for letter in letters]
    assert sorted(places) == sorted(places_of(batch))
    assert personal_data_in(map(str, letters)) == []


def test_a_death_in_the_middle_of_a_batch_doubles_what_was_under_way_and_nothing_else(
    resending: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resending.around.ses, "latency", 0.05)  # so that several sends are under way at once
    batches = parts(resending.publish(KILLS * BATCH_SIZE), BATCH_SIZE)
    for mails, batch in enumerate(batches, start=1):
        resending.kill_once_sent(batch, 2 * mails)
        # What nobody was at goes out at once.
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
