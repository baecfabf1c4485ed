"""Settings of the three functions, read from the environment at start.

Each function has a class of its own, with the variables that template.yaml declares for it, and no others.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from functions.notify.domain.notification import UnknownPolicy
from functions.notify.errors import NotifyError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from email.headerregistry import Address

T = TypeVar("T")

# Smallest and largest value of the numbers; template.yaml's bounds lie within these.
RATES = (0.1, 1_000_000)  # per second
ENVIRONMENTS = (1, 10_000)
# Of a page of the shop. Mails show it, so it has no characters that end a link.
HTTPS_URL = re.compile(r"https://[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+(/[A-Za-z0-9._~/-]*)?")
EVENT_AGES = (1, 10 * 365 * 24 * 60 * 60)  # in seconds

_WHERE = "Set the function's environment variables in template.yaml."


class SettingsError(NotifyError):
    """Environment variables are missing or malformed. The message names each, what to set it to, and where."""


@dataclass(frozen=True, kw_only=True)
class NotifySettings:
    """Settings of the notify function. The rates are those of the account, for all environments together."""

    notifications_table: str
    dead_letter_queue_url: str
    shop_name: str
    sender: Address
    shop_url: str
    support_address: Address | None
    configuration_set: str
    mails_per_second: float
    sends_text_messages: bool
    texts_per_second: float
    text_sender_id: str
    max_environments: int
    unknown_policy: UnknownPolicy
    max_age: timedelta

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> NotifySettings:
        """Read the settings. Raises SettingsError, which names every wrong variable."""
        variables = _Variables(environment)
        shop_name = variables.text("SHOP_NAME", "the name of the shop")
        settings = cls(
            notifications_table=variables.notifications_table(),
            dead_letter_queue_url=variables.text("DEAD_LETTER_QUEUE_URL", "the URL of an SQS queue"),
            shop_name=shop_name,
            sender=variables.address("SENDER_ADDRESS", display_name=shop_name),
            shop_url=variables.optional_url("SHOP_URL"),
            support_address=variables.optional_address("SUPPORT_ADDRESS", display_name=shop_name),
            configuration_set=variables.text("CONFIGURATION_SET", "the name of a configuration set of SES"),
            mails_per_second=variables.rate("MAILS_PER_SECOND", such_as=14),
            sends_text_messages=variables.true_or_false("TEXT_MESSAGES"),
            texts_per_second=variables.rate("TEXTS_PER_SECOND", such_as=20),
            text_sender_id=variables.optional("TEXT_SENDER_ID", "a sender id of SNS, or empty"),
            max_environments=variables.whole_number("MAX_ENVIRONMENTS", ENVIRONMENTS, such_as=3),
            unknown_policy=variables.unknown_policy(),
            max_age=timedelta(seconds=variables.whole_number("MAXIMUM_EVENT_AGE_SECONDS", EVENT_AGES, such_as=259_200)),
        )
        variables.require_metrics_namespace()
        variables.check()
        return settings


@dataclass(frozen=True, kw_only=True)
class FeedbackSettings:
    """Settings of the feedback function."""

    notifications_table: str

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> FeedbackSettings:
        """Read the settings. Raises SettingsError, which names every wrong variable."""
        variables = _Variables(environment)
        settings = cls(notifications_table=variables.notifications_table())
        variables.require_metrics_namespace()
        variables.check()
        return settings


@dataclass(frozen=True, kw_only=True)
class HistorySettings:
    """Settings of the history function. `is_sam_local`: `sam local` runs it, which verifies no token."""

    notifications_table: str
    read_scope: str
    is_sam_local: bool

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> HistorySettings:
        """Read the settings. Raises SettingsError, which names every wrong variable."""
        variables = _Variables(environment)
        settings = cls(
            notifications_table=variables.notifications_table(),
            read_scope=variables.text("NOTIFICATIONS_READ_SCOPE", "a scope such as notifications:read"),
            is_sam_local=environment.get("AWS_SAM_LOCAL") == "true",  # Lambda itself does not set it
        )
        variables.check()
        return settings


_ADDRESS = "a mail address such as orders@shop.example"
_URL = "a URL such as https://shop.example, or empty"


class _Variables:
    """The variables of an environment, and the problems that were found in them.

    A method that finds a problem notes it and returns a value that nobody uses, since `check` raises then. No problem
    quotes the value: it can be an address.
    """

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment
        self._problems: list[str] = []

    def check(self) -> None:
        """Raise SettingsError if there are problems."""
        if self._problems:
            raise SettingsError(" ".join([*self._problems, _WHERE]))

    def optional(self, name: str, expected: str) -> str:
        """Return a variable that may be empty, but not missing."""
        if name not in self._environment:
            self._problems.append(f"{name} is missing: set it to {expected}.")
        return self._environment.get(name, "")

    def text(self, name: str, expected: str) -> str:
        """Return a variable that may not be empty."""
        return self._parsed(name, expected, parse=_not_empty, default="")

    def rate(self, name: str, *, such_as: int) -> float:
        """Return a number of messages per second."""
        minimum, maximum = RATES
        expected = f"a number from {minimum} to {maximum}, such as {such_as}"
        return self._parsed(name, expected, parse=partial(_number, minimum=minimum, maximum=maximum), default=minimum)

    def whole_number(self, name: str, bounds: tuple[int, int], *, such_as: int) -> int:
        """Return a whole number within the bounds."""
        minimum, maximum = bounds
        expected = f"a whole number from {minimum} to {maximum}, such as {such_as}"
        return self._parsed(
            name, expected, parse=partial(_whole_number, minimum=minimum, maximum=maximum), default=minimum
        )

    def true_or_false(self, name: str) -> bool:
        """Return a variable that is true or false."""
        return self._parsed(name, "true or false", parse=_true_or_false, default=False)

    def optional_address(self, name: str, *, display_name: str) -> Address | None:
        """Return a mail address; None if the variable is empty."""
        return self.address(name, display_name=display_name) if self.optional(name, _ADDRESS) else None

    def optional_url(self, name: str) -> str:
        """Return the URL of a web page, which may be empty."""
        return self._parsed(name, _URL, parse=_https_url, default="") if self.optional(name, _URL) else ""

    def address(self, name: str, *, display_name: str) -> Address:
        """Return a mail address."""
        # Imported here: the two other functions start without the modules for mails.
        from email.headerregistry import Address

        from functions.notify.channels.mailer import parse_address

        return self._parsed(name, _ADDRESS, parse=partial(parse_address, name=display_name), default=Address())

    def notifications_table(self) -> str:
        """Return the name of the ledger's table."""
        return self.text("NOTIFICATIONS_TABLE", "the name of the table of notifications")

    def require_metrics_namespace(self) -> None:
        """Note if the namespace of the metrics is wrong: Powertools reads it, but fails only after the first batch."""
        self.text("POWERTOOLS_METRICS_NAMESPACE", "the namespace of the metrics")

    def unknown_policy(self) -> UnknownPolicy:
        """Return the policy for unknown notifications."""
        expected = " or ".join(UnknownPolicy)
        return self._parsed("UNKNOWN_POLICY", expected, parse=UnknownPolicy, default=UnknownPolicy.HOLD)

    def _parsed(self, name: str, expected: str, *, parse: Callable[[str], T], default: T) -> T:
        """Return the parsed text, or note that it is missing, empty or malformed, and return `default`."""
        text = self.optional(name, expected)
        if name in self._environment:
            try:
                return parse(text)
            except (ValueError, NotifyError):
                self._problems.append(f"{name} is malformed: set it to {expected}.")
        return default


def _not_empty(text: str) -> str:
    if not text:
        raise ValueError
    return text


def _https_url(text: str) -> str:
    if not HTTPS_URL.fullmatch(text):
        raise ValueError
    return text


def _true_or_false(text: str) -> bool:
    if text not in {"true", "false"}:
        raise ValueError
    return text == "true"


def _number(text: str, *, minimum: float, maximum: float) -> float:
    number = float(text)
    if not minimum <= number <= maximum:  # nan is outside, too
        raise ValueError
    return number


def _whole_number(text: str, *, minimum: int, maximum: int) -> int:
    if not (text.isascii() and text.isdecimal() and minimum <= int(text) <= maximum):
        raise ValueError
    return int(text)
