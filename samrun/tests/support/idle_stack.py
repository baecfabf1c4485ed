"""Parts of a stack in which nothing runs, for tests of what looks at them."""

from pathlib import Path

import pytest

from samrun.control.stack_parts import StackParts
from samrun.endpoints import Endpoints
from samrun.oidc.issuer import Issuer
from samrun.services.mail_store import MailStore
from samrun.services.text_message_store import TextMessageStore
from samrun.template.model.application import Application, Resource
from samrun.template.model.functions import Function


def idle_stack(
    mails: Path,
    *,
    external: frozenset[str] = frozenset(),
    resources: tuple[Resource, ...] = (),
    functions: tuple[Function, ...] = (),
    application: Application | None = None,
    issuer: Issuer | None = None,
) -> StackParts:
    """Return the parts of a stack without pollers, with the mails of a folder. Its Kafka is not there."""
    nothing = Application(functions=functions, apis=(), mappings=(), schedules=(), resources=resources, ignored=())
    return StackParts(
        endpoints=Endpoints(api=None, lambda_=None, console="", aws="", dynamodb="", kafka="127.0.0.1:1"),
        client=lambda service: pytest.fail(f"{service} is not needed"),
        mails=MailStore(mails),
        text_messages=TextMessageStore(mails / "text-messages"),
        external=external,
        application=application or nothing,
        issuer=issuer,
    )
