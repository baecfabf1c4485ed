"""Limits of a function: values that Lambda refuses."""

from collections.abc import Iterator, Mapping
from typing import Any

from samrun.template.support.model_limits import model_violations

# The others are texts and lists of which samrun takes more than Lambda, such as the ARN of a role.
_COMPARED = ("EphemeralStorage", "MemorySize", "Timeout")
# Of functions that do not run on instances of the account, for which the model has more:
# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
_MAXIMA = {"MemorySize": 10_240, "Timeout": 900}
_INSTANCES = "CapacityProviderConfig"


def function_violations(properties: Mapping[str, Any]) -> Iterator[str]:
    """Yield a sentence for each value that Lambda refuses: what it is, and what Lambda takes."""
    compared = {name: properties[name] for name in _COMPARED if name in properties}
    of_model = list(model_violations(compared, operation="CreateFunction"))
    yield from of_model
    if of_model or _INSTANCES in properties:
        return
    for name, maximum in _MAXIMA.items():
        if int(compared.get(name, maximum)) > maximum:
            yield f"{name} is {compared[name]}: AWS takes at most {maximum}"
