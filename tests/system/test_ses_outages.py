"""Mails while SES is away, slow or full, or wants none of this one: all others go, and nothing is lost.

SES is a stand-in; everything else is the local stack, with its real Kafka, its mapping and DynamoDB Local.
"""

import itertools
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from samrun.testing.waiting import eventually
from tests.project import ROOT
from tests.system.customers import address
from tests.system.fake_ses import Outage, Refusal, Server, Ses
from tests.system.order_events import event_of, order_id_of
from tests.system.order_stack import OrderStack
from tests.system.stack_notify import PARTITIONS, StackNotify, record

pytestmark = pytest.mark.xdist_group("ses_outages")

# At most, in the time that a test looks at it: each of the three partitions has an environment with a circuit breaker.
SINGLE_TRIES = 3 * 10
CUSTOMERS = 48  # of one batch: a partition goes on behind a batch only when that is done


@dataclass
class SesOutageShop:
    """A stack whose mails go to a stand-in for SES, and customers that nobody has mailed yet."""

    notify: StackNotify
    ses: Ses
    server: Server
    _numbers: Iterator[int] = field(default_factory=itertools.count)

    def customers(self, count: int = CUSTOMERS) -> list[int]:
        return list(itertools.islice(self._numbers, count))

    def sell(self, customers: Sequence[int]) -> None:
        """Produce the payments of these customers' orders."""
        self.notify.produce(map(record, customers))

    def mails(self, customers: Sequence[int]) -> list[int]:
        """Return how many mails each of them got."""
        return [self.ses.sent[address(number)] for number in customers]

    def have_one_each(self, customers: Sequence[int]) -> bool:
        """Tell whether each has got one mail, and more only those whom the ledger marks."""
        doubled = {number for number in customers if self.ses.sent[address(number)] > 1}
        return all(self.mails(customers)) and doubled <= self.notify.possible_duplicates(customers)

    def reasons(self, customers: Sequence[int]) -> dict[int, list[str]]:
        """Return the reasons of the dead letters, by customer."""
        reasons: dict[int, list[str]] = {}
        numbers = {order_id_of(number): number for number in customers}
        for dead_letter in self.notify.dead_letters():
            key = dead_letter.readable()["key"]
            if key in numbers:
                reasons.setdefault(numbers[key], []).append(dead_letter.reason)
        return reasons


@pytest.fixture(scope="module")
def one_shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SesOutageShop]:
    ses = Ses()
    with Server(ses) as server:
        data = tmp_path_factory.mktemp("ses_outages") / "data"
        stack = OrderStack(ROOT, data, environment={"AWS_ENDPOINT_URL_SESV2": server.url})
        try:
            stack.wait_until_ready()
            shop = SesOutageShop(notify=StackNotify(stack), ses=ses, server=server)
            yield shop
            shop.notify.close()
        finally:
            stack.kill()


@pytest.fixture
def shop(one_shop: SesOutageShop) -> Iterator[SesOutageShop]:
    """The shop of this module with a healthy SES; afterwards, nobody's data is where it must not be."""
    yield one_shop
    assert one_shop.notify.personal_data() == []
    assert one_shop.notify.stack.logged("Task timed out") == []


def _refuse_connections(shop: SesOutageShop) -> Callable[[], None]:
    shop.server.stop()
    return shop.server.start


def _answer_500(shop: SesOutageShop) -> Callable[[], None]:
    return _begin(shop.ses, Outage.ANSWERS_500)


def _answer_503(shop: SesOutageShop) -> Callable[[], None]:
    return _begin(shop.ses, Outage.ANSWERS_503)


def _begin(ses: Ses, outage: Outage) -> Callable[[], None]:
    """Begin an outage of SES; return a function that ends it."""

    def end() -> None:
        ses.outage = None

    ses.outage = outage
    return end


@pytest.mark.parametrize(
    "go_away",
    [
        _refuse_connections,
        pytest.param(_answer_500, marks=pytest.mark.proof),
        pytest.param(_answer_503, marks=pytest.mark.proof),
    ],
)
def test_mails_wait_for_an_ses_that_is_away_and_text_messages_do_not(
    shop: SesOutageShop, go_away: Callable[[SesOutageShop], Callable[[], None]]
) -> None:
    customers = shop.customers()
    come_back = go_away(shop)
    shop.notify.produce(record(number, event_of(number, channels=["mail", "text"])) for number in customers)
    shop.notify.wait_for(customers, ["sent"], channel="text")
    eventually(lambda: shop.notify.stack.logged("retry in 1.6 s"), what="the mapping to have tried several times")
    shop.notify.wait_for(customers, ["waiting", "claimed"])
    assert not any(shop.mails(customers))

    come_back()
    shop.notify.wait_until_done()
    shop.notify.wait_for(customers, ["sent"])
    assert shop.have_one_each(customers)
    assert shop.reasons(customers) == {}


