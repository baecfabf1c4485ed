"""The settings: what template.yaml declares for each function is what the function reads."""

from __future__ import annotations

import functools
import re
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from functions.notify.domain.notification import UnknownPolicy
from functions.notify.settings import FeedbackSettings, HistorySettings, NotifySettings, SettingsError
from tests.notify.samples import FEEDBACK_ENVIRONMENT, HISTORY_ENVIRONMENT, NOTIFY_ENVIRONMENT
from tools.templates import SYSTEM, load_template

if TYPE_CHECKING:
    from collections.abc import Mapping

    Settings = type[NotifySettings | FeedbackSettings | HistorySettings]

# Powertools reads it itself, and has a default.
OF_POWERTOOLS = {"POWERTOOLS_SERVICE_NAME"}
WHERE = "Set the function's environment variables in template.yaml."
FUNCTIONS = [
    pytest.param("NotifyFunction", NotifySettings, NOTIFY_ENVIRONMENT, id="notify"),
    pytest.param("FeedbackFunction", FeedbackSettings, FEEDBACK_ENVIRONMENT, id="feedback"),
    pytest.param("HistoryFunction", HistorySettings, HISTORY_ENVIRONMENT, id="history"),
]


class Recorder(dict[str, str]):
    """An environment that notes which variables are read."""

    def __init__(self, variables: Mapping[str, str]) -> None:
        super().__init__(variables)
        self.read: set[str] = set()

    def __contains__(self, name: object) -> bool:
        self.read.add(str(name))
        return super().__contains__(name)


def declared(function: str) -> set[str]:
    """Return the variables that template.yaml declares for a function alone."""
    return set(_resources()[function]["Properties"]["Environment"]["Variables"])


@functools.cache
def _resources() -> dict[str, Any]:
    resources: dict[str, Any] = load_template(SYSTEM)["Resources"]
    return resources


@pytest.mark.parametrize(("function", "settings", "environment"), FUNCTIONS)
def test_each_function_reads_what_the_template_declares_for_it(
    function: str, settings: Settings, environment: dict[str, str]
) -> None:
    recorder = Recorder(environment)
    settings.from_environment(recorder)
    assert recorder.read == declared(function) - OF_POWERTOOLS


@pytest.mark.parametrize(("function", "settings", "environment"), FUNCTIONS)
def test_a_missing_variable_is_named_with_what_it_should_be(
    function: str, settings: Settings, environment: dict[str, str]
) -> None:
    for name in declared(function) - OF_POWERTOOLS:
        without = {other: value for other, value in environment.items() if other != name}
        with pytest.raises(SettingsError, match=f"^{name} is missing: set it to .+\\. {WHERE}$"):
            settings.from_environment(without)


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("NOTIFICATIONS_TABLE", "", "the name of the table of notifications"),
        ("DEAD_LETTER_QUEUE_URL", "", "the URL of an SQS queue"),
        ("SHOP_NAME", "", "the name of the shop"),
        ("POWERTOOLS_METRICS_NAMESPACE", "", "the namespace of the metrics"),
        ("CONFIGURATION_SET", "", "the name of a configuration set of SES"),
        ("MAILS_PER_SECOND", "many", "a number from 0.1 to 1000000, such as 14"),
        ("MAILS_PER_SECOND", "0", "a number from 0.1 to 1000000, such as 14"),
        ("MAILS_PER_SECOND", "5e-324", "a number from 0.1 to 1000000, such as 14"),
        ("MAILS_PER_SECOND", "1000001", "a number from 0.1 to 1000000, such as 14"),
        ("MAILS_PER_SECOND", "nan", "a number from 0.1 to 1000000, such as 14"),
        ("TEXT_MESSAGES", "on", "true or false"),
        ("TEXT_MESSAGES", "", "true or false"),
        ("TEXTS_PER_SECOND", "inf", "a number from 0.1 to 1000000, such as 20"),
        ("TEXTS_PER_SECOND", "", "a number from 0.1 to 1000000, such as 20"),
        ("MAX_ENVIRONMENTS", "1.5", "a whole number from 1 to 10000, such as 3"),
        ("MAX_ENVIRONMENTS", "0", "a whole number from 1 to 10000, such as 3"),
        ("MAX_ENVIRONMENTS", "10001", "a whole number from 1 to 10000, such as 3"),
        ("MAXIMUM_EVENT_AGE_SECONDS", "-1", "a whole number from 1 to 315360000, such as 259200"),
        ("MAXIMUM_EVENT_AGE_SECONDS", "9" * 15, "a whole number from 1 to 315360000, such as 259200"),
        ("MAXIMUM_EVENT_AGE_SECONDS", "9" * 5000, "a whole number from 1 to 315360000, such as 259200"),
        ("SENDER_ADDRESS", "", "a mail address such as orders@shop.example"),
        ("SENDER_ADDRESS", "orders@foo_bar", "a mail address such as orders@shop.example"),
        ("SUPPORT_ADDRESS", "help", "a mail address such as orders@shop.example"),
        ("SHOP_URL", "shop.example", "a URL such as https://shop.example, or empty"),
        ("SHOP_URL", "http://shop.example", "a URL such as https://shop.example, or empty"),
        ("SHOP_URL", "https://localhost", "a URL such as https://shop.example, or empty"),
        ("SHOP_URL", "https://shop.example/a b", "a URL such as https://shop.example, or empty"),
        ("SHOP_URL", 'https://shop.example/"', "a URL such as https://shop.example, or empty"),
        ("UNKNOWN_POLICY", "forget", "resend or hold"),
    ],
)
def test_a_malformed_variable_is_named_with_what_it_should_be_and_without_its_value(
    name: str, value: str, expected: str
) -> None:
    with pytest.raises(SettingsError) as raised:
        NotifySettings.from_environment(NOTIFY_ENVIRONMENT | {name: value})
    assert str(raised.value) == f"{name} is malformed: set it to {expected}. {WHERE}"


