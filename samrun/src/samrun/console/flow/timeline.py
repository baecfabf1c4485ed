"""Timeline of one flow, as the pages show it: its steps, their contents, and its state."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

from samrun.console.shell.content import Content, content_of
from samrun.counted import counted

State = Literal["good", "bad", "busy", ""]
Kind = Literal["request", "invocation", "record", "delivery", "discarded", "mail", "text message"]

# Things of one kind that the summary names.
_MAX_NAMED = 3
# Characters of an event, a result or a value.
_MAX_SHOWN = 20_000


@dataclass(frozen=True, kw_only=True)
class StepContent:
    """Text that a step can show: an event, a result, the log or the value of a record. It is read when it is shown."""

    title: str
    read: Callable[[], str | bytes]

    @property
    def shown(self) -> Content:
        """The content as a page shows it: cut if it is long."""
        text = self.read()
        return content_of(text.encode(errors="replace") if isinstance(text, str) else text, limit=_MAX_SHOWN)


@dataclass(frozen=True, kw_only=True)
class Step:
    """Step of a timeline. `id` is the same each time, `at` is in UTC, and `notes` are short texts."""

    id: str
    at: datetime
    kind: Kind
    title: str
    state: State = ""
    result: str = ""
    seconds: float | None = None
    notes: tuple[str, ...] = ()
    contents: tuple[StepContent, ...] = ()
    link: str = ""
    link_text: str = ""


@dataclass(frozen=True, kw_only=True)
class Timeline:
    """Steps of a flow in their order, and its state now. `left_out` counts older records that are not among them."""

    steps: tuple[Step, ...]
    state: State
    result: str
    left_out: int = 0

    @property
    def began(self) -> datetime:
        """The time of the first step."""
        return self.steps[0].at if self.steps else datetime.now(UTC)

    def summary(self) -> Iterator[tuple[State, str]]:
        """Yield what happened in few words, each with its state."""
        counts = Counter(step.kind for step in self.steps)
        for step in [step for step in self.steps if step.kind == "request"][:_MAX_NAMED]:
            yield step.state, f"{step.title} {step.result}"
        types = [step.notes[0] if len(step.notes) > 1 else step.title for step in self.steps if step.kind == "record"]
        yield from (("", each) for each in list(dict.fromkeys(types))[:_MAX_NAMED])
        last = {step.title: step for step in self.steps if step.kind in {"delivery", "invocation"}}
        # Errors first: they are named in any case.
        by_state = sorted(last.items(), key=lambda each: each[1].state == "good")
        yield from ((step.state, f"{name}: {step.result}") for name, step in by_state[:_MAX_NAMED])
        if len(last) > _MAX_NAMED:
            yield "", f"{len(last) - _MAX_NAMED} more"
        for kind in ("mail", "text message"):
            if counts[kind]:
                yield "good", counted(counts[kind], kind)

    def offset(self, step: Step) -> timedelta:
        """Return the time between the first step and another one."""
        return step.at - self.began


def state_of(steps: Sequence[Step]) -> tuple[State, str]:
    """Return the state of a flow, and its word: the worst of what is not mended."""
    if any(step.kind == "discarded" for step in steps):
        return "bad", "discarded"
    if any(step.result == "under way" for step in steps):
        return "busy", "under way"
    last_of: dict[str, Step] = {}
    for step in steps:
        if step.kind == "delivery":
            last_of[step.title + step.id.split("-", 2)[2]] = step
    if any(step.state == "bad" for step in last_of.values()):
        return "busy", "retrying"
    if any(step.kind == "record" and step.state == "busy" for step in steps):
        return "busy", "waiting"
    failed = [step for step in steps if step.kind in {"request", "invocation"} and step.state == "bad"]
    if failed:
        return "bad", "failed" if failed[-1].kind == "invocation" else failed[-1].result
    return "good", "done"