@pytest.mark.parametrize("outage", [pytest.param(Outage.HANGS, marks=pytest.mark.proof), Outage.HANGS_UP])
def test_an_ses_that_never_answers_is_asked_for_one_batch_and_then_one_by_one(
    shop: SesOutageShop, outage: Outage
) -> None:
    customers = shop.customers()
    already_asked = shop.ses.asked
    come_back = _begin(shop.ses, outage)
    shop.sell(customers)
    shop.notify.wait_for(customers, ["unknown", "waiting", "claimed"])
    under_way = shop.ses.asked
    eventually(lambda: shop.ses.asked >= under_way + 2, what="single attempts after the first losses")
    come_back()
    assert under_way - already_asked <= CUSTOMERS + SINGLE_TRIES
    assert shop.ses.asked - under_way <= SINGLE_TRIES

    shop.notify.wait_until_done()
    shop.notify.wait_for(customers, ["sent"])
    assert shop.have_one_each(customers)
    assert shop.notify.possible_duplicates(customers)
    assert shop.reasons(customers) == {}


def test_an_ses_that_answers_too_late_doubles_no_more_mails_than_were_under_way(shop: SesOutageShop) -> None:
    under_way, behind = shop.customers(), shop.customers()
    already_asked = shop.ses.asked
    shop.ses.latency = 4.0  # longer than the function waits for it
    shop.sell(under_way)
    eventually(lambda: any(shop.mails(under_way)), what="SES to take the first mails")
    shop.sell(behind)
    shop.ses.latency = 0.0
    lost = shop.ses.asked - already_asked

    shop.notify.wait_until_done()
    shop.notify.wait_for([*under_way, *behind], ["sent"])
    assert shop.have_one_each([*under_way, *behind])
    assert lost <= CUSTOMERS + SINGLE_TRIES
    assert CUSTOMERS < sum(shop.mails(under_way)) <= lost + CUSTOMERS
    assert set(shop.mails(behind)) == {1}
    assert shop.reasons([*under_way, *behind]) == {}


def test_a_slow_ses_gets_mails_side_by_side_and_each_once(shop: SesOutageShop) -> None:
    customers = shop.customers()
    shop.ses.latency = 2.0
    shop.ses.max_in_hand = 0
    shop.sell(customers)
    shop.notify.wait_until_done()
    shop.ses.latency = 0.0
    shop.notify.wait_for(customers, ["sent"])
    assert shop.have_one_each(customers)
    assert shop.ses.max_in_hand > CUSTOMERS / 2


def test_an_ses_with_a_lower_rate_than_configured_gets_all_mails(shop: SesOutageShop) -> None:
    customers = shop.customers()
    shop.ses.per_second = 14
    shop.sell(customers)
    shop.notify.wait_until_done()
    shop.ses.per_second = None
    shop.notify.wait_for(customers, ["sent"])
    assert shop.have_one_each(customers)
    assert shop.ses.refused["TooManyRequestsException"] > 0
    assert shop.reasons(customers) == {}


NOT_VERIFIED = "Email address is not verified. The following identities failed the check in region US-EAST-1: "
LATER = {
    "over the daily quota": Refusal(code="LimitExceededException", message="Daily message quota exceeded."),
    "sending is paused": Refusal(code="SendingPausedException"),
    "the account is suspended": Refusal(code="AccountSuspendedException"),
    "the sender is not verified": Refusal(code="MessageRejected", message=f"{NOT_VERIFIED}orders@shop.example"),
    "the MAIL FROM domain is not verified": Refusal(code="MailFromDomainNotVerifiedException"),
    "an error of SES's own": Refusal(code="InternalServiceErrorException", status=500),
    "SES is not available": Refusal(code="ServiceUnavailable", status=503),
}
NEVER = {
    "the recipient is refused": Refusal(code="MessageRejected", message="Address blacklisted."),
    "the recipient is not verified, in the sandbox": Refusal(code="MessageRejected", message=NOT_VERIFIED),
    "the request is wrong": Refusal(code="BadRequestException", message="Illegal address"),
}