@pytest.mark.parametrize(("function", "settings", "environment"), FUNCTIONS)
def test_all_missing_variables_are_named_in_one_message_once_each(
    function: str, settings: Settings, environment: dict[str, str]
) -> None:
    with pytest.raises(SettingsError) as raised:
        settings.from_environment({})
    named = re.findall(r"(\w+) is missing: set it to [^.]+\.", str(raised.value))
    assert sorted(named) == sorted(declared(function) - OF_POWERTOOLS)
    assert str(raised.value).count("set it to") == len(named)
    assert str(raised.value).endswith(f". {WHERE}")


def test_missing_and_malformed_variables_are_named_in_one_message_without_their_values() -> None:
    wrong = {"MAILS_PER_SECOND": "many", "SENDER_ADDRESS": "ada@", "SUPPORT_ADDRESS": "help", "UNKNOWN_POLICY": ""}
    environment = {name: value for name, value in (NOTIFY_ENVIRONMENT | wrong).items() if name != "SHOP_NAME"}
    with pytest.raises(SettingsError) as raised:
        NotifySettings.from_environment(environment)
    assert str(raised.value) == (
        "SHOP_NAME is missing: set it to the name of the shop. "
        "SENDER_ADDRESS is malformed: set it to a mail address such as "
        "orders@shop.example. "
        "SUPPORT_ADDRESS is malformed: set it to a mail address such as "
        "orders@shop.example. "
        "MAILS_PER_SECOND is malformed: set it to a number from 0.1 to 1000000, such as 14. "
        "UNKNOWN_POLICY is malformed: set it to resend or hold. "
        f"{WHERE}"
    )


@pytest.mark.parametrize(
    ("settings", "environment"), [(NotifySettings, NOTIFY_ENVIRONMENT), (FeedbackSettings, FEEDBACK_ENVIRONMENT)]
)
def test_a_missing_namespace_is_named_before_any_mail_is_sent(settings: Settings, environment: dict[str, str]) -> None:
    without = {name: value for name, value in environment.items() if name != "POWERTOOLS_METRICS_NAMESPACE"}
    with pytest.raises(SettingsError, match=r"^POWERTOOLS_METRICS_NAMESPACE is missing"):
        settings.from_environment(without)


def test_settings_are_typed() -> None:
    settings = NotifySettings.from_environment(
        NOTIFY_ENVIRONMENT | {"MAILS_PER_SECOND": "0.5", "UNKNOWN_POLICY": "hold"}
    )
    assert (settings.mails_per_second, settings.max_environments) == (0.5, 1)
    assert settings.unknown_policy is UnknownPolicy.HOLD
    assert settings.max_age == timedelta(days=3)
    assert str(settings.sender) == "The Analytical Bookshop <orders@shop.example.com>"


def test_support_address_and_url_may_be_empty() -> None:
    settings = NotifySettings.from_environment(NOTIFY_ENVIRONMENT | {"SUPPORT_ADDRESS": "", "SHOP_URL": ""})
    assert (settings.support_address, settings.shop_url) == (None, "")


@pytest.mark.parametrize(("text", "sends"), [("true", True), ("false", False)])
def test_text_messages_are_sent_only_if_the_variable_is_true(text: str, sends: bool) -> None:
    assert NotifySettings.from_environment(NOTIFY_ENVIRONMENT | {"TEXT_MESSAGES": text}).sends_text_messages is sends


@pytest.mark.parametrize(("variables", "is_sam_local"), [({}, False), ({"AWS_SAM_LOCAL": "true"}, True)])
def test_history_knows_sam_local(variables: dict[str, str], is_sam_local: bool) -> None:
    assert HistorySettings.from_environment(HISTORY_ENVIRONMENT | variables).is_sam_local is is_sam_local
