"""Checker of `make chaos`: a run without a violation, and one violation of each promise."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import pytest

from tools.chaos.checker import CANCELLED, MAX_BACKLOG, PAID, Violation, check
from tools.chaos.customers import PROBE, PROBES, address_of
from tools.chaos.evidence import Evidence, LedgerItem, OrderItem, StoredMail, TopicRecord
from tools.chaos.history import (
    ApiCall,
    DeadLetterSend,
    DiscardedObject,
    History,
    InjectedFault,
    LedgerClaim,
    LedgerMark,
    LostMark,
    MailSend,
    OutboxMark,
    ProcessEnd,
    UnexpectedEnd,
)
from tools.chaos.repeated_sends import Disturbance, repeated_sends

# Of the order `kept` and of the order `cancelled`, which was cancelled.
KEPT, GONE = "ord_kept", "ord_gone"


@dataclass(kw_only=True)
class Case:
    """A run with two orders, as it should be; a test changes it."""

    history: History = field(default_factory=History)
    orders: dict[str, OrderItem] = field(default_factory=dict)
    records: list[TopicRecord] = field(default_factory=list)
    ledger: dict[str, LedgerItem] = field(default_factory=dict)
    mails: list[StoredMail] = field(default_factory=list)
    drained_after: float | None = 5.0

    def violations(self) -> list[Violation]:
        evidence = Evidence(
            orders=list(self.orders.values()),
            records=self.records,
            ledger=list(self.ledger.values()),
            mails=self.mails,
            drained_after=self.drained_after,
        )
        return check(self.history, evidence)

    def kinds(self) -> set[str]:
        return {violation.kind for violation in self.violations()}


def call(action: str, order_id: str, *, began: float = 0.0, status: int | None = 201) -> ApiCall:
    return ApiCall(
        action=action, reference=f"of {order_id}", began=began, ended=began + 1, status=status, order_id=order_id
    )


def record(order_id: str, event_type: str, offset: int, *, timestamp: float = 1.0) -> TopicRecord:
    event_id = id_of(order_id, event_type)
    return TopicRecord(
        partition=0,
        offset=offset,
        timestamp=timestamp,
        value=event_id.encode(),
        order_id=order_id,
        type=event_type,
        id=event_id,
    )


def id_of(order_id: str, event_type: str) -> str:
    return f"{order_id}/{event_type}"


def notification(order_id: str, event_type: str) -> str:
    return f"{id_of(order_id, event_type)}#mail"


def mail(order_id: str, event_type: str, position: str) -> StoredMail:
    return StoredMail(
        notification_id=notification(order_id, event_type), address=address_of(f"of {order_id}"), position=position
    )


SENDER, OTHER = 7, 8


def send(
    order_id: str,
    event_type: str,
    *,
    began: float = 2.0,
    took: float = 0.1,
    accepted: bool = True,
    told: bool = True,
) -> MailSend:
    return MailSend(
        began=began,
        ended=began + took,
        order_id=order_id,
        notification_id=notification(order_id, event_type),
        sender=SENDER,
        accepted=accepted,
        told=told,
    )


def send_again(case: Case, *, began: float = 20.0) -> None:
    """Send the kept order's mail a second time, with a mark."""
    entry(case, possible_duplicate=True)
    case.history.sends.append(send(KEPT, PAID, began=began))
    case.mails.append(mail(KEPT, PAID, "9"))


def lost_mark(order_id: str = KEPT, *, began: float = 2.5, sender: int = SENDER) -> LostMark:
    return LostMark(began=began, order_id=order_id, notification_id=notification(order_id, PAID), sender=sender)


def stop(*, began: float, ended: float, process: int = SENDER) -> InjectedFault:
    return InjectedFault(target="workers", kind="freeze", began=began, ended=ended, process=process)


