"""Banner: the lines that say where everything runs, how to try it, and what to do next."""

import os
import re
import shlex
import shutil
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from pathlib import Path

from samrun.endpoints import DATA
from samrun.oidc.try_it_token import local_authorizers
from samrun.settings import Settings
from samrun.stack import Stack
from samrun.supervision.terminal import Terminal
from samrun.template.model.application import Application, MissingTrigger
from samrun.template.model.kafka_mappings import KafkaMapping

_GET = {"GET", "ANY"}
_PATH_PARAMETER = re.compile(r"\{(\w+)\+?\}")
_LONG_WINDOW = 5.0
"""Seconds of a batching window, above which it seems that nothing happens."""


def print_banner(stack: Stack, settings: Settings, terminal: Terminal) -> None:
    """Print the banner of a stack that is ready."""
    terminal.say(f"\nReady after {time.monotonic() - terminal.started:.1f} s. Ctrl-C ends everything.\n")
    _print_addresses(stack, terminal)
    _print_missing_triggers(stack.application.missing_triggers, terminal)
    for command in _commands_to_try(stack, settings):
        terminal.say(f"\nTry it:\n\n{command}")
    steps = "\n\n".join(_next_steps(stack, settings))
    terminal.say(f"\nNext:\n\n{steps}\n" if steps else "")


def _print_addresses(stack: Stack, terminal: Terminal) -> None:
    """Print what a person opens, and below it what programs use."""
    for_people, for_programs = list(_for_people(stack)), list(_for_programs(stack))
    width = max(15, *(len(name) for name, _ in (*for_people, *for_programs)))
    terminal.say(_table(for_people, width))
    terminal.say(f"\n{_table(for_programs, width)}")


def _table(lines: Iterable[tuple[str, str]], width: int) -> str:
    return "\n".join(f"  {name:<{width}} {address}" for name, address in lines)


def _for_people(stack: Stack) -> Iterator[tuple[str, str]]:
    api = stack.endpoints.api
    if api:
        yield "api", api
        for each in stack.application.all_apis:
            if each.stage:
                yield each.logical_id, f"{api}/{each.stage}"
        for url in stack.application.function_urls:
            yield f"url of {url.function}", f"{api}{url.path}/"
    for rest_api in stack.application.rest_apis:
        # The value of a key that the template gives one may be a secret.
        for value in (value for value, name in rest_api.api_keys.items() if value == name):
            yield "x-api-key", f"{value}, for {rest_api.logical_id}"
    if api and any(each.openapi_document for each in stack.application.apis):
        yield "docs", f"{api}/docs"
    yield "console", stack.endpoints.console


def _for_programs(stack: Stack) -> Iterator[tuple[str, str]]:
    for name, address in stack.endpoints.by_name().items():
        if name not in {"api", "console"}:
            yield name.replace("_", " "), address
    for function, address in stack.endpoints.debuggers.items():
        yield f"debug {function}", address


def _print_missing_triggers(triggers: Sequence[MissingTrigger], terminal: Terminal) -> None:
    """Print a line for each function and reason, since one reason can be that of all triggers of a function."""
    if triggers:
        terminal.say("\nNot every trigger of the template runs here:\n")
    for (function, reason, remedy), group in groupby(triggers, lambda each: (each.function, each.reason, each.remedy)):
        names = ", ".join(f"{each.logical_id} ({each.source})" for each in group)
        terminal.say(f"  {function} is not triggered by {names}: {reason}. {remedy}.")


def _commands_to_try(stack: Stack, settings: Settings) -> Iterator[str]:
    """Yield the command of each API that has one. The shell gets its token from `samrun token`, so it is short."""
    for api in stack.application.apis:
        if api.try_it and stack.endpoints.api:
            command = _with_addresses(api.try_it, stack).rstrip()
            if api.try_it_token and any(local_authorizers(api, stack.issuer.url)):
                command = command.replace("{token}", f"$({_token_command(settings)})")
            yield command


def _token_command(settings: Settings) -> str:
    return shlex.join([_program(), "token", *_data_option(settings)])


def _data_option(settings: Settings) -> Sequence[str]:
    return () if settings.data == DATA else ("--data", str(settings.data))


def _next_steps(stack: Stack, settings: Settings) -> Iterator[str]:
    """Yield what the templates themselves suggest; without that, what can be done with every application."""
    own = [api.next_steps for api in stack.application.apis if api.next_steps]
    for text in own:
        yield _with_addresses(text, stack).rstrip()
    if not own:
        yield from _general_steps(stack.application, stack.endpoints.api, settings)


def _general_steps(application: Application, api: str | None, settings: Settings) -> Iterator[str]:
    files = (file for function in application.functions if (file := function.handler_file))
    if file := next(files, None):
        yield f"Edit {os.path.relpath(file)}: the next invocation uses the new code."
    if api and (path := next(_open_paths(application), None)):
        address = api + _PATH_PARAMETER.sub(lambda found: found[1].upper(), path)
        yield f"Send a request from another terminal.\n\n{shlex.join(['curl', address])}"
    if mapping := next(iter(application.mappings), None):
        command = shlex.join([_program(), "produce", mapping.topic, "Good morning.", *_data_option(settings)])
        yield f"Send a record from another terminal in this folder: {_delivery(mapping)}.\n\n{command}"


def _open_paths(application: Application) -> Iterator[str]:
    """Yield the paths of the first template's APIs that answer a GET of anybody."""
    for http_api in application.apis:
        for route in http_api.routes if http_api.stack is None else ():
            if route.method in _GET and route.path and route.authorizer is None:
                yield route.path
    for rest_api in application.rest_apis:
        for method in rest_api.methods if rest_api.stack is None and not rest_api.policy else ():
            if method.method in _GET and method.authorizer is None and not method.api_key_required:
                yield f"/{rest_api.stage}{method.path}"


def _delivery(mapping: KafkaMapping) -> str:
    """Say when the function of a mapping gets a record, so that nobody waits in vain."""
    text = f"{mapping.function} gets it"
    if mapping.window > _LONG_WINDOW:
        text += f" after the batching window, {mapping.window:g} s (`samrun up --max-batching-window 1` shortens it)"
    return f"{text}, if a filter of its mapping matches" if mapping.filters else text


def _with_addresses(text: str, stack: Stack) -> str:
    """Return a text of a template with the addresses of this stack: {api}, {console}, {kafka} and so on."""
    return stack.endpoints.fill_in({"text": text})["text"]


def _program() -> str:
    """Return the command that starts samrun: its name if that is on the path, else the shorter form of its path."""
    beside = str(Path(sys.executable).with_name("samrun"))
    return "samrun" if shutil.which("samrun") == beside else min(os.path.relpath(beside), beside, key=len)
