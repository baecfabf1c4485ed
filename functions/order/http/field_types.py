"""Field types of a request, each with its rule, its bound and its message."""

from __future__ import annotations

import re
import unicodedata
from typing import Annotated

from email_validator import EmailNotValidError, validate_email
from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from functions.order.domain import money
from functions.order.domain.order import ChannelName

# Rules of the events' schemas, word by word: what passes them here, notify can send. The length of the part before the
# @ is that of RFC 5321; the quoted form of that part is not for customers, nor is "=?", which begins an encoded word.
MAIL_ADDRESS = r"^(?![^@]*=\?)[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[^@\s]{1,253}$"
PHONE_NUMBER = r"^\+[1-9][0-9]{6,14}$"
ONE_LINE = r"^[^\u0000-\u001f\u007f-\u009f\u2028\u2029\ufffd]+$"


def is_visible(text: str) -> bool:
    """Tell whether a text has a letter, a digit, a punctuation mark or a symbol."""
    return any(unicodedata.category(character)[0] in "LNPS" for character in text)


def _readable(text: str) -> str:
    if {unicodedata.category(character) for character in text} & {"Cc", "Cs", "Zl", "Zp"}:
        raise PydanticCustomError("unreadable", "String should have no control characters or line breaks")
    if "\N{REPLACEMENT CHARACTER}" in text:
        raise PydanticCustomError("lossy", "String should not contain U+FFFD, which stands for a lost character")
    if not is_visible(text):
        raise PydanticCustomError("blank", "String should not be blank")
    return text


def _mail_address(address: str) -> str:
    try:
        # Few mail servers accept anything but ASCII before the @; all accept an international domain.
        # strict: with the lengths of RFC 5321, which SES checks, too.
        # test_environment: domains under .test are allowed, for shops in which somebody tries things out.
        valid = validate_email(
            address, check_deliverability=False, allow_smtputf8=False, strict=True, test_environment=True
        )
    except EmailNotValidError:
        valid = None
    # The address is stored as given, so its domain must be given in a form that needs no mapping.
    domain = address.rpartition("@")[2].lower()
    if valid is None or domain not in {valid.domain, valid.ascii_domain} or not re.fullmatch(MAIL_ADDRESS, address):
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
REFERENCE = "^[!-~]+$"

Reference = Annotated[str, Field(max_length=MAX_REFERENCE, pattern=REFERENCE)]
# Rules of `json_schema_extra` are for the document only: the validator has a message that people understand.
Name = Annotated[
    str, Field(min_length=1, max_length=200, json_schema_extra={"pattern": ONE_LINE}), AfterValidator(_readable)
]
MailAddress = Annotated[
    str,
    Field(max_length=254, json_schema_extra={"pattern": MAIL_ADDRESS, "format": "idn-email"}),
    AfterValidator(_mail_address),
]
PhoneNumber = Annotated[str, Field(pattern=PHONE_NUMBER)]
LanguageTag = Annotated[str, Field(max_length=35, pattern="^[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8})*$")]
Channels = Annotated[
    list[ChannelName], Field(min_length=1, json_schema_extra={"uniqueItems": True}), AfterValidator(_without_repeats)
]
CurrencyCode = Annotated[
    str,
    Field(
        min_length=3,
        max_length=3,
        json_schema_extra={"enum": sorted(code for codes in money.codes_by_digits().values() for code in codes)},
    ),
    AfterValidator(_currency),
]
Amount = Annotated[str, Field(pattern=r"^(0|[1-9][0-9]{0,11})(\.[0-9]{1,4})?$")]


def amount(digits: int) -> str:
    """Return the pattern of an amount with this number of digits after the point."""
    return r"^(0|[1-9][0-9]{0,11})" + (rf"\.[0-9]{{{digits}}}$" if digits else "$")