@pytest.fixture
def case() -> Case:
    good = Case()
    good.history.calls += [call("place", KEPT), call("place", GONE), call("cancel", GONE, began=1.0, status=200)]
    good.orders = {
        KEPT: OrderItem(order_id=KEPT, reference=f"of {KEPT}", status="paid", pending=[]),
        GONE: OrderItem(order_id=GONE, reference=f"of {GONE}", status="cancelled", pending=[]),
    }
    for offset, (order_id, event_type) in enumerate([(KEPT, PAID), (GONE, PAID), (GONE, CANCELLED)]):
        good.records.append(record(order_id, event_type, offset))
        good.ledger[notification(order_id, event_type)] = LedgerItem(
            order_id=order_id,
            notification_id=notification(order_id, event_type),
            event_type=event_type,
            status="sent",
            attempts=1,
            possible_duplicate=False,
        )
        good.mails.append(mail(order_id, event_type, str(offset)))
        good.history.sends.append(send(order_id, event_type))
    for number in range(1, PROBES + 1):
        add_probe(good, f"{PROBE}{number}", offset=2 + number)
    good.records.append(TopicRecord(partition=1, offset=0, timestamp=1.0, value=b"{not JSON"))
    good.history.dead_letters.append(dead_letter(partition=1, offset=0))
    return good


def add_probe(case: Case, reference: str, *, offset: int) -> None:
    order_id = f"ord_{reference}"
    key = notification(order_id, PAID)
    case.history.calls.append(replace(call("place", order_id, began=10.0), reference=reference))
    case.orders[order_id] = OrderItem(order_id=order_id, reference=reference, status="paid", pending=[])
    case.records.append(record(order_id, PAID, offset))
    case.ledger[key] = replace(case.ledger[notification(KEPT, PAID)], order_id=order_id, notification_id=key)
    case.mails.append(StoredMail(notification_id=key, address=address_of(reference), position=str(offset)))
    case.history.sends.append(send(order_id, PAID, began=11.0))


def dead_letter(*, partition: int, offset: int) -> DeadLetterSend:
    return DeadLetterSend(at=3.0, topic="t", partition=partition, offset=offset, reason="it is no JSON")


def reclaim(case: Case, *, at: float, owner: str = "first") -> None:
    """Claim the kept order's notification until 18.0, and take it over from `owner`."""
    key = notification(KEPT, PAID)
    case.history.ledger_claims += [
        LedgerClaim(at=2.0, notification_id=key, owner="first", lease_until=18.0),
        LedgerClaim(at=at, notification_id=key, owner="second", lease_until=40.0, taken_from=owner),
    ]


def entry(case: Case, **changes: object) -> None:
    """Change the entry of the kept order's notification."""
    key = notification(KEPT, PAID)
    case.ledger[key] = replace(case.ledger[key], **changes)  # type: ignore[arg-type]


def lose_an_order(case: Case) -> None:
    case.orders.pop(KEPT)


def store_an_order_under_another_id(case: Case) -> None:
    case.history.calls.append(call("place", "ord_other", status=200))


def store_an_order_that_nobody_placed(case: Case) -> None:
    case.history.calls[:] = [each for each in case.history.calls if each.reference != f"of {KEPT}"]


def store_two_orders_for_a_payment(case: Case) -> None:
    case.orders["ord_second"] = replace(case.orders[KEPT], order_id="ord_second")


def refuse_an_order(case: Case) -> None:
    case.history.calls.append(call("place", KEPT, status=409))


def record_an_order_twice(case: Case) -> None:
    case.history.calls.append(call("place", KEPT, began=10.0))


def answer_one_payment_with_two_orders(case: Case) -> None:
    case.history.calls.append(replace(call("place", GONE, status=200), reference=f"of {KEPT}"))


def lose_a_cancellation(case: Case) -> None:
    case.orders[GONE] = replace(case.orders[GONE], status="paid")


def cancel_what_nobody_cancelled(case: Case) -> None:
    case.orders[KEPT] = replace(case.orders[KEPT], status="cancelled")


def lose_an_event(case: Case) -> None:
    case.records.pop(0)


def leave_an_event_pending(case: Case) -> None:
    case.orders[KEPT] = replace(case.orders[KEPT], pending=[PAID])


def publish_an_event_of_no_order(case: Case) -> None:
    case.records.append(record("ord_nobodys", PAID, 9))


def publish_an_event_of_another_status(case: Case) -> None:
    case.records.append(record(KEPT, CANCELLED, 9))


def change_an_event(case: Case) -> None:
    case.records.append(replace(record(KEPT, PAID, 9), value=b"other bytes"))


