"""What is said once everything runs: where it is, and how to try it."""

import os
import sys
import time

from local.issuer import LIFETIME
from local.model import HttpApi
from local.stack import Stack
from local.terminal import Terminal
from local.tokens import try_it_token


def say_ready(running: Stack, terminal: Terminal) -> None:
    """Print it."""
    terminal.say(f"\nReady after {time.monotonic() - terminal.started:.1f} s. Ctrl-C ends everything.\n")
    for name, address in running.endpoints.by_name().items():
        terminal.say(f"  {name.replace('_', ' '):<15} {address}")
    for api in running.application.apis:
        if api.openapi_document and running.endpoints.api:
            terminal.say(f"  {'docs':<15} {running.endpoints.api}/docs")
        if api.try_it and running.endpoints.api:
            terminal.say(f"\nTry it:\n\n{_try_it(api, running)}\n")


def _try_it(api: HttpApi, running: Stack) -> str:
    command = (api.try_it or "").replace("{api}", running.endpoints.api or "").rstrip()
    wanted, token = api.try_it_token, try_it_token(api, running.issuer)
    if wanted is None or token is None:
        return command
    scope = f" and the scope {wanted.scope}" if wanted.scope else ""
    return (
        f"{command.replace('{token}', token)}\n\n"
        f"The token in it lasts {LIFETIME // 3600} hours; it has the subject {wanted.subject}{scope}.\n"
        f"For another:  {os.path.relpath(sys.executable)} -m local token --sub … --scope …  (see its --help)"
    )
