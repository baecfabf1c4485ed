"""Scaling: the rate at which each limit binds, their order, and the table of docs/scaling.md."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from functions.order.storage import order_item
from tests.project import ROOT
from tools import scaling
from tools.cost.bill import DAYS_OF_A_TOPIC
from tools.scaling import Limit, limits, limits_table, report
from tools.templates import KAFKA, SYSTEM, default_of, load_template

if TYPE_CHECKING:
    from pathlib import Path

LIMITS = {limit.name: limit for limit in limits()}


@pytest.mark.parametrize(
    ("name", "rate"),
    [
        ("SES, mails in 24 hours", 0.58),
        ("SES, mails a second", 14),
        ("brokers, disk for seven days", 16.5),
        ("Lambda, concurrency of a new account", 100),
        ("notify, one environment for each partition", 192),
        ("API, `RequestsPerSecond`", 250),
        ("NotificationsTable, when it is new", 1333),
        ("OrdersTable and its index `pending`, when they are new", 2000),
        ("index `by_status`", 4000),
        ("OrdersTable, quota of a table with its indexes", 6667),
        ("index `pending`", 8000),
        ("brokers, connections", 30000),
    ],
)
def test_each_limit_binds_at_the_rate_of_the_defaults(name: str, rate: float) -> None:
    assert LIMITS[name].binds_at == pytest.approx(rate, rel=0.005)


def test_the_limit_that_binds_first_is_the_first() -> None:
    rates = [limit.binds_at for limit in limits()]
    assert rates == sorted(rates)
    assert limits()[0].name == "SES, mails in 24 hours"


def test_need_grows_with_the_rate_and_equals_the_limit_where_it_binds() -> None:
    for limit in limits():
        assert limit.need(limit.binds_at) == pytest.approx(limit.has)
        assert limit.need(2 * limit.binds_at) == pytest.approx(2 * limit.has)


def test_limits_follow_the_templates_defaults(tmp_path: Path) -> None:
    kafka = tmp_path / "msk.yaml"
    text = KAFKA.read_text()
    kafka.write_text(text.replace("    Default: 20\n", "    Default: 40\n", 1))
    changed = {limit.name: limit for limit in limits(kafka=kafka)}
    disk = "brokers, disk for seven days"
    assert changed[disk].binds_at == pytest.approx(2 * LIMITS[disk].binds_at)


def test_shards_are_those_of_the_code_and_the_retention_is_the_topics() -> None:
    assert (order_item.STATUS_SHARDS, order_item.PENDING_SHARDS) == (scaling.STATUS_SHARDS, scaling.PENDING_SHARDS)
    assert f'"retention.ms": "{DAYS_OF_A_TOPIC * scaling.DAY * 1000}"' in KAFKA.read_text()


SAMPLE = [
    Limit(name="few `A`", has=10, needs=1, unit="a/s", change="`A`"),
    Limit(name="many", has=2000, needs=0.5, unit="b/s", change="b"),
]


def test_table_marks_what_exceeds_the_defaults() -> None:
    assert limits_table(SAMPLE, rates=(10, 100)).splitlines()[2:] == [
        "| few `A` | 10 a/s | 10 | 10 | **100** | `A` |",
        "| many | 2,000 b/s | 4,000 | 5 | 50 | b |",
    ]


def test_report_says_what_to_change_at_a_rate_and_what_is_enough() -> None:
    assert report(SAMPLE, 12.5).splitlines() == [
        "LIMIT  BY DEFAULT  NEEDED  WHAT TO CHANGE",
        "few A  10 a/s      12.5    A",
        "many   2,000 b/s   6.2     enough",
    ]


def test_command_prints_the_limits_at_a_rate(capsys: pytest.CaptureFixture[str]) -> None:
    assert scaling.main(["--orders-per-second", "0.5"]) == 0
    out = capsys.readouterr().out
    assert out.startswith("0.5 orders a second:\n")
    assert "43,200" in out  # mails a day


def test_table_of_the_page_is_the_tools() -> None:
    assert scaling.main(["--check"]) == 0


def test_check_fails_if_the_page_is_not_up_to_date(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "scaling.md"
    page.write_text((ROOT / "docs/scaling.md").read_text().replace("| index `by_status` |", "| the index |", 1))
    monkeypatch.setattr(scaling, "PAGE", page)
    assert scaling.main(["--check"]) == 1
    assert "| the index |" in capsys.readouterr().out
    assert scaling.main(["--write"]) == 0
    assert scaling.main(["--check"]) == 0


PAGE = " ".join((ROOT / "docs/scaling.md").read_text().split())


def test_arithmetic_of_the_page_has_the_templates_batch_size_and_rate() -> None:
    system = load_template(SYSTEM)
    size, rate = int(default_of(system, "BatchSize")), float(default_of(system, "MailsPerSecond"))
    share = rate / int(default_of(system, "NotifyEnvironments"))
    assert f"a batch of `BatchSize` ({size}) keeps {size} of them busy" in PAGE
    assert f"{size} records / 0.060 s = {round(size / 0.060, -1):.0f} mails a second" in PAGE
    assert f"of up to `BatchSize` records ({size})" in PAGE
    assert f"At {share:.1f} a second, {size} mails take {size / share:.1f} s, so the default fits" in PAGE
    assert size / share <= 9
    assert f"The limit is {9 * rate // int(default_of(system, 'NotifyEnvironments')):.0f} with the defaults" in PAGE
    runbook = " ".join((ROOT / "docs/operations.md").read_text().split())
    assert f"a batch, `BatchSize` records at most ({size}), every six minutes" in runbook


def test_disks_of_the_page_grow_as_the_templates_do() -> None:
    cluster = load_template(KAFKA)
    maximum, start = (int(default_of(cluster, name)) for name in ("MaximumVolumeGigabytes", "VolumeGigabytes"))
    disk = LIMITS["brokers, disk for seven days"]
    assert f"`MaximumVolumeGigabytes`, {maximum} GB" in disk.change
    assert f"({maximum} GB, which hold {disk.binds_at * maximum / start:.0f} a second)" in PAGE
    share = cluster["Resources"]["VolumesGrow"]["Properties"]["TargetTrackingScalingPolicyConfiguration"]["TargetValue"]
    assert f"When a disk is {share} % full" in PAGE
    cost = (ROOT / "docs/cost.md").read_text()
    assert f"disks that are {share} % full, up to the maximum ({maximum} GB: {maximum * 3 // 10} USD)" in cost


def test_signs_of_the_page_are_alarms_of_the_template() -> None:
    _, found, rest = (ROOT / "docs/scaling.md").read_text().partition("| what | sign |")
    assert found
    signs = [row.split("|")[2] for row in rest.partition("\n\n")[0].splitlines()[2:]]
    named = {name for sign in signs for name in re.findall(r"`([A-Z][a-z]+[A-Z]\w+)`", sign)}
    alarms = {
        name
        for name, resource in load_template(SYSTEM)["Resources"].items()
        if resource["Type"] == "AWS::CloudWatch::Alarm"
    }
    assert named - alarms == {"LedgerUnavailableError", "EventsDeferred"}, "an error in logs and a metric"
    assert named >= {"BrokerDiskFills", "BrokerCpuHigh", "BrokerConnectionsHigh", "OrdersRefused", "NotifyThrottled"}


def test_consumer_group_of_the_page_is_an_output_of_the_template() -> None:
    [name] = re.findall(r'--group "\$\(output (\w+)\)"', PAGE)
    assert name in load_template(SYSTEM)["Outputs"]