def let_the_cancellation_overtake_the_payment(case: Case) -> None:
    case.records[1], case.records[2] = record(GONE, PAID, 2), record(GONE, CANCELLED, 1)


def scatter_the_events_of_an_order(case: Case) -> None:
    case.records[2] = replace(case.records[2], partition=2)


def publish_a_marked_event_again(case: Case) -> None:
    case.history.outbox_marks.append(OutboxMark(at=2.0, order_id=KEPT, event_type=PAID))
    case.records.append(record(KEPT, PAID, 9, timestamp=5.0))


def lose_a_notification(case: Case) -> None:
    del case.ledger[notification(KEPT, PAID)], case.mails[0]


def leave_a_notification_waiting(case: Case) -> None:
    entry(case, status="waiting")


def leave_a_claim_whose_mail_was_never_sent(case: Case) -> None:
    entry(case, status="claimed")
    del case.mails[0]


def never_repeat_a_record_whose_sender_died_before_its_mark(case: Case) -> None:
    entry(case, status="claimed")
    case.history.faults.append(InjectedFault(target="workers", kind="kill", began=2.5))


def notify_of_no_event(case: Case) -> None:
    key = notification("ord_nobodys", PAID)
    case.ledger[key] = replace(case.ledger[notification(KEPT, PAID)], notification_id=key)


def lose_a_mail(case: Case) -> None:
    del case.mails[0]


def send_a_mail_to_another_customer(case: Case) -> None:
    case.mails[0] = replace(case.mails[0], address=address_of("another"))


def send_a_mail_of_no_notification(case: Case) -> None:
    case.mails.append(mail("ord_nobodys", PAID, "9"))


def send_a_mail_twice_without_a_mark(case: Case) -> None:
    case.mails.append(mail(KEPT, PAID, "9"))


def send_a_mail_that_is_marked_as_sent(case: Case) -> None:
    case.history.ledger_marks.append(LedgerMark(at=3.0, order_id=KEPT, notification_id=notification(KEPT, PAID)))
    case.history.sends.append(send(KEPT, PAID, began=4.0))


def send_a_mail_again_although_no_answer_was_lost(case: Case) -> None:
    send_again(case)


def send_a_mail_again_although_the_answer_of_another_was_lost(case: Case) -> None:
    send_again(case)
    case.history.sends[1] = send(GONE, PAID, told=False)
    case.history.lost_marks.append(lost_mark(GONE))


def send_a_mail_again_although_another_process_lost_the_mark(case: Case) -> None:
    send_again(case)
    case.history.lost_marks.append(lost_mark(sender=OTHER))


def send_a_mail_again_although_another_process_ended(case: Case) -> None:
    send_again(case)
    case.history.process_ends.append(ProcessEnd(at=3.0, process=OTHER))
    case.history.faults.append(InjectedFault(target="workers", kind="kill", began=2.9, process=OTHER))


def send_a_mail_again_before_its_sender_ended(case: Case) -> None:
    send_again(case, began=3.0)
    case.history.process_ends.append(ProcessEnd(at=4.0, process=SENDER))


def send_a_mail_again_whose_sender_ended_long_after_it(case: Case) -> None:
    send_again(case, began=60.0)
    case.history.process_ends.append(ProcessEnd(at=40.0, process=SENDER))


def send_a_mail_again_whose_sender_was_stopped_and_had_its_answer(case: Case) -> None:
    send_again(case)
    case.history.faults += [stop(began=3.0, ended=9.0), stop(began=1.0, ended=9.0, process=OTHER)]


def send_three_mails_and_lose_one_answer(case: Case) -> None:
    send_again(case)
    case.history.sends[0] = send(KEPT, PAID, told=False)
    case.mails.append(mail(KEPT, PAID, "8"))


def send_a_mail_again_that_ses_refused(case: Case) -> None:
    send_again(case)
    case.history.sends[0] = send(KEPT, PAID, accepted=False)


def reclaim_before_the_lease_is_over(case: Case) -> None:
    reclaim(case, at=16.0)


def send_the_cancellations_mail_first(case: Case) -> None:
    case.mails[1], case.mails[2] = mail(GONE, PAID, "2"), mail(GONE, CANCELLED, "1")


