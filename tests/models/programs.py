"""Programs of a model: code of the product, which stops at each of its calls until the model replies.

How far a program has got is given by the replies that it has had. To go on, its code runs again from the start, with
the replies that are known. So it must be deterministic; and each such run is made once.
"""

from __future__ import annotations

from concurrent.futures import Executor, Future
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

S = TypeVar("S")
T = TypeVar("T")


class PendingCall(NamedTuple):
    """A call of another system that a program waits for: the name of its kind, and its content."""

    kind: str
    content: Any


class Returned(NamedTuple):
    """The result of a program that has ended."""

    result: Any


class Reply(NamedTuple):
    """Reply to a call, and the seconds since the start of the program."""

    elapsed: int
    content: Hashable


class ClockView(NamedTuple):
    """The clock of a program: `elapsed` seconds since its start, and how far it is ahead of the true time."""

    elapsed: int = 0
    ahead: int = 0


class SuspendedError(BaseException):
    """The program waits for a reply. It is no Exception: the product's code would handle those."""


@dataclass
class Calls:
    """The calls of one run of a program: returns the replies that are known, and suspends it at the next call."""

    replies: tuple[Reply, ...]
    elapsed: int = 0
    waiting: PendingCall | None = None
    _next: int = field(default=0, init=False)

    def __call__(self, kind: str, content: Any = None) -> Any:
        """Return the reply to a call. Raises SuspendedError, also when code that cleans up calls again."""
        if self.waiting is None and self._next < len(self.replies):
            reply = self.replies[self._next]
            self._next += 1
            self.elapsed = reply.elapsed
            return reply.content
        self.waiting = self.waiting or PendingCall(kind, content)
        raise SuspendedError


class InlineExecutor(Executor):
    """Executor without threads: a program must call in the same order whenever it runs."""

    def __init__(self, max_workers: int = 1) -> None:
        """Take the number of threads, which does not matter."""

    def submit(self, function: Callable[..., T], /, *arguments: Any, **options: Any) -> Future[T]:
        future: Future[T] = Future()
        future.set_result(function(*arguments, **options))
        return future


class CallResult(NamedTuple, Generic[S]):
    """Result of a call: in words, the reply to the program, and the state of the model after it."""

    words: str
    reply: Any
    state: S
    is_fault: bool = False


class Progress(NamedTuple):
    """Progress of a program: it waits for the reply to a call, or has returned."""

    program: Hashable
    replies: tuple[Reply, ...]
    at: PendingCall | Returned


@dataclass
class Programs:
    """The programs of a model by the numbers of their progress, which are short enough for the model's states.

    `run` runs the code of a program with its calls.
    """

    run: Callable[[Any, Calls], Any]
    _progress: list[Progress] = field(default_factory=list)
    _started: dict[Hashable, int] = field(default_factory=dict)
    _answered: dict[tuple[int, Reply], int] = field(default_factory=dict)

    def start(self, program: Hashable) -> int:
        """Return the number of a program at its start."""
        if program not in self._started:
            self._started[program] = self._add(program, ())
        return self._started[program]

    def answer(self, number: int, reply: Reply) -> int:
        """Return the number of a program after the reply to the call that it waits for."""
        if (number, reply) not in self._answered:
            program, replies, _ = self._progress[number]
            self._answered[number, reply] = self._add(program, (*replies, reply))
        return self._answered[number, reply]

    def at(self, number: int) -> PendingCall | Returned:
        """Return the call that a program waits for, or its result."""
        return self._progress[number].at

    def program(self, number: int) -> Hashable:
        """Return the program as it was started."""
        return self._progress[number].program

    def call(self, number: int) -> PendingCall:
        """Return the call that a program waits for."""
        at = self.at(number)
        assert isinstance(at, PendingCall)
        return at

    def _add(self, program: Hashable, replies: tuple[Reply, ...]) -> int:
        calls = Calls(replies)
        at: PendingCall | Returned
        try:
            at = Returned(self.run(program, calls))
        except SuspendedError:
            assert calls.waiting
            at = calls.waiting
        self._progress.append(Progress(program, replies, at))
        return len(self._progress) - 1
