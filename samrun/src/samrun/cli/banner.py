"""Banner: the lines that say where everything runs, and how to try it."""

import os
import shutil
import sys
import time
from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path

from samrun.oidc.issuer import LIFETIME
from samrun.oidc.token_defaults import try_it_token
from samrun.stack import Stack
from samrun.supervision.terminal import Terminal
from samrun.template.model.application import MissingTrigger
from samrun.template.model.http_apis import HttpApi


def print_banner(stack: Stack, terminal: Terminal) -> None:
    """Print the banner of a stack that is ready."""
    terminal.say(f"\nReady after {time.monotonic() - terminal.started:.1f} s. Ctrl-C ends everything.\n")
    _print_addresses(stack, terminal)
    _print_missing_triggers(stack.application.missing_triggers, terminal)
    for api in stack.application.apis:
        if api.try_it and stack.endpoints.api:
            terminal.say(f"\nTry it:\n\n{_try_it(api, stack)}\n")


def _print_addresses(stack: Stack, terminal: Terminal) -> None:
    lines = [*_addresses(stack), *((f"debug {name}", each) for name, each in stack.endpoints.debuggers.items())]
    width = max(15, *(len(name) for name, _ in lines))
    for name, address in lines:
        terminal.say(f"  {name:<{width}} {address}")


def _addresses(stack: Stack) -> Iterator[tuple[str, str]]:
    for name, address in stack.endpoints.by_name().items():
        yield name.replace("_", " "), address
    for api in stack.application.all_apis if stack.endpoints.api else ():
        if api.stage:
            yield api.logical_id, f"{stack.endpoints.api}/{api.stage}"
    for url in stack.application.function_urls if stack.endpoints.api else ():
        yield f"url of {url.function}", f"{stack.endpoints.api}{url.path}/"
    for rest_api in stack.application.rest_apis:
        # The value of a key that the template gives one may be a secret.
        for value in (value for value, name in rest_api.api_keys.items() if value == name):
            yield "x-api-key", f"{value}, for {rest_api.logical_id}"
    if stack.endpoints.api and any(each.openapi_document for each in stack.application.apis):
        yield "docs", f"{stack.endpoints.api}/docs"


def _print_missing_triggers(triggers: Sequence[MissingTrigger], terminal: Terminal) -> None:
    """Print a line for each function and reason, since one reason can be that of all triggers of a function."""
    if triggers:
        terminal.say("\nNot every trigger of the template runs here:\n")
    for (function, reason, remedy), group in groupby(triggers, lambda each: (each.function, each.reason, each.remedy)):
        names = ", ".join(f"{each.logical_id} ({each.source})" for each in group)
        terminal.say(f"  {function} is not triggered by {names}: {reason}. {remedy}.")


def _try_it(api: HttpApi, stack: Stack) -> str:
    command = (api.try_it or "").replace("{api}", stack.endpoints.api or "").rstrip()
    token_spec, token = api.try_it_token, try_it_token(api, stack.issuer)
    if token_spec is None or token is None:
        return command
    scope = f" and the scope {token_spec.scope}" if token_spec.scope else ""
    return (
        f"{command.replace('{token}', token)}\n\n"
        f"The token in it lasts {LIFETIME // 3600} hours; it has the subject {token_spec.subject}{scope}.\n"
        f"For another:  {_program()} token --sub … --scope …  (see its --help)"
    )


def _program() -> str:
    """Return the command that starts samrun: its name if that is on the path, else its path."""
    beside = Path(sys.executable).with_name("samrun")
    return "samrun" if shutil.which("samrun") == str(beside) else os.path.relpath(beside)
