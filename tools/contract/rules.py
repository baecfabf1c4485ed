"""Rules of change: what may not happen to a published schema, and who would break.

Two kinds of readers depend on a schema. *Readers of new events* are the consumers that run today: they were written for
the published schema, and get what the changed one allows. *Readers of stored events* are written for the changed
schema, and get what the published one allowed: from a topic that keeps its events, a replay, a dead letter.
"""

from __future__ import annotations

from enum import Enum

NEW, STORED = "of new events", "of stored events"
BOTH = f"{NEW} and {STORED}"


class Rule(Enum):
    """A rule: its name, the readers who break, and the change that it forbids."""

    EVENT_REMOVED = ("event-removed", BOTH, "a published event has no schema any more")
    FIELD_REMOVED = ("field-removed", NEW, "a field is no longer described")
    FIELD_NO_LONGER_REQUIRED = ("field-no-longer-required", NEW, "a field may be missing that always came")
    FIELD_NOW_REQUIRED = ("field-now-required", STORED, "a field is required that stored events may lack")
    FIELD_ADDED_TO_CLOSED_OBJECT = (
        "field-added-to-closed-object",
        NEW,
        "a field is new in an object whose published schema forbids further fields",
    )
    TYPE_CHANGED = ("type-changed", BOTH, "a value has another type")
    TYPE_WIDENED = ("type-widened", NEW, "a value may have further types")
    TYPE_NARROWED = ("type-narrowed", STORED, "a value may no longer have one of its types")
    VALUE_ADDED = ("value-added", NEW, "an enum or a constant has a new value, which readers may not handle")
    VALUE_REMOVED = ("value-removed", STORED, "an enum or a constant has lost a value, which stored events have")
    LIMIT_LOOSENED = ("limit-loosened", NEW, "a value may be longer, larger or smaller than readers have room for")
    LIMIT_TIGHTENED = ("limit-tightened", STORED, "a limit forbids values that stored events may have")
    PATTERN_CHANGED = ("pattern-changed", BOTH, "a pattern or a format is another; their values cannot be compared")
    KEYWORD_CHANGED = (
        "keyword-changed",
        BOTH,
        "another keyword has changed, such as anyOf or additionalProperties, which this check cannot compare",
    )
    EVENT_WITH_CONSUMER = ("event-with-consumer", NEW, "a consumer declares an event that has no schema")
    FIELD_WITH_CONSUMER = ("field-with-consumer", NEW, "a consumer declares a field that the schema does not describe")

    def __init__(self, title: str, breaks: str, change: str) -> None:
        self.title = title
        self.breaks = breaks
        self.change = change
