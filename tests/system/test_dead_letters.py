"""Dead letters, of notify and of its mapping: each is delivered once after the fix."""

import re
from collections.abc import Callable
from pathlib import Path

from samrun.testing.waiting import eventually
from tests.system.crashing_notify import dies_of
from tests.system.order_stack import OrderStack
from tests.system.stack_tools import run_tool

# One customer's mail cannot be rendered, for a reason that passes: division by false.
_BREAKS = "{{ 1 // (customer.email != 'unwritable@example.com') }}"
# Another one's record ends the whole function.
_DIES = dies_of(b"deadly@example.com")


def test_dead_letters_of_both_kinds_are_delivered_once_after_the_fix(
    start: Callable[..., OrderStack], project: Path
) -> None:
    template = project / "template.yaml"
    # Enough to isolate one record, however many come in one batch.
    template.write_text(template.read_text().replace("MaximumRetryAttempts: 10000", "MaximumRetryAttempts: 6"))
    mail = project / "functions/notify/templates/order.paid.v1/en/mail.txt.jinja"
    code = project / "functions/notify/handlers/notify.py"
    fixed_mail, fixed_code = mail.read_text(), code.read_text()
    mail.write_text(fixed_mail.replace("{% block content %}", "{% block content %}" + _BREAKS))
    code.write_text(fixed_code + _DIES)
    stack = start()

    references = ["first", "unwritable", "second", "deadly", "third"]
    for reference in references:
        stack.place(reference).raise_for_status()
    eventually(lambda: stack.logged("RetryAttemptsExhausted"), what="the mapping to discard the deadly record")
    stack.wait_for_mails_to(["first", "second", "third"])

    listed = run_tool(stack, project, "list")
    [queued], [discarded] = (re.findall(rf"^(\S+) .* {where} ", listed, re.MULTILINE) for where in ("queue", "bucket"))
    assert queued != discarded
    assert "@example.com" not in listed
    assert "deadly@example.com" in run_tool(stack, project, "show", discarded)
    assert not [line for reference in references for line in stack.logged(f"{reference}@example.com")]

    mail.write_text(fixed_mail)
    code.write_text(fixed_code)
    planned = run_tool(stack, project, "replay", "--all", "--dry-run")
    assert queued in planned
    assert discarded in planned
    assert len(stack.recipients()) == 3
    assert "2 of 2 went through." in run_tool(stack, project, "replay", "--all")
    stack.wait_for_mails_to(references)
    assert run_tool(stack, project, "list") == "There are no dead letters.\n"
