"""Words of the notifications that the tests know: the one list to extend for a new notification or a new locale."""

from __future__ import annotations

HERE = "tests/notify/known_words.py"
# By event type and locale: how the subject, the text of the mail and its preview in an inbox begin; 30 characters each.
_FIRST_WORDS = {
    ("order.paid.v1", "en"): ("Confirmed: your order", "Your order is confirmed.", "Payment of €25.00 received."),
    ("order.paid.v1", "vi"): ("Đã xác nhận: đơn hàng", "Đơn hàng đã được xác nhận.", "Đã nhận thanh toán 25,00 €."),
    ("order.cancelled.v1", "en"): ("Cancelled: your order", "Your order is cancelled.", "Your order is cancelled."),
    ("order.cancelled.v1", "vi"): ("Đã hủy: đơn hàng", "Đơn hàng đã được hủy.", "Đơn hàng đã được hủy."),
    ("reward.granted.v1", "en"): (
        "25 points for your order",
        "You have earned 25 points.",
        "25 points for your order",
    ),
    ("reward.granted.v1", "vi"): ("25 điểm thưởng cho", "Quý khách nhận được 25 điểm", "25 điểm thưởng cho"),
    ("shipment.dispatched.v1", "en"): (
        "On its way: your order",
        "Your order is on its way.",
        "Your order A7YUQ-AHKC7 has",
    ),
    ("shipment.dispatched.v1", "vi"): (
        "Đang được giao: đơn hàng",
        "Đơn hàng đang được giao.",
        "Đơn hàng A7YUQ-AHKC7 đã",
    ),
}
# By locale: the sentence of the layout by which a customer may reply to the mail.
_REPLY_WORDS = {"en": "ust reply to this mail", "vi": "in trả lời thư này"}


def first_words(event_type: str, locale: str) -> tuple[str, str, str]:
    """Return how subject, text and preview of a mail begin; fail with the line to add if nobody has written that."""
    assert (event_type, locale) in _FIRST_WORDS, (
        f'{HERE}: add to _FIRST_WORDS ("{event_type}", "{locale}"): how subject, mail.txt and the preview begin'
    )
    return _FIRST_WORDS[event_type, locale]


def reply_words(locale: str) -> str:
    """Return how a mail says that the customer may reply; fail with the line to add if nobody has written that."""
    assert locale in _REPLY_WORDS, f'{HERE}: add to _REPLY_WORDS "{locale}": the words of its mails about a reply'
    return _REPLY_WORDS[locale]
