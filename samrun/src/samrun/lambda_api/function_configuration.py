"""Description of a function, as GetFunction and ListFunctions answer it."""

from datetime import datetime
from typing import Any

from samrun.functions.platform_log import LATEST
from samrun.lambda_api.api_shapes import answer
from samrun.template.model.functions import Function


def function_configuration(
    function: Function, *, started: datetime, qualifier: str | None = None, is_qualified: bool = False
) -> dict[str, Any]:
    """Return the configuration of a function, or of a version or an alias of it.

    An alias stands for version 1, since a template is deployed for the first time. What samrun does not know of a
    function, such as its role and the size of its code, is left out. With `is_qualified`, the ARN always ends with a
    version, as in a list of all versions.
    """
    version = LATEST if qualifier in {None, LATEST} else "1"
    suffix = qualifier or (LATEST if is_qualified else None)
    return answer(
        "FunctionConfiguration",
        {
            "FunctionName": function.name,
            "FunctionArn": f"{function.arn}:{suffix}" if suffix else function.arn,
            "Runtime": function.runtime,
            "Handler": function.handler or None,
            "Timeout": function.timeout,
            "MemorySize": function.memory,
            "LastModified": f"{started:%Y-%m-%dT%H:%M:%S}.000+0000",
            "Version": version,
            "Environment": {"Variables": function.environment},
            "PackageType": "Zip" if function.runtime else "Image",
            "State": "Active",
            "LastUpdateStatus": "Successful",
            "DeadLetterConfig": _dead_letter_config(function),
            "LoggingConfig": {
                "LogFormat": function.log_format,
                "ApplicationLogLevel": function.log_level,
                "LogGroup": f"/aws/lambda/{function.name}",
            },
        },
    )


def function_description(function: Function, *, started: datetime, qualifier: str | None) -> dict[str, Any]:
    """Return the configuration of a function with the place of its code, and its reserved concurrency."""
    content = {
        "Configuration": function_configuration(function, started=started, qualifier=qualifier),
        "Code": {"Location": function.code.absolute().as_uri()} if function.runtime else {},
        "Concurrency": function.concurrency and {"ReservedConcurrentExecutions": function.concurrency},
    }
    return answer("GetFunctionResponse", content)


def _dead_letter_config(function: Function) -> dict[str, str] | None:
    queue = function.asynchronous.dead_letter_queue
    return {"TargetArn": queue} if queue else None
