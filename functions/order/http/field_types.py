"""Field types of a request, each with its rule, its bound and its message."""

from __future__ import annotations

import unicodedata
from typing import Annotated

from email_validator import EmailNotValidError, validate_email
from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from functions.order.domain import money
from functions.order.domain.order import ChannelName


def _readable(text: str) -> str:
    categories = {unicodedata.category(character) for character in text}
    if categories & {"Cc", "Cs", "Zl", "Zp"}:
        raise PydanticCustomError("unreadable", "String should have no control characters or line breaks")
    if not any(category[0] in "LNPS" for category in categories):
        raise PydanticCustomError("blank", "String should not be blank")
    return text


def _mail_address(address: str) -> str:
    try:
        # Few mail servers accept anything but ASCII before the @; all accept an international domain.
        # test_environment: domains under .test are allowed, for shops in which somebody tries things out.
        valid = validate_email(address, check_deliverability=False, allow_smtputf8=False, test_environment=True)
    except EmailNotValidError:
        valid = None
    # The address is stored as given, so its domain must be given in a form that needs no mapping.
    if valid is None or address.rpartition("@")[2].lower() not in {valid.domain, valid.ascii_domain}:
        # Without EmailNotValidError, whose message contains parts of the address.
        raise PydanticCustomError("email", "String should be a mail address such as ada@example.com")
    return address


def _without_repeats(channels: list[ChannelName]) -> list[ChannelName]:
    if len(set(channels)) < len(channels):
        raise PydanticCustomError("repeated", "List should name each channel once")
    return channels


def _currency(code: str) -> str:
    try:
        money.digits(code)
    except money.UnknownCurrencyError:
        message = "String should be the ISO 4217 code of a currency, such as EUR"
        raise PydanticCustomError("currency", message) from None
    return code


MAX_REFERENCE = 128

Reference = Annotated[str, Field(max_length=MAX_REFERENCE, pattern="^[!-~]+$")]
Name = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(_readable)]
MailAddress = Annotated[str, Field(max_length=254), AfterValidator(_mail_address)]
PhoneNumber = Annotated[str, Field(pattern=r"^\+[1-9][0-9]{6,14}$")]
LanguageTag = Annotated[str, Field(max_length=35, pattern="^[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8})*$")]
Channels = Annotated[list[ChannelName], Field(min_length=1), AfterValidator(_without_repeats)]
CurrencyCode = Annotated[str, Field(min_length=3, max_length=3), AfterValidator(_currency)]
Amount = Annotated[str, Field(pattern=r"^(0|[1-9][0-9]{0,11})(\.[0-9]{1,4})?$")]
