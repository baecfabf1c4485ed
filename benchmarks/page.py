"""Tables and charts that docs/performance.md shows of docs/performance.json.

python -m benchmarks.page --write
python -m benchmarks.page --check      # fails if one of them is not up to date
"""

import argparse
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from benchmarks.charts import SCHEMES, TITLES, chart
from benchmarks.money import money_table
from benchmarks.results import Results, read_results
from benchmarks.rows_table import causes_markdown, rows_markdown
from tools.generated_file import write_or_check
from tools.page import with_tables

DOCS = Path(__file__).parents[1] / "docs"
DATA = "performance.json"
COMMAND = "python -m benchmarks.page --write"


def page_tables(results: Results) -> Mapping[str, str]:
    """Return the tables of the page, by their names."""
    days = sorted({each.day for each in results.measured})
    return {
        "machine": f"Measured on {' and '.join(days)}, on {results.machine}.",
        "rows": rows_markdown(results.rows),
        "missed": causes_markdown(results.rows),
        "money": money_table(),
    }


def charts_of(results: Results) -> Iterator[tuple[str, str]]:
    """Yield the file's name and the content of each chart."""
    for name in TITLES:
        rows = [row for each in results.measured if each.chart == name for row in each.rows]
        for scheme in SCHEMES:
            yield f"images/performance-{name}-{scheme}.svg", chart(name, rows, scheme=scheme)


def write_page(docs: Path = DOCS, *, check: bool = False) -> int:
    """Write what the data says into the page and the charts, or with `check` compare. Return the exit status."""
    results = read_results(docs / DATA)
    page = docs / "performance.md"
    generated = with_tables(page.read_text(encoding="utf-8"), page_tables(results))
    files = [(page, generated), *((docs / name, content) for name, content in charts_of(results))]
    return max(write_or_check(path, content, check=check, command=COMMAND) for path, content in files)


def main(arguments: Sequence[str] | None = None) -> int:
    """Write or check. Return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.page", description=__doc__)
    chosen = parser.add_mutually_exclusive_group(required=True)
    chosen.add_argument("--write", action="store_true", help="write the tables and the charts")
    chosen.add_argument("--check", action="store_true", help="fail if one of them is not up to date")
    options = parser.parse_args(arguments)
    return write_page(check=options.check)


if __name__ == "__main__":
    sys.exit(main())
