from __future__ import annotations

from typing import Any

import pytest
from babel import Locale

from functions.notify.messages import formats

EN, VI, DE = Locale("en"), Locale("vi"), Locale("de")
NBSP, NNBSP = "\N{NO-BREAK SPACE}", "\N{NARROW NO-BREAK SPACE}"


@pytest.mark.parametrize(
    ("amount", "currency", "locale", "written"),
    [
        ("25.00", "EUR", EN, "€25.00"),
        ("1234567.50", "EUR", EN, "€1,234,567.50"),
        ("1234.50", "EUR", DE, f"1.234,50{NBSP}€"),
        ("-3.50", "USD", EN, "-$3.50"),
        ("250000", "VND", EN, "₫250,000"),
        ("250000", "VND", VI, f"250.000{NBSP}₫"),
        ("1250", "JPY", EN, "¥1,250"),
        ("1.234", "KWD", EN, f"KWD{NBSP}1.234"),
        ("0.00", "EUR", EN, "€0.00"),
        ("999999999999999.999999", "EUR", EN, "€999,999,999,999,999.999999"),
        ("999999999999999900.0000", "CLF", EN, f"CLF{NBSP}999,999,999,999,999,900.0000"),  # the largest order
    ],
)
def test_money_has_the_format_of_the_locale(amount: str, currency: str, locale: Locale, written: str) -> None:
    assert formats.money(amount, currency, locale) == written


@pytest.mark.parametrize(("amount", "written"), [("1250.00", "1,250.00"), ("1250", "1,250"), ("1250.5", "1,250.5")])
@pytest.mark.parametrize("currency", ["HUF", "IDR", "ISK", "CLF"])
def test_money_keeps_its_own_digits_and_not_those_of_cldr(currency: str, amount: str, written: str) -> None:
    assert formats.money(amount, currency, EN).removeprefix(currency).strip() == written


@pytest.mark.parametrize("amount", ["", "1e3", "1,50", " 1", "NaN", "٣", "1.", 25, 25.0, None, ["1"], "1" * 21])
def test_an_invalid_amount_is_refused_and_not_repeated(amount: Any) -> None:
    with pytest.raises(formats.FormatError, match=r"^an amount is not a decimal string such as 12\.50$"):
        formats.money(amount, "EUR", EN)


@pytest.mark.parametrize("currency", ["", "eur", "EURO", None, 978])
def test_an_invalid_currency_is_refused_and_not_repeated(currency: Any) -> None:
    with pytest.raises(formats.FormatError, match=r"^a currency is not a code of ISO 4217 such as EUR$"):
        formats.money("1.00", currency, EN)


def test_a_product_keeps_the_digits_of_the_price() -> None:
    assert formats.multiply("12.50", 2) == "25.00"
    assert formats.multiply("0.10", 3) == "0.30"
    assert formats.multiply("95000", 12) == "1140000"
    assert formats.multiply("999999999999.9999", 10_000) == "9999999999999999.0000"


@pytest.mark.parametrize("quantity", ["2", 2.0, None, True])
def test_an_invalid_quantity_is_refused(quantity: Any) -> None:
    with pytest.raises(formats.FormatError, match=r"^a quantity is not a whole number$"):
        formats.multiply("12.50", quantity)


def test_a_time_is_formatted_in_utc_with_that_name() -> None:
    assert formats.date_time("2026-11-22T10:15:30Z", EN) == f"November 22, 2026, 10:15{NNBSP}AM UTC"
    assert formats.date_time("2026-11-23T01:15:30+07:00", VI) == "22 tháng 11, 2026, 18:15 UTC"


@pytest.mark.parametrize(
    "timestamp", ["2026-11-22t10:15:30z", "2026-11-22T10:15:30.1234567Z", "2026-11-22 10:15:30-00:00"]
)
def test_each_form_of_rfc_3339_is_read(timestamp: str) -> None:
    assert formats.date_time(timestamp, EN) == f"November 22, 2026, 10:15{NNBSP}AM UTC"


@pytest.mark.parametrize("timestamp", ["yesterday", "", None, 1795342530, "1795342530", "20261122T101530Z"])
def test_an_invalid_time_is_refused_and_not_repeated(timestamp: Any) -> None:
    with pytest.raises(formats.FormatError, match=r"^a time is not a timestamp of RFC 3339$"):
        formats.date_time(timestamp, EN)


@pytest.mark.parametrize("timestamp", ["9999-12-31T23:59:59-14:00", "0001-01-01T00:00:00+14:00"])
def test_a_time_that_no_calendar_has_in_utc_is_refused(timestamp: str) -> None:
    with pytest.raises(formats.FormatError, match=r"^a time is before the year 1 or after 9999 in UTC$"):
        formats.date_time(timestamp, EN)


@pytest.mark.parametrize("timestamp", ["2026-11-22T10:15:30", "2026-11-22"])
def test_a_time_without_a_zone_is_refused(timestamp: str) -> None:
    with pytest.raises(formats.FormatError, match=r"^a time has no offset from UTC$"):
        formats.date_time(timestamp, EN)


def test_two_texts_stand_at_the_ends_of_a_line() -> None:
    assert formats.spread("Total", "€25.00", width=20) == "Total         €25.00"


def test_texts_that_do_not_fit_stay_apart() -> None:
    assert formats.spread("Total of it all", "€25.00", width=20) == "Total of it all  €25.00"
