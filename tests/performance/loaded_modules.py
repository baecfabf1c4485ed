"""Modules that a function loads at its cold start, and the rules about them.

Each module costs time before the first request. `RULES` names those that cost much, and who may load them;
`Handler.most_modules` bounds how many modules of packages a handler loads at all. Python's own modules are not counted:
their number differs from version to version.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.notify.samples import FEEDBACK_ENVIRONMENT, HISTORY_ENVIRONMENT, NOTIFY_ENVIRONMENT
from tests.order.environment import API_ENVIRONMENT
from tests.project import ROOT

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

# Modules that the interpreter itself loads at its start, such as a sitecustomize, are not the function's.
PROGRAM = """
import importlib, json, sys
before = set(sys.modules)
importlib.import_module(sys.argv[1])
json.dump(sorted(set(sys.modules) - before), sys.stdout)
"""


@dataclass(frozen=True, kw_only=True)
class Handler:
    """The module of a handler, its environment, and the most modules of packages that its import may load."""

    module: str
    environment: Mapping[str, str]
    most_modules: int


@dataclass(frozen=True, kw_only=True)
class Rule:
    """A module that costs much, why the others do without it, and the handlers (by name) that need it."""

    module: str
    reason: str
    needed_by: frozenset[str] = frozenset()


# Each bound has room for ten modules: new code of our own needs a few, and a further package has more.
HANDLERS = {
    "order": Handler(module="functions.order.handlers.api", environment=API_ENVIRONMENT, most_modules=559),
    "relay": Handler(module="functions.order.handlers.relay", environment=API_ENVIRONMENT, most_modules=410),
    "notify": Handler(module="functions.notify.handlers.notify", environment=NOTIFY_ENVIRONMENT, most_modules=347),
    "feedback": Handler(
        module="functions.notify.handlers.feedback", environment=FEEDBACK_ENVIRONMENT, most_modules=286
    ),
    "history": Handler(module="functions.notify.handlers.history", environment=HISTORY_ENVIRONMENT, most_modules=370),
}

RULES = (
    Rule(
        module="aws_lambda_powertools.event_handler.openapi.models",
        reason="the models of an OpenAPI document take a tenth of a cold start, and no request needs them",
    ),
    Rule(
        module="aws_lambda_powertools.event_handler",
        reason="only the functions behind the HTTP API have routes",
        needed_by=frozenset({"order", "history"}),
    ),
    Rule(
        module="asyncio",
        reason="nothing of ours is asynchronous; Powertools' resolver of routes imports it",
        needed_by=frozenset({"order", "history"}),
    ),
    Rule(module="babel", reason="only mails have amounts and dates in a locale", needed_by=frozenset({"notify"})),
    Rule(module="jinja2", reason="only notify renders templates", needed_by=frozenset({"notify"})),
    Rule(module="kafka", reason="only order and relay produce", needed_by=frozenset({"order", "relay"})),
    Rule(
        module="email_validator",
        reason="only a new order has an address to check: an event's was checked",
        needed_by=frozenset({"order"}),
    ),
    Rule(
        module="functions.notify.events.customer_events",
        reason="only notify reads events of orders",
        needed_by=frozenset({"notify"}),
    ),
    Rule(
        module="functions.notify.ledger.batch_writer",
        reason="only notify claims and marks",
        needed_by=frozenset({"notify"}),
    ),
    Rule(
        module="pydantic",
        reason="the relay reads what the order function has written",
        needed_by=frozenset({"order", "notify", "feedback", "history"}),
    ),
)


def problems(name: str, root: Path = ROOT) -> list[str]:
    """Return what is wrong with the imports of a handler of the code below `root`."""
    handler = HANDLERS[name]
    loaded = _loaded(handler, root)
    unwanted = [
        f"{name} loads {rule.module}: {rule.reason}"
        for rule in RULES
        if rule.module in loaded and name not in rule.needed_by
    ]
    count = sum(module.partition(".")[0] not in sys.stdlib_module_names for module in loaded)
    if count > handler.most_modules:
        unwanted.append(f"{name} loads {count} modules of packages, and may load {handler.most_modules}")
    return unwanted


def _loaded(handler: Handler, root: Path) -> set[str]:
    """Import a handler in a process of its own, and return the modules that this loads."""
    inherited = {name: os.environ[name] for name in ("PATH", "LD_LIBRARY_PATH") if name in os.environ}
    output = subprocess.check_output(
        [sys.executable, "-c", PROGRAM, handler.module],
        cwd=root,
        env={**inherited, **handler.environment, "PYTHONDONTWRITEBYTECODE": "1"},
    )
    return set(json.loads(output))
