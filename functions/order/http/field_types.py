"""The kinds of text that a request has, each with its rule, its bound and its message."""

from __future__ import annotations

import unicodedata
from typing import Annotated

from email_validator import EmailNotValidError, validate_email
from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from functions.order import money
from functions.order.orders import Channel


def _readable(text: str) -> str:
    categories = {unicodedata.category(character) for character in text}
    if categories & {"Cc", "Cs", "Zl", "Zp"}:
        raise PydanticCustomError("unreadable", "String should have no control characters or line breaks")
    if not any(category[0] in "LNPS" for category in categories):
        raise PydanticCustomError("blank", "String should not be blank")
    return text


def _mail_address(address: str) -> str:
    try:
        # Few mail servers take anything but ASCII before the @; an international domain they all do.
        # test_environment: names under .test are for trying things out, and so are the shops that get them.
        valid = validate_email(address, check_deliverability=False, allow_smtputf8=False, test_environment=True)
    except EmailNotValidError:
        valid = None
    # The address is kept as given, so its domain has to be given in a form that needs no mapping.
    if valid is None or address.rpartition("@")[2].lower() not in {valid.domain, valid.ascii_domain}:
        # Without EmailNotValidError, whose message has parts of the address.
        raise PydanticCustomError("email", "String should be a mail address such as ada@example.com")
    return address


def _without_repeats(channels: list[Channel]) -> list[Channel]:
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


LONGEST_REFERENCE = 128

Reference = Annotated[str, Field(max_length=LONGEST_REFERENCE, pattern="^[!-~]+$")]
Name = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(_readable)]
MailAddress = Annotated[str, Field(max_length=254), AfterValidator(_mail_address)]
PhoneNumber = Annotated[str, Field(pattern=r"^\+[1-9][0-9]{6,14}$")]
LanguageTag = Annotated[str, Field(max_length=35, pattern="^[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8})*$")]
Channels = Annotated[list[Channel], Field(min_length=1), AfterValidator(_without_repeats)]
CurrencyCode = Annotated[str, Field(min_length=3, max_length=3), AfterValidator(_currency)]
Amount = Annotated[str, Field(pattern=r"^(0|[1-9][0-9]{0,11})(\.[0-9]{1,4})?$")]
