"""Bootstrap of notify: the channels of a deployment with text messages and of one without."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from functions.notify import bootstrap
from functions.notify.events.customer_events import ChannelName
from tests.notify.samples import NOTIFY_ENVIRONMENT

if TYPE_CHECKING:
    from collections.abc import Iterator

FACTORIES = [factory for factory in vars(bootstrap).values() if hasattr(factory, "cache_clear")]


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """The environment of notify; the factories keep nothing of what they build in a test."""
    for name, value in NOTIFY_ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    _forget()
    yield monkeypatch
    _forget()


def _forget() -> None:
    for factory in FACTORIES:
        factory.cache_clear()


@pytest.mark.parametrize(
    ("text_messages", "channels"), [("true", {ChannelName.MAIL, ChannelName.TEXT}), ("false", {ChannelName.MAIL})]
)
def test_notifier_has_the_channel_for_text_messages_only_if_the_deployment_sends_them(
    environment: pytest.MonkeyPatch, text_messages: str, channels: set[ChannelName]
) -> None:
    environment.setenv("TEXT_MESSAGES", text_messages)
    assert bootstrap.notifier().channels.keys() == channels


def test_a_deployment_without_text_messages_makes_no_client_of_sns(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("TEXT_MESSAGES", "false")
    bootstrap.notifier()
    bootstrap.connections()
    assert bootstrap.sns.cache_info().currsize == 0
