"""Publish the events of stored orders to a topic of their own: python -m tools.backfill TOPIC [--dry-run].

The events are the original ones, with their ids, and a header `backfill`, by which notify skips them. After each page
of orders the tool writes its place into a file; the same command goes on from there.
"""

from __future__ import annotations

import sys
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from functions.notify.channels.rate_limiter import RateLimiter
from functions.order.domain.timestamps import rfc3339
from functions.order.errors import OrderError
from samrun import UserError
from tools.backfill import order_source
from tools.backfill.arguments import argument_parser, file_for, moment_of
from tools.backfill.checkpoint import CheckpointFile, Job
from tools.backfill.event_count import count_events
from tools.backfill.order_pages import OrderPages
from tools.backfill.progress_report import ProgressReport, print_refused, said
from tools.backfill.publishing import Backfill
from tools.backfill.selection import EVENT_TYPES, Selection

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from tools.backfill.checkpoint import Progress
    from tools.backfill.order_source import OrderSource

INTERRUPTED = 130
MAX_PAGE = 100  # orders


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the backfill or its dry run; return the exit status: 1 if an event was refused or the run stopped."""
    options = argument_parser(__doc__).parse_args(arguments)
    file = CheckpointFile(path=options.checkpoint or file_for(options.topic, options.segment))
    try:
        if options.stack:
            source = order_source.deployed(options.stack, region=options.region)
        else:
            source = order_source.on_this_machine(options.data, options.template)
        with file.locked():
            return _run(options, source, file)
    except (UserError, OrderError) as error:
        print(error, file=sys.stderr)
    except (BotoCoreError, ClientError) as error:
        print(f"AWS refused a request: {error}\nThe same command goes on from {file.path}.", file=sys.stderr)
    except KeyboardInterrupt:
        print(f"Stopped. The same command goes on from {file.path}.", file=sys.stderr)
        return INTERRUPTED
    return 1


def _run(options: argparse.Namespace, source: OrderSource, file: CheckpointFile) -> int:
    progress = file.read(_job(options, source), until=options.until and rfc3339(options.until))
    selection = Selection(types=progress.job.types, since=options.since, until=moment_of(progress.job.until))
    size = max(1, min(MAX_PAGE, int(options.rate)))
    pages = OrderPages(client=source.dynamodb, table=source.table, segment=options.segment, size=size)
    if progress.is_complete:
        print(f"It is complete: {said(progress)}. To publish all of it once more, remove {file.path}.")
        return 0
    if progress.last_id:
        print(f"Goes on from {file.path}: {said(progress)} so far.")
    if options.dry_run:
        return _dry_run(pages, selection, progress, options.rate)
    reports = ProgressReport(orders=pages.approximate_count())
    backfill = Backfill(
        pages=pages,
        selection=selection,
        publisher=source.publisher(options.topic),
        limiter=RateLimiter(options.rate),
        checkpoint=file,
        report=reports.add,
        refuse=print_refused,
    )
    print(f"Publishes to {options.topic} the events before {progress.job.until}, at most {options.rate:g} a second.")
    done = backfill.run(progress)
    print(f"Complete: {said(done)}.")
    return 1 if done.refused else 0


def _dry_run(pages: OrderPages, selection: Selection, progress: Progress, rate: float) -> int:
    counted = count_events(pages, selection, after=progress.last_id)
    print(counted.rows())
    if counted.erased:
        print(f"{counted.erased:,} orders were erased: their events have no customer any more, and are left out.")
    seconds = timedelta(seconds=round(counted.total / rate))
    print(f"{counted.total:,} events, {seconds} h at {rate:g} a second. Nothing was published.")
    return 0


def _job(options: argparse.Namespace, source: OrderSource) -> Job:
    return Job(
        table=source.table,
        topic=options.topic,
        types=tuple(each for each in EVENT_TYPES if each in (options.type or EVENT_TYPES)),
        since=rfc3339(options.since) if options.since else "",
        until=rfc3339(options.until or datetime.now(UTC)),
        segment=str(options.segment),
    )


if __name__ == "__main__":
    sys.exit(main())
