"""The mapping of a stack under load, with everything around it that comes and goes: nothing is lost or out of order."""

import logging
import os
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from random import Random

import pytest

from samrun.testing.broker import Broker
from samrun.testing.stack import RunningStack
from samrun.testing.waiting import eventually
from support.committed_offsets import CommitWatch
from support.delivery_history import DeliveryHistory, read_deliveries
from support.disturbances import MAX_PARTITIONS, Disturbance, Disturbances
from support.local_aws import LocalAws
from support.numbered_records import NumberedRecords
from support.visiting_member import Visitor

pytestmark = pytest.mark.xdist_group("chaos")

LOG = logging.getLogger(__name__)  # pytest's --log-cli-level=INFO shows it
APP = Path(__file__).parents[1] / "apps" / "recorder"
TOPIC, GROUP = "numbers", "recorders"
PARTITIONS = 4
BATCH_SIZE = 50  # of the template

# One of each, and another member that joins and leaves.
SEVEN: Mapping[Disturbance, int] = {
    Disturbances.kill_stack: 1,
    Disturbances.restart_stack: 1,
    Disturbances.kill_broker: 1,
    Disturbances.restart_broker: 1,
    Disturbances.add_partitions: 1,
    Disturbances.change_members: 2,
}
TWENTY: Mapping[Disturbance, int] = {
    Disturbances.kill_stack: 4,
    Disturbances.restart_stack: 2,
    Disturbances.kill_broker: 3,
    Disturbances.restart_broker: 2,
    Disturbances.add_partitions: 3,
    Disturbances.change_members: 6,
}


@pytest.fixture
def seed() -> int:
    """The seed of the order and the times of the disturbances; CHAOS_SEED is another one."""
    return int(os.environ.get("CHAOS_SEED", "13"))


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    with Broker(tmp_path / "broker") as broker:
        broker.create_topic(TOPIC, partitions=PARTITIONS)
        yield broker


@pytest.fixture
def notes(tmp_path: Path) -> Path:
    folder = tmp_path / "notes"
    folder.mkdir()
    return folder


@pytest.fixture
def disturbances(broker: Broker, local_aws: LocalAws, notes: Path, tmp_path: Path, seed: int) -> Iterator[Disturbances]:
    environment = {
        "KAFKA_BOOTSTRAP_SERVERS": broker.bootstrap,
        "AWS_ENDPOINT_URL": local_aws.url,
        "AWS_ENDPOINT_URL_DYNAMODB": local_aws.url,
    }
    options = ["--parameter-overrides", f"Notes={notes}"]
    with ExitStack() as started:
        yield Disturbances(
            broker=broker,
            topic=TOPIC,
            partitions=PARTITIONS,
            start_stack=lambda: started.enter_context(
                RunningStack(APP, tmp_path / "data", options=options, environment=environment)
            ),
            start_visitor=lambda: started.enter_context(Visitor(broker.bootstrap, GROUP, TOPIC, notes)),
            chance=Random(seed),  # noqa: S311 - a failure can be repeated
        )


@pytest.mark.parametrize(
    "counts", [SEVEN, pytest.param(TWENTY, marks=pytest.mark.proof)], ids=lambda counts: f"{sum(counts.values())} times"
)
def test_disturbed_mapping_loses_nothing_and_redelivers_only_what_was_uncommitted(
    disturbances: Disturbances,
    notes: Path,
    seed: int,
    counts: Mapping[Disturbance, int],
) -> None:
    bootstrap = disturbances.broker.bootstrap
    with (
        explained_by(disturbances, seed),
        CommitWatch(bootstrap, GROUP, TOPIC, partitions=MAX_PARTITIONS) as watch,
        NumberedRecords(bootstrap, TOPIC) as records,
    ):
        disturbances.run(counts)
        acknowledged = records.end()
        ends: dict[int, int] = {}
        for partition, offset in acknowledged:
            ends[partition] = max(ends.get(partition, 0), offset + 1)
        eventually(lambda: watch.has_seen(ends), what=f"the mapping to commit {ends}")
        assert disturbances.stack.stop() == os.EX_OK
        committed = watch.end()
        history = DeliveryHistory(read_deliveries(notes))
        assert history.lost(acknowledged) == []
        assert history.out_of_order() == []
        assert history.redelivered_after_commit(committed) == []
        assert committed.regressions == []
        unfinished = sum(history.unfinished(step.began, committed) for step in disturbances.steps)
        LOG.info(
            "%d of %d records were redelivered; %d were unfinished when something happened",
            len(history.redelivered),
            len(acknowledged),
            unfinished,
        )
        # A member may notice a disturbance only after its next batches.
        assert len(history.redelivered) <= unfinished + MAX_PARTITIONS * BATCH_SIZE


@contextmanager
def explained_by(disturbances: Disturbances, seed: int) -> Iterator[None]:
    """Add the seed and the steps to a failure."""
    try:
        yield
    except Exception as error:
        error.add_note("\n".join([f"CHAOS_SEED={seed}", *map(str, disturbances.steps)]))
        raise
