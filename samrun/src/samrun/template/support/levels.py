"""Levels of support for a part of a template: the loader decides by them, and samrun's README shows them."""

from dataclasses import dataclass
from enum import Enum


class Level(Enum):
    """Level of support for a part. The value is the word of samrun's README."""

    AS_AWS = "as on AWS"
    DIFFERENT = "differently"
    NO_EFFECT = "no effect here"
    REFUSED = "refused"
    NOT_RUN = "not run"


@dataclass(frozen=True)
class Support:
    """Level of a part, and in a few words what is different, or why it is not run."""

    level: Level
    note: str = ""


AS_AWS = Support(Level.AS_AWS)
NO_EFFECT = Support(Level.NO_EFFECT)


def different(note: str) -> Support:
    """Return the support of a part that the runner runs, but not as AWS does."""
    return Support(Level.DIFFERENT, note)


def refused(note: str) -> Support:
    """Return the support of a part that stops a start."""
    return Support(Level.REFUSED, note)


def not_run(note: str) -> Support:
    """Return the support of a part that is left out, with a line at the start that says so."""
    return Support(Level.NOT_RUN, note)
