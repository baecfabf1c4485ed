"""Tokens as a newcomer gets them: in the banner of the stack, or from `samrun token`."""

import subprocess
import sys

import httpx
import pytest

from tests.project import ROOT
from tests.system.order_stack import OrderStack

pytestmark = pytest.mark.xdist_group("shared-stack")


def _made(stack: OrderStack, *options: str) -> str:
    command = [sys.executable, "-m", "samrun", "token", "--data", str(stack.data), *options]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.strip()


def test_the_token_of_the_command_that_is_shown_places_an_order(shared: OrderStack) -> None:
    [command] = shared.logged("curl -i ")
    assert f"{shared.endpoints['api']}/orders" in command
    token = command.partition("authorization: Bearer ")[2].partition("'")[0]
    assert shared.place("pay-shown-token", token=token).status_code == httpx.codes.CREATED


def test_a_token_that_was_made_allows_what_its_scope_says(shared: OrderStack) -> None:
    writes, reads = _made(shared, "--scope", "orders:write"), _made(shared, "--sub", "cus_ada")
    answer = shared.place("pay-made-token", token=writes)
    assert answer.status_code == httpx.codes.CREATED
    assert shared.get(answer.headers["location"], token=reads).json() == answer.json()
    assert shared.place("pay-no-scope", token=reads).status_code == httpx.codes.FORBIDDEN


def test_request_without_a_token_places_nothing_and_repeats_no_token(shared: OrderStack) -> None:
    answer = shared.place("pay-no-token", token="not.a.token-of-anybody")
    assert answer.status_code == httpx.codes.UNAUTHORIZED
    assert answer.headers["www-authenticate"].startswith("Bearer ")
    assert shared.logged("POST /orders → 401")
    assert not shared.logged("token-of-anybody")
