"""Clock skew between the execution environments: each has a clock of its own, a little ahead or behind.

The design promises to survive clocks that differ by up to a second (the margin of its leases). Python imports the
module `sitecustomize` of the folder on PYTHONPATH, which is that of the function's code, before everything else.
"""

import json
from pathlib import Path
from random import Random

# Seconds. Two environments differ by twice as much at most: less than the margin of the leases.
MAX_SKEW = 0.45
_ENVIRONMENTS = 10_000

_SITECUSTOMIZE = '''"""Clock of this environment: it differs from the machine's by the next number of a list."""

import datetime
import itertools
import json
import os
import time
from pathlib import Path

from awslambdaric.lambda_context import LambdaContext

FOLDER = Path(__file__).parent / ".clocks"


def take_skew():
    skews = json.loads((FOLDER / "skews.json").read_text())
    for number in itertools.count():
        try:
            os.close(os.open(FOLDER / f"taken-{number}", os.O_CREAT | os.O_EXCL))
        except FileExistsError:
            continue
        return skews[number % len(skews)]


skew = take_skew()
real_time, real_datetime = time.time, datetime.datetime


class IsDatetime(type):
    def __instancecheck__(cls, instance):
        return isinstance(instance, real_datetime)

    def __subclasscheck__(cls, subclass):
        return issubclass(subclass, real_datetime)


class SkewedDatetime(datetime.datetime, metaclass=IsDatetime):
    @classmethod
    def now(cls, tz=None):
        return real_datetime.fromtimestamp(real_time() + skew, tz)

    @classmethod
    def utcnow(cls):
        return real_datetime.utcfromtimestamp(real_time() + skew)


# Lambda and the environment have one clock: how much time is left does not depend on it.
LambdaContext.get_remaining_time_in_millis = lambda self: max(
    int(self._epoch_deadline_time_in_ms - real_time() * 1000), 0
)
datetime.datetime = SkewedDatetime
time.time = lambda: real_time() + skew
'''


def skew_clocks(project: Path, seed: int) -> None:
    """Give each environment of the functions in the folder `project` a clock of its own, as the seed says."""
    chance = Random(f"{seed} clocks")  # noqa: S311 - it can be repeated
    folder = project / ".clocks"
    folder.mkdir()
    skews = [round(chance.uniform(-MAX_SKEW, MAX_SKEW), 3) for _ in range(_ENVIRONMENTS)]
    (folder / "skews.json").write_text(json.dumps(skews))
    (project / "sitecustomize.py").write_text(_SITECUSTOMIZE)
