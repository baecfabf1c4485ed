"""Results of `make bench`: their rows, their JSON, and the page and the charts that are written from it."""

from __future__ import annotations

import inspect
import re
import shutil
from dataclasses import replace
from typing import TYPE_CHECKING
from xml.etree import ElementTree

import pytest

from benchmarks.charts import SCHEMES, TITLES, chart
from benchmarks.machine import Machine, this_machine
from benchmarks.page import DATA, DOCS, charts_of, page_tables, write_page
from benchmarks.registry import MEASUREMENTS
from benchmarks.results import Measured, Results, read_results
from benchmarks.row import Row
from benchmarks.rows_table import NO_CAUSE, causes_markdown, rows_markdown, rows_text
from tests.project import ROOT
from tools.generated_file import first_difference

if TYPE_CHECKING:
    from pathlib import Path

MACHINE = Machine(cores=2, processor="x86_64", memory_gib=24, python="3.11.7", kernel="Linux 6.1.0")
MET = Row(work="a start", compared_with="a bare one", samples=[1.1, 1.0, 1.3, 1.1, 1.1], unit="x", aim=1.15)
MISSED = Row(
    work="many mails",
    compared_with="one after another",
    samples=[11.0, 12.0, 13.0],
    unit="x",
    aim=15,
    more_is_better=True,
    cause="the processor.",
    detail="0.5 s against 6 s",
)
RESULTS = Results(
    machine=MACHINE,
    measured=[
        Measured(name="cold-start", chart="starts", day="2026-12-01", seconds=12.3, rows=[MET]),
        Measured(name="mails", chart="work", day="2026-12-01", seconds=4.5, rows=[MISSED]),
    ],
)
BOTH_DIRECTIONS = pytest.mark.parametrize("row", [MET, MISSED], ids=lambda row: row.work)


def test_a_row_is_met_by_its_median_in_its_own_direction() -> None:
    assert MET.is_met
    assert not replace(MET, aim=1.05).is_met
    assert not MISSED.is_met
    assert replace(MISSED, aim=12).is_met


def test_the_spread_is_of_the_quartiles_or_of_few_samples_the_ends() -> None:
    assert MISSED.spread == (11.0, 13.0)
    low, high = MET.spread
    assert 1.0 < low <= MET.value <= high < 1.3


@BOTH_DIRECTIONS
def test_a_part_of_the_aim_is_above_one_exactly_if_it_is_missed(row: Row) -> None:
    assert (row.part_of_aim(row.value) <= 1) == row.is_met
    assert row.part_of_aim(row.aim) == 1


def test_an_aim_of_nothing_is_met_by_nothing_and_missed_by_anything() -> None:
    none_lost = replace(MET, samples=[0.0], aim=0)
    assert none_lost.is_met
    assert none_lost.part_of_aim(0) == 1
    assert none_lost.part_of_aim(2) > 1
    bars = chart("work", [none_lost, replace(none_lost, samples=[2.0])], scheme="dark")
    assert "inf" not in bars
    assert "nan" not in bars


def test_results_are_the_same_after_a_round_trip_as_json() -> None:
    assert Results.from_text(RESULTS.to_text()) == RESULTS


def test_a_newer_measurement_replaces_the_one_of_its_name_alone() -> None:
    newer = replace(RESULTS, measured=[replace(RESULTS.measured[1], rows=[replace(MISSED, samples=[16.0])])])
    merged = RESULTS.with_newer(newer, list(MEASUREMENTS))
    assert {each.name: each.rows for each in merged.measured} == {
        "cold-start": [MET],
        "mails": [replace(MISSED, samples=[16.0])],
    }


def test_figures_of_two_machines_are_not_merged() -> None:
    with pytest.raises(ValueError, match="another machine"):
        RESULTS.with_newer(replace(RESULTS, machine=replace(MACHINE, cores=8)), list(MEASUREMENTS))


@pytest.mark.parametrize("shown", [rows_text, causes_markdown])
def test_a_row_that_is_missed_is_said_with_its_cause_and_one_that_is_met_without(shown: object) -> None:
    assert callable(shown)
    text = shown([replace(MET, cause="not asked for"), MISSED])
    assert "the processor." in text
    assert "not asked for" not in text
    assert "1 of 2 aims are met." in text


def test_a_row_that_is_missed_without_a_cause_says_that_nobody_knows() -> None:
    assert NO_CAUSE in causes_markdown([replace(MISSED, cause="")])


