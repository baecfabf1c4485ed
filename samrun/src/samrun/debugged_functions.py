"""Functions that are debugged: their ports, and the application without the limits of time that would end them.

While a breakpoint holds a function, time passes that its work does not need. So no limit counts: neither the function's
own, nor those of the APIs, the event source mappings and the asynchronous invocations.
"""

import math
from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from typing import TypeVar

from samrun.errors import UserError
from samrun.functions.debugger import find_debugpy
from samrun.supervision import ports
from samrun.supervision.ports import LOOPBACK, PortTakenError
from samrun.template.model.application import Application
from samrun.template.model.authorizers import LambdaAuthorizer
from samrun.template.model.functions import Function
from samrun.template.model.http_apis import Route
from samrun.template.model.kafka_mappings import KafkaMapping
from samrun.template.model.rest_apis import RestMethod
from samrun.template.model.triggers import StreamTrigger

DEBUG_PORT = 5678
"""debugpy's usual port, which editors propose."""

# Seconds that a function believes to have left: nothing ends it then.
_REMAINING_TIME = 24 * 60 * 60

_RouteOrMethod = TypeVar("_RouteOrMethod", Route, RestMethod)
_Trigger = TypeVar("_Trigger", KafkaMapping, StreamTrigger)


class UnknownFunctionError(UserError):
    """The command line names a function that the stack does not run."""


def claim_debug_ports(functions: Collection[Function], asked: Mapping[str, int | None]) -> Mapping[str, int]:
    """Return the port of each function that is debugged, by the function's name.

    `asked` has a port for each function, by its name or its logical id: 0 is any free one, and None debugpy's usual one
    if that is free. Raises UnknownFunctionError, PortTakenError and MissingDebuggerError.
    """
    if asked:
        find_debugpy()
    named = {_function(functions, name).name: port for name, port in asked.items()}
    claimed: dict[str, int] = {}
    for name, port in named.items():
        if port:
            claimed[name] = _claim(name, port, taken=claimed.values())
    for name, port in named.items():
        if port is None:
            claimed[name] = _claim_usual(taken=claimed.values())
        elif port == 0:
            claimed[name] = ports.claim(name, 0)
    return claimed


def addresses(debug_ports: Mapping[str, int]) -> Mapping[str, str]:
    """Return the address of each function, host:port, to which its debugger connects."""
    return {name: f"{LOOPBACK}:{port}" for name, port in debug_ports.items()}


def with_debuggers(application: Application, debug_ports: Mapping[str, int]) -> Application:
    """Return the application as it runs while functions of it are debugged: without any limit of their time."""
    debugged = debug_ports.keys()
    if not debugged:
        return application
    return replace(
        application,
        functions=tuple(_debugged(each, debug_ports) for each in application.functions),
        apis=tuple(
            replace(api, routes=tuple(_patient(each, debugged) for each in api.routes)) for api in application.apis
        ),
        rest_apis=tuple(
            replace(api, methods=tuple(_patient(each, debugged) for each in api.methods))
            for api in application.rest_apis
        ),
        mappings=tuple(_without_age(each) if each.function in debugged else each for each in application.mappings),
        stream_triggers=tuple(
            _without_age(each) if each.function in debugged else each for each in application.stream_triggers
        ),
        queue_triggers=tuple(
            replace(each, extends_visibility=True) if each.function in debugged else each
            for each in application.queue_triggers
        ),
    )


def _function(functions: Collection[Function], name: str) -> Function:
    for function in functions:
        if name in _names(function):
            return function
    raise UnknownFunctionError(
        f"--debug {name}: there is no such function. There are {', '.join(sorted(each.name for each in functions))}."
    )


def _names(function: Function) -> Iterator[str]:
    yield function.name
    yield function.logical_id
    yield function.logical_id.rpartition("/")[2]


def _claim(function: str, port: int, *, taken: Collection[int]) -> int:
    try:
        if port not in taken:
            return ports.claim(function, port)
        reason = f"another function has the port {port}"
    except PortTakenError:
        reason = f"something else listens on the port {port}"
    raise PortTakenError(f"--debug {function}={port}: {reason}. Name another one (0: any free one).")


def _claim_usual(*, taken: Collection[int]) -> int:
    """Return debugpy's usual port, or a free one if that is taken."""
    if DEBUG_PORT not in taken:
        try:
            return ports.claim("debug", DEBUG_PORT)
        except PortTakenError:
            pass
    return ports.claim("debug", 0)


def _debugged(function: Function, debug_ports: Mapping[str, int]) -> Function:
    if function.name not in debug_ports:
        return function
    return replace(
        function,
        debug_port=debug_ports[function.name],
        concurrency=1,
        timeout=_REMAINING_TIME,
        asynchronous=replace(function.asynchronous, maximum_age=math.inf),
    )


def _without_age(trigger: _Trigger) -> _Trigger:
    """Return a mapping whose records never become too old, also after a change through Lambda's API."""
    properties = {name: value for name, value in trigger.properties.items() if name != "MaximumRecordAgeInSeconds"}
    return replace(trigger, maximum_age=None, properties=properties)


def _patient(route: _RouteOrMethod, debugged: Collection[str]) -> _RouteOrMethod:
    """Return a route that waits for ever for the functions that are debugged."""
    authorizer = route.authorizer
    if isinstance(authorizer, LambdaAuthorizer) and authorizer.function in debugged:
        route = replace(route, authorizer=replace(authorizer, timeout=math.inf))
    return replace(route, timeout=math.inf) if route.function in debugged else route
