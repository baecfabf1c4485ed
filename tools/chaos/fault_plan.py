"""Plan of a run: which fault happens when, to what and for how long. It follows from the seed alone."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from random import Random

EDGES = ("api", "producer", "mapping", "dynamodb", "aws", "ses")


@dataclass(frozen=True, kw_only=True)
class Fault:
    """Fault to inject `at` seconds after the beginning, for `seconds`; 0: it is over at once.

    `chance`, from 0 to 1, chooses the worker process and what else the moment offers. `delay` is in seconds.
    """

    at: float
    target: str
    kind: str
    seconds: float = 0.0
    chance: float = 0.0
    delay: float = 0.0

    def __str__(self) -> str:
        duration = f" for {self.seconds:.1f} s" if self.seconds else ""
        return f"{self.at:6.1f} s  {self.target}: {self.kind}{duration}"


@dataclass(frozen=True, kw_only=True)
class FaultKind:
    """Kind of fault: its duration (from, to) in seconds, and how often it is chosen beside the target's others."""

    name: str
    seconds: tuple[float, float] = (0.0, 0.0)
    weight: int = 1
    delay: tuple[float, float] = (0.0, 0.0)


@dataclass(frozen=True, kw_only=True)
class TargetPlan:
    """Faults of a target: the mean pause between them, in seconds, and their kinds."""

    pause: float
    kinds: tuple[FaultKind, ...]


_SERVICE = (FaultKind(name="kill", seconds=(0.0, 3.0)), FaultKind(name="freeze", seconds=(0.5, 6.0)))
_EDGE_KINDS = (
    FaultKind(name="reset", weight=3),
    FaultKind(name="silence", weight=2),
    FaultKind(name="delay", seconds=(1.0, 4.0), delay=(0.05, 1.2), weight=2),
    FaultKind(name="swallow", seconds=(0.3, 2.0), weight=2),
    FaultKind(name="cut off", seconds=(0.5, 4.0)),
)
_EDGE = TargetPlan(pause=7.0, kinds=_EDGE_KINDS)
# A send takes milliseconds: most faults of that edge would meet none.
_BUSY_EDGE = TargetPlan(pause=3.0, kinds=_EDGE_KINDS)
ALL_TARGETS: Mapping[str, TargetPlan] = {
    "broker": TargetPlan(pause=20.0, kinds=_SERVICE),
    "database": TargetPlan(pause=20.0, kinds=_SERVICE),
    "local aws": TargetPlan(pause=20.0, kinds=_SERVICE),
    "samrun": TargetPlan(
        pause=35.0,
        kinds=(FaultKind(name="kill", seconds=(0.0, 1.0)), FaultKind(name="freeze", seconds=(0.5, 12.0))),
    ),
    "workers": TargetPlan(
        pause=5.0,
        kinds=(
            FaultKind(name="kill", weight=3),
            FaultKind(name="freeze", seconds=(0.5, 8.0), weight=2),
            FaultKind(name="reload"),
        ),
    ),
    "deliveries": TargetPlan(pause=8.0, kinds=(FaultKind(name="repeat"),)),
    **dict.fromkeys(EDGES, _EDGE),
    "ses": _BUSY_EDGE,
}


def plan_faults(seed: int, *, seconds: float, targets: Mapping[str, TargetPlan] = ALL_TARGETS) -> list[Fault]:
    """Return the faults of a run, by their time. No two faults of one target overlap."""
    faults = [
        fault
        for name, target in targets.items()
        for fault in _faults_of(name, target, seconds, Random(f"{seed} {name}"))  # noqa: S311 - it can be repeated
    ]
    return sorted(faults, key=lambda fault: fault.at)


def _faults_of(name: str, target: TargetPlan, seconds: float, chance: Random) -> Iterator[Fault]:
    at = chance.uniform(0.2, 1.0) * target.pause
    while True:
        [kind] = chance.choices(target.kinds, [each.weight for each in target.kinds])
        duration = chance.uniform(*kind.seconds)
        if at + duration > seconds:
            return
        yield Fault(
            at=round(at, 2),
            target=name,
            kind=kind.name,
            seconds=round(duration, 2),
            chance=chance.random(),
            delay=round(chance.uniform(*kind.delay), 2),
        )
        at += duration + chance.uniform(0.5, 1.5) * target.pause
