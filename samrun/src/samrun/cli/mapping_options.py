"""Options of `samrun mappings run`, and the settings that they stand for."""

import argparse
import os
from pathlib import Path
from typing import TYPE_CHECKING, get_args

from samrun.endpoints import DATA, is_bootstrap
from samrun.settings import MAPPINGS_PORT, REGISTRY_VARIABLE, SettingsError, region, template_settings
from samrun.template.model.kafka_mappings import Redeliver
from samrun.template.values import parameters

if TYPE_CHECKING:
    from samrun.mapping_runner import RunnerSettings

DESCRIPTION = (
    "Feeds functions that run elsewhere from Kafka: behind `sam local start-lambda`, LocalStack or one of its "
    "successors, or on AWS. It starts no broker and no function. The mappings are those of a template, or are made "
    "through Lambda's API."
)
EXAMPLES = (
    "samrun mappings run --lambda-endpoint http://127.0.0.1:3001 --template template.yaml \\",
    "    --bootstrap-servers 127.0.0.1:9092",
    "aws lambda list-event-source-mappings --endpoint-url http://127.0.0.1:3002",
)


def add_runner_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    parser.add_argument(
        "--lambda-endpoint",
        required=True,
        metavar="URL",
        help="the Lambda API that has the functions; on AWS, https://lambda.REGION.amazonaws.com",
    )
    parser.add_argument(
        "--template", type=Path, metavar="PATH", help="run the mappings of this SAM template (default: none)"
    )
    parser.add_argument(
        "--parameter-overrides",
        nargs="+",
        default=[],
        metavar="NAME=VALUE",
        help="values of the template's parameters, as for `samrun up`",
    )
    parser.add_argument(
        "--bootstrap-servers",
        dest="bootstrap",
        metavar="HOST:PORT,…",
        help="the brokers (default: those of the stack that runs on the data folder)",
    )
    parser.add_argument(
        "--data", type=Path, default=DATA, metavar="FOLDER", help=f"data folder of the stack that runs ({DATA})"
    )
    parser.add_argument(
        "--port",
        type=int,
        default=MAPPINGS_PORT,
        help=f"the port of the API that makes, changes and deletes mappings; 0: a free one ({MAPPINGS_PORT})",
    )
    parser.add_argument(
        "--redeliver",
        choices=get_args(Redeliver),
        default="failed",
        help="records that are retried after a partial batch response, as for `samrun up` (failed)",
    )


def read_runner_settings(options: argparse.Namespace) -> "RunnerSettings":
    """Return the settings that the options stand for. Raises UserError."""
    # It brings most of samrun, which the list of the mappings need not wait for.
    from samrun.mapping_runner import RunnerSettings

    endpoint = str(options.lambda_endpoint).rstrip("/")
    if not endpoint.startswith(("http://", "https://")):
        raise SettingsError(f"--lambda-endpoint is {endpoint!r}: write the http:// or https:// URL of a Lambda API.")
    if options.bootstrap is not None and not is_bootstrap(options.bootstrap):
        raise SettingsError(
            f"--bootstrap-servers is {options.bootstrap!r}: write host:port, several separated by commas."
        )
    if not 0 <= options.port <= 65535:
        raise SettingsError(f"--port is {options.port}: write 0 to 65535.")
    template = template_settings(options.template) if options.template else None
    return RunnerSettings(
        lambda_endpoint=endpoint,
        template=template,
        overrides=dict(parameters.read(options.parameter_overrides, source="--parameter-overrides")),
        bootstrap=options.bootstrap,
        data=options.data,
        port=options.port,
        region=region([template] if template else []),
        redeliver=options.redeliver,
        schema_registry=os.environ.get(REGISTRY_VARIABLE) or None,
    )
