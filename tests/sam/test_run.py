"""`make run SAM=1`: the whole stack, with the functions in containers of `sam local start-lambda`."""

import os
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from samrun.testing.waiting import PATIENCE, eventually
from tests.project import copy_to
from tests.sam.sam_cli import EXECUTABLE
from tests.system.order_stack import OrderStack

# It builds all functions twice. `make test` runs them in containers one by one (test_local.py), and a small application
# by `samrun up --sam` (samrun/tests/system/test_sam_stack.py).
pytestmark = [pytest.mark.proof, pytest.mark.xdist_group("sam-build")]

# `sam build` fetches packages.
PATIENCE_WITH_BUILDS = 5 * PATIENCE


@pytest.fixture
def stack(docker: None, python: str, tmp_path: Path) -> Iterator[OrderStack]:
    """A stack on its own copy of the project, because the test changes the project."""
    stack = OrderStack(
        copy_to(tmp_path / "project"),
        tmp_path / "data",
        options=["--sam"],
        environment={"SAMRUN_SAM_CLI": str(EXECUTABLE)},
    )
    try:
        stack.wait_until_ready(patience=PATIENCE_WITH_BUILDS)
        yield stack
        assert stack.stop() == os.EX_OK
    finally:
        stack.kill()


def test_order_becomes_a_mail_through_containers(stack: OrderStack, tmp_path: Path) -> None:
    assert stack.place("pay-sam").status_code == httpx.codes.CREATED
    stack.wait_for_mails_to(["pay-sam"])
    # The functions' logs are on the terminal, as without containers.
    assert stack.logged("NotifyFunction    notification sent")

    template = tmp_path / "project/functions/notify/templates/order.paid.v1/en/subject.txt.jinja"
    template.write_text("Changed: " + template.read_text())
    eventually(
        lambda: stack.logged("NotifyFunction    code changed"), what="a new build", patience=PATIENCE_WITH_BUILDS
    )
    assert stack.place("pay-sam-2").status_code == httpx.codes.CREATED
    stack.wait_for_mails_to(["pay-sam", "pay-sam-2"])
    assert [mail["Subject"][:8] for mail in stack.mails()] == ["Changed:", "Confirme"]