def lose_the_dead_letter_of_a_record(case: Case) -> None:
    case.history.dead_letters.clear()


def fail_without_a_dead_letter(case: Case) -> None:
    entry(case, status="failed")


def dead_letter_what_was_sent(case: Case) -> None:
    case.history.dead_letters.append(dead_letter(partition=0, offset=0))


def discard_a_batch(case: Case) -> None:
    case.history.discarded.append(DiscardedObject(at=1.0, path="/bucket/aws/lambda/mapping/object"))


def end_by_itself(case: Case) -> None:
    case.history.unexpected.append(UnexpectedEnd(at=1.0, what="samrun up ended by itself"))


def answer_nothing(case: Case) -> None:
    case.history.calls[:] = [replace(each, status=503, order_id=None) for each in case.history.calls]


def place_nothing(case: Case) -> None:
    case.__dict__.update(vars(Case(records=[case.records[-1]])))
    case.history.dead_letters.append(dead_letter(partition=1, offset=0))


def answer_less_than_half_of_the_payments(case: Case) -> None:
    for number in range(PROBES + 3):
        case.history.calls.append(replace(call("place", f"ord_{number}", status=503), order_id=None))


def answer_no_more_after_healing(case: Case) -> None:
    case.history.calls[-1] = replace(case.history.calls[-1], status=503, order_id=None)


def send_no_more_after_healing(case: Case) -> None:
    del case.mails[-1]


def take_too_long(case: Case) -> None:
    case.drained_after = MAX_BACKLOG + 1


def never_end(case: Case) -> None:
    case.drained_after = None


PLANTED: Sequence[tuple[Callable[[Case], None], str]] = [
    (lose_an_order, "lost order"),
    (store_an_order_under_another_id, "lost order"),
    (store_an_order_that_nobody_placed, "phantom order"),
    (store_two_orders_for_a_payment, "phantom order"),
    (refuse_an_order, "wrong answer"),
    (record_an_order_twice, "wrong answer"),
    (answer_one_payment_with_two_orders, "wrong answer"),
    (lose_a_cancellation, "lost cancellation"),
    (cancel_what_nobody_cancelled, "phantom cancellation"),
    (lose_an_event, "lost event"),
    (leave_an_event_pending, "lost event"),
    (publish_an_event_of_no_order, "phantom event"),
    (publish_an_event_of_another_status, "phantom event"),
    (change_an_event, "changed event"),
    (let_the_cancellation_overtake_the_payment, "events out of order"),
    (scatter_the_events_of_an_order, "events out of order"),
    (publish_a_marked_event_again, "doubled event"),
    (lose_a_notification, "lost notification"),
    (leave_a_notification_waiting, "lost notification"),
    (leave_a_claim_whose_mail_was_never_sent, "lost notification"),
    (never_repeat_a_record_whose_sender_died_before_its_mark, "lost notification"),
    (notify_of_no_event, "phantom notification"),
    (lose_a_mail, "lost mail"),
    (send_a_mail_to_another_customer, "phantom mail"),
    (send_a_mail_of_no_notification, "phantom mail"),
    (send_a_mail_twice_without_a_mark, "doubled mail"),
    (send_a_mail_that_is_marked_as_sent, "doubled mail"),
    (send_a_mail_again_although_no_answer_was_lost, "doubled mail"),
    (send_a_mail_again_although_the_answer_of_another_was_lost, "doubled mail"),
    (send_a_mail_again_although_another_process_lost_the_mark, "doubled mail"),
    (send_a_mail_again_although_another_process_ended, "doubled mail"),
    (send_a_mail_again_before_its_sender_ended, "doubled mail"),
    (send_a_mail_again_whose_sender_ended_long_after_it, "doubled mail"),
    (send_a_mail_again_whose_sender_was_stopped_and_had_its_answer, "doubled mail"),
    (send_three_mails_and_lose_one_answer, "doubled mail"),
    (send_a_mail_again_that_ses_refused, "doubled mail"),
    (reclaim_before_the_lease_is_over, "broken lease"),
    (send_the_cancellations_mail_first, "mails out of order"),
    (lose_the_dead_letter_of_a_record, "lost dead letter"),
    (fail_without_a_dead_letter, "lost dead letter"),
    (dead_letter_what_was_sent, "phantom dead letter"),
    (discard_a_batch, "discarded batch"),
    (end_by_itself, "unexpected end"),
    (answer_nothing, "no service"),
    (place_nothing, "no service"),
    (answer_less_than_half_of_the_payments, "no service"),
    (answer_no_more_after_healing, "no service"),
    (send_no_more_after_healing, "no service"),
    (take_too_long, "backlog"),
    (never_end, "backlog"),
]