def test_the_table_has_the_aim_the_median_and_the_spread() -> None:
    first, second = rows_markdown([MET, MISSED]).splitlines()[2:]
    assert first == "| a start | a bare one | ≤ 1.15 x | 1.10 x | met | 1.05 to 1.20 x |"
    assert "| ≥ 15 x | **12.0 x** | missed | 11.0 to 13.0 x; 0.5 s against 6 s |" in second


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("name", TITLES)
def test_a_chart_is_svg_without_scripts_or_anything_from_elsewhere(name: str, scheme: str) -> None:
    tricky = replace(MET, work='<script>alert("&")</script>')
    svg = chart(name, [MET, MISSED, tricky], scheme=scheme)
    root = ElementTree.fromstring(svg)  # noqa: S314 - it is our own
    kinds = {element.tag.partition("}")[2] for element in root.iter()}
    assert kinds == {"svg", "rect", "text", "line"}
    assert tricky.work in [element.text for element in root.iter()]
    assert re.findall(r"https?://\S+|href|url\(", svg) == ['http://www.w3.org/2000/svg"']
    assert svg.count(SCHEMES[scheme]["missed"]) == 1


def test_the_schemes_differ_in_every_colour_of_text_and_background() -> None:
    light, dark = SCHEMES["light"], SCHEMES["dark"]
    assert light.keys() == dark.keys()
    assert all(light[name] != dark[name] for name in light)


def test_a_bar_ends_before_the_line_exactly_if_the_row_is_met() -> None:
    root = ElementTree.fromstring(chart("work", [MET, MISSED], scheme="light"))  # noqa: S314 - it is our own
    bars = [element for element in root.iter() if element.get("rx")]
    [aim] = [element for element in root.iter() if element.get("stroke-dasharray")]
    ends = [float(bar.get("x", "")) + float(bar.get("width", "")) for bar in bars]
    assert [end <= float(aim.get("x1", "")) for end in ends] == [True, False]


def test_page_and_charts_are_those_of_the_data() -> None:
    assert write_page(check=True) == 0


def test_the_page_shows_every_chart_in_both_schemes() -> None:
    shown = re.findall(r'(?:srcset|src)="([^"]+)"', (DOCS / "performance.md").read_text())
    assert sorted(shown) == sorted(name for name, _ in charts_of(RESULTS))


def test_a_page_that_differs_from_the_data_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    docs = tmp_path / "docs"
    shutil.copytree(DOCS / "images", docs / "images")
    shutil.copy(DOCS / "performance.md", docs)
    (docs / DATA).write_text(RESULTS.to_text())
    assert write_page(docs) == 0
    assert write_page(docs, check=True) == 0
    (docs / DATA).write_text(RESULTS.to_text().replace("12.0", "19.0"))
    assert write_page(docs, check=True) == 1
    assert "python -m benchmarks.page --write" in capsys.readouterr().out
    page = docs / "performance.md"
    (docs / DATA).write_text(RESULTS.to_text())
    page.write_text(page.read_text().replace("1.10 x", "0.90 x"))
    assert write_page(docs, check=True) == 1


def test_the_tables_name_day_and_machine_and_no_host() -> None:
    assert page_tables(RESULTS)["machine"] == (
        "Measured on 2026-12-01, on 2 cores (x86_64), 24 GiB, Python 3.11.7, Linux 6.1.0."
    )
    assert set(vars(this_machine())) == {"cores", "processor", "memory_gib", "python", "kernel"}


def test_the_committed_data_is_of_measurements_that_exist() -> None:
    text = (DOCS / DATA).read_text()
    assert {each.name for each in read_results(DOCS / DATA).measured} <= MEASUREMENTS.keys()
    assert first_difference(text, Results.from_text(text).to_text()) is None


@pytest.mark.parametrize("name", MEASUREMENTS)
def test_each_measurement_is_a_function_of_rounds_and_has_a_chart(name: str) -> None:
    measurement = MEASUREMENTS[name]
    assert "rounds" in inspect.signature(measurement.load()).parameters
    assert measurement.chart in TITLES


def test_every_benchmark_that_returns_rows_is_in_the_registry() -> None:
    registered = {measurement.place for measurement in MEASUREMENTS.values()}
    defined = {
        f"benchmarks.{path.stem}:{name}"
        for path in (ROOT / "benchmarks").glob("*.py")
        for name in re.findall(r"^def (measure_\w+)\(", path.read_text(), re.MULTILINE)
    }
    assert defined == registered
