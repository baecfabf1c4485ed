"""What could not be delivered, set aside by notify or given up by its mapping, and delivered after the mend."""

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from tests.system.deadly import dies_of
from tests.system.running import ROOT, RunningStack, eventually

# One customer's mail cannot be rendered, for a reason that passes: division by false.
_BREAKS = "{{ 1 // (customer.email != 'unwritable@example.com') }}"
# Another one's record ends the whole function.
_DIES = dies_of(b"deadly@example.com")


def test_dead_letters_of_both_kinds_are_delivered_once_after_the_mend(
    start: Callable[..., RunningStack], project: Path
) -> None:
    template = project / "template.yaml"
    # Enough to isolate one record, however many come in one batch.
    template.write_text(template.read_text().replace("MaximumRetryAttempts: 10000", "MaximumRetryAttempts: 6"))
    mail = project / "functions/notify/templates/order.paid.v1/en/mail.txt.jinja"
    code = project / "functions/notify/app.py"
    mended_mail, mended_code = mail.read_text(), code.read_text()
    mail.write_text(mended_mail.replace("{% block content %}", "{% block content %}" + _BREAKS))
    code.write_text(mended_code + _DIES)
    stack = start()

    references = ["first", "unwritable", "second", "deadly", "third"]
    for reference in references:
        stack.place(reference).raise_for_status()
    eventually(lambda: stack.logged("RetryAttemptsExhausted"), what="the mapping to give up the deadly record")
    stack.wait_for_mails_to(["first", "second", "third"])

    listed = _tool(stack, project, "list").stdout
    [queued], [given_up] = (re.findall(rf"^(\S+) .* {where} ", listed, re.MULTILINE) for where in ("queue", "bucket"))
    assert queued != given_up
    assert "@example.com" not in listed
    assert "deadly@example.com" in _tool(stack, project, "show", given_up).stdout
    assert not [line for reference in references for line in stack.logged(f"{reference}@example.com")]

    mail.write_text(mended_mail)
    code.write_text(mended_code)
    planned = _tool(stack, project, "replay", "--all", "--dry-run").stdout
    assert queued in planned
    assert given_up in planned
    assert len(stack.recipients()) == 3
    assert "2 of 2 went through." in _tool(stack, project, "replay", "--all").stdout
    stack.wait_for_mails_to(references)
    assert _tool(stack, project, "list").stdout == "There are no dead letters.\n"


def _tool(stack: RunningStack, project: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """Run the tool as a user does; fail if it fails."""
    run = subprocess.run(
        [
            *(sys.executable, "-m", "tools.deadletters", *arguments),
            *("--data", str(stack.data), "--template", str(project / "template.yaml")),
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    return run