def test_checker_finds_nothing_in_a_run_that_kept_all_promises(case: Case) -> None:
    assert case.violations() == []


@pytest.mark.parametrize(("break_promise", "kind"), PLANTED, ids=lambda each: getattr(each, "__name__", None))
def test_checker_finds_each_broken_promise(case: Case, break_promise: Callable[[Case], None], kind: str) -> None:
    break_promise(case)
    assert kind in case.kinds()


def test_violation_names_the_order_and_what_is_wrong(case: Case) -> None:
    lose_an_event(case)
    assert f"lost event: {KEPT}: {PAID} is not even pending" in map(str, case.violations())


def test_repeats_of_an_event_are_right_until_it_is_marked(case: Case) -> None:
    case.history.outbox_marks.append(OutboxMark(at=5.0, order_id=KEPT, event_type=PAID))
    case.records.append(record(KEPT, PAID, 9, timestamp=5.5))  # a clock may be half a second ahead
    assert case.violations() == []


def lose_the_answer(history: History) -> None:
    history.sends[0] = send(KEPT, PAID, told=False)


def answer_late(history: History) -> None:
    history.sends[0] = send(KEPT, PAID, took=1.6)


def stop_the_sender_until_the_answer_is_late(history: History) -> None:
    history.faults.append(stop(began=1.9, ended=5.5))


def end_the_sender(history: History) -> None:
    history.process_ends.append(ProcessEnd(at=2.4, process=SENDER))


def lose_the_mark(history: History) -> None:
    history.lost_marks.append(lost_mark())


@pytest.mark.parametrize(
    ("disturb", "disturbance"),
    [
        (lose_the_answer, Disturbance.ANSWER_LOST),
        (answer_late, Disturbance.ANSWER_LATE),
        (stop_the_sender_until_the_answer_is_late, Disturbance.ANSWER_LATE),
        (end_the_sender, Disturbance.SENDER_ENDED),
        (lose_the_mark, Disturbance.MARK_LOST),
    ],
    ids=lambda each: getattr(each, "__name__", None),
)
def test_second_mail_is_right_if_it_is_marked_and_its_send_was_disturbed(
    case: Case, disturb: Callable[[History], None], disturbance: Disturbance
) -> None:
    send_again(case)
    disturb(case.history)
    assert case.violations() == []
    assert [each.disturbance for each in repeated_sends(case.history)] == [disturbance]


def test_second_send_is_right_if_ses_refused_the_first_one(case: Case) -> None:
    case.history.sends.insert(0, send(KEPT, PAID, began=1.0, accepted=False))
    assert case.violations() == []


@pytest.mark.parametrize(
    ("at", "owner"), [(17.6, "first"), (30.0, "first"), (3.0, "one that no proxy has seen"), (3.0, "")]
)
def test_claim_is_taken_over_when_its_lease_is_over_by_one_of_the_clocks(case: Case, at: float, owner: str) -> None:
    reclaim(case, at=at, owner=owner)
    assert case.violations() == []


def test_claim_of_a_mail_that_was_sent_is_right_if_the_ledger_did_not_answer(case: Case) -> None:
    entry(case, status="claimed")
    case.history.lost_marks.append(lost_mark())
    assert case.violations() == []


def test_failed_notification_is_right_if_its_record_is_dead_lettered(case: Case) -> None:
    entry(case, status="failed")
    case.history.dead_letters.append(dead_letter(partition=0, offset=0))
    assert case.violations() == []


@pytest.mark.parametrize("status", [None, 429, 500, 503])
def test_request_that_was_told_nothing_or_later_promises_nothing(case: Case, status: int | None) -> None:
    case.history.calls.append(replace(call("place", "ord_later", status=status), order_id=None))
    assert case.violations() == []
