"""Scaling: the rate at which each limit binds, their order, and the table of docs/scaling.md."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from functions.order.storage import order_item
from tests.project import ROOT
from tools import scaling
from tools.cost.bill import DAYS_OF_A_TOPIC
from tools.scaling import Limit, limits, limits_table, report
from tools.templates import KAFKA

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
