"""`samrun up`: runs everything until Ctrl-C."""

import argparse

from samrun.cli.arguments import add_function_options, add_stack_options, read_stack_settings
from samrun.supervision.quick_imports import quick_imports

DESCRIPTION = (
    "Runs the templates: their functions, APIs, schedules and triggers, with Kafka, DynamoDB Local and moto.\n\n"
    "The environment can set each port, too: API_PORT, LAMBDA_PORT, … samrun uses the external broker that "
    "KAFKA_BOOTSTRAP_SERVERS names, the DynamoDB of AWS_ENDPOINT_URL_DYNAMODB and the AWS (moto) of AWS_ENDPOINT_URL. "
    "AWS_ENDPOINT_URL_SESV2 and similar variables make the functions call that service elsewhere."
)
EXAMPLES = (
    "samrun up                                          # the template.yaml of this folder",
    "samrun up orders/template.yaml rewards/template.yaml",
    "samrun up --api-port 8080 --parameter-overrides Stage=local",
)


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    add_stack_options(parser)
    add_function_options(parser)


def run(options: argparse.Namespace) -> int:
    """Run the stack until a signal ends it."""
    settings = read_stack_settings(options)
    # It brings the whole of samrun, which `--help` and `completion` need not wait for.
    with quick_imports():
        from samrun.cli.stack_runner import run_until_stopped

    return run_until_stopped(settings)
