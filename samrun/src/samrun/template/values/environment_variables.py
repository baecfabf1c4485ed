"""Values of environment variables from a file, in the form of `sam local`'s option --env-vars.

An object in JSON has the variables of each function, by its logical id or its name, and under `Parameters` those of
all functions. A function's own value comes first. As with `sam local`, a file sets only variables that the template
declares for a function. See
https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/serverless-sam-cli-using-invoke.html
"""

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from samrun.errors import UserError
from samrun.template.model.functions import Function
from samrun.template.resolution.scalars import as_text

FileVariables = Mapping[str, Mapping[str, Any]]

_OF_ALL = "Parameters"


class EnvironmentVariablesError(UserError):
    """A file with environment variables cannot be read; the message says what to write."""


def read_variables(path: Path) -> FileVariables:
    """Return the variables in a file, by function. Raises EnvironmentVariablesError."""
    try:
        variables = json.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise EnvironmentVariablesError(f"--env-vars: {path} cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise EnvironmentVariablesError(f"--env-vars: {path} is not valid JSON: {error}") from error
    if not isinstance(variables, dict) or not all(isinstance(each, dict) for each in variables.values()):
        raise EnvironmentVariablesError(f'--env-vars: write {{"FUNCTION": {{"NAME": "VALUE"}}}} into {path}.')
    return variables


def with_variables(function: Function, variables: FileVariables) -> Function:
    """Return the function with the values of a file for variables that it declares."""
    # The SAM CLI looks for these names, and takes the first that has variables.
    names = (function.logical_id.rpartition("/")[2], function.name, function.logical_id)
    own = next((variables[name] for name in names if variables.get(name)), {})
    given = {**variables.get(_OF_ALL, {}), **own}
    return replace(
        function,
        environment={
            name: as_variable(given[name]) if name in given else value for name, value in function.environment.items()
        },
    )


def as_variable(value: Any) -> str:
    """Return the text of a variable, as the SAM CLI writes it: of an object or null, an empty one."""
    return "" if isinstance(value, dict | list) else as_text(value)