def test_a_customer_whom_ses_refuses_holds_up_nobody_of_the_same_batch(shop: SesOutageShop) -> None:
    customers = shop.customers()
    in_trouble = customers[
        : PARTITIONS * len(LATER | NEVER) : PARTITIONS
    ]  # all in one partition, and its first records
    refusals = dict(zip(in_trouble, (LATER | NEVER).values(), strict=True))
    by_address = {address(number): refusal for number, refusal in refusals.items()}
    waiting, refused = in_trouble[: len(LATER)], in_trouble[len(LATER) :]
    others = [number for number in customers if number not in refusals]

    def refuse(recipient: str) -> Refusal | None:
        refusal = by_address.get(recipient)
        if refusal and refusal.message == NOT_VERIFIED:
            return Refusal(code=refusal.code, message=f"{NOT_VERIFIED}{recipient}")
        return refusal

    shop.ses.refuse = refuse
    shop.sell(customers)
    shop.notify.wait_for(others, ["sent"])
    shop.notify.wait_for(refused, ["failed"])
    shop.notify.wait_for(waiting, ["waiting", "claimed"])
    assert not any(shop.mails(in_trouble))

    # A partition goes on behind the batch once that is done, the other ones meanwhile.
    behind = shop.customers(PARTITIONS)
    shop.sell(behind)
    elsewhere = [number for number in behind if number % PARTITIONS != in_trouble[0] % PARTITIONS]
    shop.notify.wait_for(elsewhere, ["sent"])
    assert sum(shop.mails(behind)) == len(elsewhere)

    shop.ses.refuse = lambda _: None
    shop.notify.wait_until_done()
    shop.notify.wait_for([*others, *waiting, *behind], ["sent"])
    assert shop.have_one_each([*others, *waiting, *behind])
    assert not any(shop.mails(refused))
    assert shop.reasons(customers + behind) == dict(
        zip(
            refused,
            [
                ["MessageRejected"],
                ["MessageRejected: the recipient is not verified, as SES's sandbox asks for"],
                ["BadRequestException"],
            ],
            strict=True,
        )
    )


def test_a_customer_who_alone_gets_no_answers_is_dead_lettered_and_a_lost_answer_is_sent_again(
    shop: SesOutageShop,
) -> None:
    never, once, *others = customers = shop.customers()
    lost: Counter[str] = Counter()

    def loses(recipient: str) -> bool:
        lost[recipient] += recipient in {address(never), address(once)}
        return recipient == address(never) or (recipient == address(once) and lost[recipient] == 1)

    shop.ses.loses_answers = loses
    shop.sell(customers)
    shop.notify.wait_for(others, ["sent"])

    def given_up() -> bool:
        # Others go on: it is by them that notify knows whom SES does not answer.
        more = [number for number in shop.customers(PARTITIONS) if number % PARTITIONS != never % PARTITIONS]
        shop.sell(more)
        shop.notify.wait_for(more, ["sent"])
        assert shop.have_one_each(more)
        return [entry["status"] for entry in shop.notify.entries([never])] == ["failed"]

    eventually(given_up, what="the customer without answers to be given up")
    shop.ses.loses_answers = lambda _: False
    shop.notify.wait_until_done()
    assert shop.have_one_each(others)
    assert shop.mails([once])[0] >= 2
    assert shop.mails([never])[0] >= 3
    assert shop.notify.possible_duplicates(customers) >= {never, once}
    assert shop.reasons(customers) == {never: ["no attempt to send got an answer"]}


def test_several_environments_together_keep_to_the_rate_of_the_account(tmp_path: Path, project: Path) -> None:
    ses, topics = Ses(per_second=14), ["order-events", "order-events-2", "order-events-3"]
    template, parameters = project / "template.yaml", project / "parameters" / "this-machine.yaml"
    assert "MailsPerSecond: 1000\n" in parameters.read_text()
    parameters.write_text(parameters.read_text().replace("MailsPerSecond: 1000\n", "MailsPerSecond: 14\n"))
    template.write_text(with_a_mapping_of_each(topics, template.read_text()))
    with Server(ses) as server:
        stack = OrderStack(project, tmp_path / "data", environment={"AWS_ENDPOINT_URL_SESV2": server.url})
        try:
            stack.wait_until_ready()
            shop = SesOutageShop(notify=StackNotify(stack, project), ses=ses, server=server)
            customers = shop.customers(90)
            shop.notify.produce(record(number, topic=topics[number % len(topics)], partition=0) for number in customers)
            shop.notify.wait_for(customers, ["sent"])
            shop.notify.wait_until_done()
            environments = [
                each for each in stack.processes() if "functions.notify.handlers.notify.handler" in each.cmdline()
            ]
            assert len(environments) == len(topics)
            assert shop.have_one_each(customers)
            assert shop.reasons(customers) == {}
            first, *_, last = (taken.at for taken in ses.taken)
            # Each environment sends its first mail at once, and may find one more place in the last second.
            assert (len(customers) - 2 * len(topics)) / (last - first) <= 14
            assert shop.notify.personal_data() == []
            shop.notify.close()
        finally:
            stack.kill()


def with_a_mapping_of_each(topics: Sequence[str], template: str) -> str:
    """Return the template with a mapping of notify for each topic: each brings batches to an environment of its own."""
    found = re.search(r"^  NotifyFromSelfManagedKafka:\n.*?\n\n", template, re.MULTILINE | re.DOTALL)
    assert found
    mapping = found.group().rstrip() + "\n\n"
    copies = [
        mapping.replace("Kafka:\n", f"Kafka{number}:\n", 1)
        .replace("[!If [NotifyFollowsOrder, !Ref OrderEventsTopic, !Ref NotifyTopic]]", f"[{topic}]")
        .replace("${Topic}${From}", f"${{Topic}}-{number}")
        for number, topic in enumerate(topics[1:], start=2)
    ]
    return template.replace(found.group(), mapping + "".join(copies))
