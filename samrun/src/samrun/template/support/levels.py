"""Levels of support of a template's parts. The loader decides by them, and samrun/docs/support.md shows them."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from enum import Enum


class Level(Enum):
    """Level of support. The value is the word for it in samrun/docs/support.md."""

    AS_AWS = "as on AWS"
    DIFFERENT = "differently"
    NO_EFFECT = "no effect here"
    NOT_RUN = "not run"


@dataclass(frozen=True)
class Support:
    """Level of a part, and in a few words what is different, or why it is not run.

    `sources` are the event sources whose mappings have the part: with another one, it stops a start, as AWS refuses it.
    None: all of them have it.
    """

    level: Level
    note: str = ""
    sources: Collection[str] | None = None


AS_AWS = Support(Level.AS_AWS)
NO_EFFECT = Support(Level.NO_EFFECT)


def different(note: str) -> Support:
    """Return the support of a part that the runner runs, but not as AWS does."""
    return Support(Level.DIFFERENT, note)


def only_of(sources: Collection[str], support: Support) -> Support:
    """Return the support of a part that only the mappings of these event sources have."""
    return replace(support, sources=sources)


def not_run(note: str) -> Support:
    """Return the support of a part that is left out, with a line at the start that says so."""
    return Support(Level.NOT_RUN, note)
