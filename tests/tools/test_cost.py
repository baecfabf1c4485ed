"""Cost: the arithmetic of a bill, the file of prices, and the tables of docs/cost.md."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from decimal import Decimal
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

from functions.notify.metrics import Metric
from tests.project import ROOT
from tools.cost import __main__ as command
from tools.cost.bill import METRICS_OF_A_BUSY_SYSTEM, bill, kafka_choices, text_messages, tokens, total
from tools.cost.declared import Declared, metrics_watched, read_declared
from tools.cost.errors import NoPriceError
from tools.cost.prices import Price, PriceList, read_prices
from tools.cost.tables import dollars
from tools.templates import SYSTEM

if TYPE_CHECKING:
    from pathlib import Path

PRICES = read_prices()
DECLARED = Declared(
    architecture="arm64",
    gigabytes={
        "OrderFunction": Decimal(1),
        "RelayFunction": Decimal(1),
        "NotifyFunction": Decimal(1),
        "FeedbackFunction": Decimal("0.5"),
    },
    minimum_pollers=1,
    broker_type="kafka.m7g.large",
    brokers=3,
    gigabytes_of_a_disk=20,
    partitions=3,
    endpoints=0,
    alarms=20,
    dashboards=1,
    keys=2,
)


def amounts(orders_per_day: int, declared: Declared = DECLARED) -> dict[str, Decimal]:
    return {line.text: line.usd.quantize(Decimal("0.01")) for line in bill(declared, PRICES, orders_per_day)}


def test_idle_system_pays_for_brokers_pollers_and_operation() -> None:
    idle = amounts(0)
    assert idle["3 brokers kafka.m7g.large"] == Decimal("446.76")  # 3 * 730 * 0.204
    assert idle["their disks of 20 GB"] == 6
    assert idle["pollers, 1 event poller unit"] == Decimal("135.05")  # 730 * 0.185
    assert idle["alarms on 20 metrics"] == 2
    assert 590 < total(bill(DECLARED, PRICES, 0)) < 600


def test_orders_cost_in_proportion_to_their_number() -> None:
    few, many = amounts(10_000), amounts(1_000_000)
    assert few["SES, mails"] == Decimal("48.67")  # 10,000 * 730/24 * 0.00016
    for name in ("SES, mails", "HTTP API", "DynamoDB, storage of a month's orders"):
        assert abs(many[name] - 100 * few[name]) < 1
    for name in ("3 brokers kafka.m7g.large", "pollers, 1 event poller unit"):
        assert many[name] == few[name]


def test_every_line_but_the_metrics_grows_with_the_orders_or_stays() -> None:
    for fewer, more in pairwise([amounts(0), amounts(100), amounts(10_000)]):
        assert all(more.get(name, amount) >= amount for name, amount in fewer.items())


@pytest.mark.parametrize(("pollers", "units"), [(1, 1), (10, 1), (11, 2), (200, 20)])
def test_a_unit_holds_ten_pollers(pollers: int, units: int) -> None:
    [line] = (
        line for line in bill(replace(DECLARED, minimum_pollers=pollers), PRICES, 0) if line.text.startswith("pollers")
    )
    assert line.quantity == units * 730


def test_interface_endpoints_are_a_line_only_if_there_are_any() -> None:
    name = "interface endpoints of Lambda and STS"
    assert name not in amounts(0)
    assert amounts(0, replace(DECLARED, endpoints=6))[name] == Decimal("43.80")


def test_serverless_costs_more_than_three_large_brokers_and_less_than_three_express_brokers() -> None:
    for orders_per_day in (0, 10_000, 1_000_000):
        choices = dict(kafka_choices(DECLARED, PRICES, orders_per_day))
        large, express = choices["3 brokers kafka.m7g.large"], choices["3 brokers express.m7g.large"]
        assert large < choices["Serverless, 3 partitions"] < express


def test_text_messages_cost_40_times_as_much_as_mails_at_least() -> None:
    lowest, highest = text_messages(PRICES, 10_000)
    mails = amounts(10_000)["SES, mails"]
    assert (round(lowest), round(highest)) == (1962, 9125)
    assert 40 * mails < lowest < highest


def test_a_token_for_each_order_costs_more_than_the_brokers() -> None:
    assert tokens(PRICES, 24) < 2
    assert tokens(PRICES, 10_000) > amounts(0)["3 brokers kafka.m7g.large"]


def test_a_missing_price_is_named() -> None:
    with pytest.raises(NoPriceError, match=r"kafka\.m7g\.16xlarge.*prices\.toml"):
        bill(replace(DECLARED, broker_type="kafka.m7g.16xlarge"), PRICES, 0)


def test_every_price_has_a_unit_a_date_and_a_page_of_aws() -> None:
    assert PRICES.region == "us-east-1"
    for name, price in PRICES.prices.items():
        assert price.usd > 0, name
        assert price.unit, name
        year, *month_and_day = map(int, price.read.split("-"))
        assert 2024 <= year <= 2026, name
        assert not month_and_day or date(year, *month_and_day), name
        assert re.fullmatch(r"https://(aws|docs\.aws)\.amazon\.com/\S+", price.source), name


def test_every_price_is_used_or_is_a_choice_of_brokers() -> None:
    code = "".join(path.read_text() for path in (ROOT / "tools/cost").glob("*.py"))
    of_parameters = {"lambda_gb_second_arm64", "lambda_gb_second_x86_64"}
    explained = {"ses_mail_without_plan", "secret"}  # docs/cost.md names them
    assert {name for name in PRICES.prices if f'"{name}"' not in code} == of_parameters | explained


def test_templates_declare_what_the_bill_counts() -> None:
    declared = read_declared()
    assert declared.gigabytes.keys() >= DECLARED.gigabytes.keys()
    assert declared.gigabytes["FeedbackFunction"] == Decimal("0.5")
    assert declared.brokers == 3
    assert (declared.dashboards, declared.keys) == (1, 2)


def test_a_query_watches_one_metric_of_each_broker_that_it_selects() -> None:
    of_brokers = 'SELECT MAX(CpuIdle) FROM SCHEMA("AWS/Kafka", "Broker ID", "Cluster Name")'
    of_cluster = 'SELECT MAX(OfflinePartitionsCount) FROM SCHEMA("AWS/Kafka", "Cluster Name")'
    assert metrics_watched({"MetricName": "Errors"}, brokers=3) == 1
    assert metrics_watched({"Metrics": [{"Expression": of_brokers}]}, brokers=3) == 3
    assert metrics_watched({"Metrics": [{"Expression": of_cluster}]}, brokers=3) == 1
    assert (
        metrics_watched({"Metrics": [{"MetricStat": {}}, {"MetricStat": {}}, {"Expression": "a / b"}]}, brokers=3) == 2
    )


def test_alarms_of_text_messages_cost_only_with_text_messages(tmp_path: Path) -> None:
    with_texts = tmp_path / "template.yaml"
    name = "  TextMessages:\n"
    before, _, after = SYSTEM.read_text().partition(name)
    with_texts.write_text(before + name + after.replace('Default: "false"', 'Default: "true"', 1))
    assert read_declared(system=with_texts).alarms == read_declared().alarms + 3


def test_assumed_number_of_metrics_is_near_the_number_in_the_code() -> None:
    code = "".join(path.read_text() for path in (ROOT / "functions/order/handlers").glob("*.py"))
    of_order = set(re.findall(r'(?:count\(|name=)"([A-Z][a-z]+[A-Z]\w+)"', code))
    assert len(of_order) >= 8
    assert abs(len(of_order) + len(Metric) - METRICS_OF_A_BUSY_SYSTEM) <= 3


@pytest.mark.parametrize(
    ("amount", "text"),
    [("0", "0"), ("0.004", "0.01"), ("0.126", "0.13"), ("1.5", "2"), ("1234.4", "1,234")],
)
def test_amounts_are_whole_dollars_and_small_ones_have_cents(amount: str, text: str) -> None:
    assert dollars(Decimal(amount)) == text


def test_tables_of_the_page_are_those_of_the_tool() -> None:
    assert command.main(["--check"]) == 0


def test_check_names_the_first_line_that_is_not_up_to_date(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "cost.md"
    page.write_text((ROOT / "docs/cost.md").read_text().replace("| their disks of", "| the disks of", 1))
    monkeypatch.setattr(command, "PAGE", page)
    assert command.main(["--check"]) == 1
    assert "| the disks of" in capsys.readouterr().out
    assert command.main(["--write"]) == 0
    assert command.main(["--check"]) == 0


def test_command_prints_each_line_and_the_sum(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["--orders-per-day", "2500"]) == 0
    out = capsys.readouterr().out
    assert out.startswith("2,500 orders a day, list prices of us-east-1, US dollars a month:\n")
    assert "SES, mails" in out
    assert out.splitlines()[-1].startswith("together")


def test_command_says_which_price_is_missing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    only = PriceList(region="us-east-1", prices={"alarm": Price(usd=Decimal(1), unit="u", read="2026", source="s")})
    monkeypatch.setattr(command, "read_prices", lambda: only)
    assert command.main([]) == 1
    assert capsys.readouterr().err.startswith("There is no price for ")
