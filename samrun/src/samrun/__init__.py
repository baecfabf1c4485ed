"""Runner of SAM applications on one machine: functions, APIs, schedules, and triggers by Kafka and other services.

Other programs may use these names, and `samrun.testing`; everything else may change:

    stack_settings, Settings                what a stack runs, and where
    run_stack, Stack                        a stack that runs for as long as a context lasts
    Terminal, standard_terminal             where a stack prints its lines
    Endpoints, NoStackError                 the addresses of a stack that runs, by its data folder
    load_application, Application, HttpApi  what a template declares
    try_it_token                            the token with which an API can be tried
    CREDENTIALS, region                     AWS credentials and AWS region of a stack
    UserError                               an error with a message for the user
    run_until_signal                        runs a coroutine until Ctrl-C, and prints its UserErrors
    PORTS, FREE_PORTS                       the usual ports of a stack, and any free ones
"""

from importlib import import_module

# The module typing brings much of the standard library: until it was there, Ctrl-C left a traceback.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from samrun.applications import load_application
    from samrun.cli.run_until_signal import run_until_signal
    from samrun.endpoints import Endpoints, NoStackError
    from samrun.errors import UserError
    from samrun.oidc.try_it_token import try_it_token
    from samrun.services.clients import CREDENTIALS
    from samrun.settings import FREE_PORTS, PORTS, Settings, region, stack_settings
    from samrun.stack import Stack, run_stack
    from samrun.supervision.terminal import Terminal, standard_terminal
    from samrun.template.model.application import Application
    from samrun.template.model.http_apis import HttpApi

__version__ = "0.1.0"
__all__ = [
    "CREDENTIALS",
    "FREE_PORTS",
    "PORTS",
    "Application",
    "Endpoints",
    "HttpApi",
    "NoStackError",
    "Settings",
    "Stack",
    "Terminal",
    "UserError",
    "__version__",
    "load_application",
    "region",
    "run_stack",
    "run_until_signal",
    "stack_settings",
    "standard_terminal",
    "try_it_token",
]

# Modules are imported with the first use of a name: the processes that samrun starts use only a few of them.
_MODULES = {
    "CREDENTIALS": "samrun.services.clients",
    "FREE_PORTS": "samrun.settings",
    "PORTS": "samrun.settings",
    "Application": "samrun.template.model.application",
    "Endpoints": "samrun.endpoints",
    "HttpApi": "samrun.template.model.http_apis",
    "NoStackError": "samrun.endpoints",
    "Settings": "samrun.settings",
    "Stack": "samrun.stack",
    "Terminal": "samrun.supervision.terminal",
    "UserError": "samrun.errors",
    "load_application": "samrun.applications",
    "region": "samrun.settings",
    "run_stack": "samrun.stack",
    "run_until_signal": "samrun.cli.run_until_signal",
    "stack_settings": "samrun.settings",
    "standard_terminal": "samrun.supervision.terminal",
    "try_it_token": "samrun.oidc.try_it_token",
}


def __getattr__(name: str) -> object:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_MODULES[name]), name)
