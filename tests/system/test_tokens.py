"""Tokens as a newcomer gets them: in the banner of the stack, or from `samrun token`."""

import re
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


def test_the_token_of_the_command_that_is_shown_places_an_order(samrun: OrderStack) -> None:
    shown = samrun.log.read_text().partition("Try it:\n\n")[2].partition("\n\n")[0]
    assert f"curl {samrun.endpoints['api']}/orders " in shown
    [command] = re.findall(r"Bearer \$\((.+? token .+?)\)", shown)
    made = subprocess.run(["/bin/sh", "-c", command], cwd=ROOT, capture_output=True, text=True, check=True)
    assert samrun.place("pay-shown-token", token=made.stdout.strip()).status_code == httpx.codes.CREATED


def test_a_token_that_was_made_allows_what_its_scope_says(samrun: OrderStack) -> None:
    writes, reads = _made(samrun, "--scope", "orders:write"), _made(samrun, "--sub", "cus_ada")
    answer = samrun.place("pay-made-token", token=writes)
    assert answer.status_code == httpx.codes.CREATED
    assert samrun.get(answer.headers["location"], token=reads).json() == answer.json()
    assert samrun.place("pay-no-scope", token=reads).status_code == httpx.codes.FORBIDDEN


def test_request_without_a_token_places_nothing_and_repeats_no_token(samrun: OrderStack) -> None:
    answer = samrun.place("pay-no-token", token="not.a.token-of-anybody")
    assert answer.status_code == httpx.codes.UNAUTHORIZED
    assert answer.headers["www-authenticate"].startswith("Bearer ")
    assert samrun.logged("POST /orders → 401")
    assert not samrun.logged("token-of-anybody")
