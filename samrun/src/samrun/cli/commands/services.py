"""`samrun services`: runs the services of a stack, for functions that `sam local` runs."""

import argparse

from samrun.cli.arguments import add_stack_options, read_stack_settings
from samrun.settings import RETRY_DELAY
from samrun.supervision.quick_imports import quick_imports

DESCRIPTION = (
    "Runs Kafka, DynamoDB Local, moto and the console, with the topics and resources of the templates. The functions "
    "run elsewhere, as by `sam local`."
)
EXAMPLES = ("samrun services", "samrun services --template orders/template.yaml --kafka-port 0")


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    add_stack_options(parser)
    parser.set_defaults(sam=False, env_vars=None, retry_delay=RETRY_DELAY, max_batching_window=None)
    parser.set_defaults(lazy=False, use_current_env=False, debug=())


def run(options: argparse.Namespace) -> int:
    """Run the services until a signal ends them."""
    settings = read_stack_settings(options)
    # It brings the whole of samrun, which `--help` and `completion` need not wait for.
    with quick_imports():
        from samrun.cli.stack_runner import run_until_stopped

    return run_until_stopped(settings)
