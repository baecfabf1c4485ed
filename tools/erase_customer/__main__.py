"""`python -m tools.erase_customer --customer-id ID [--dry-run]`: erase a customer's personal data from a stack."""

from __future__ import annotations

import argparse
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from functions.order.domain.order_number import order_number
from functions.order.storage.client import StoreUnavailableError
from samrun import UserError
from tools.deadletters.dead_letter_store import open_store
from tools.erase_customer import locations
from tools.erase_customer.customer_dead_letters import dead_letter_ids
from tools.erase_customer.customer_orders import CustomerOrders
from tools.erase_customer.erased_order import Erasing
from tools.erase_customer.feedback_reports import open_reports
from tools.table import table

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from tools.erase_customer.customer_orders import CustomerOrder
    from tools.erase_customer.locations import PersonalDataLocations

INTERRUPTED = 130
_STAYS = """\
What this cannot erase:
- Kafka: the topic has the events of these orders until its retention.ms after each was published.
- DynamoDB's point-in-time recovery: 35 days. After a restore, erase the customer again.
- Mails and text messages that were sent, SES's suppression list, and the data of other services: docs/privacy.md."""


def erase_customer(found: PersonalDataLocations, customer_id: str, *, dry_run: bool) -> int:
    """Erase the customer, or show what would be erased. Return the exit status.

    It is 1 if an order has to wait, or if a message or an object cannot be read: it may be about the customer.
    """
    orders = CustomerOrders(client=found.dynamodb, table=found.orders, customer_id=customer_id)
    results = orders.all()
    if not dry_run:
        now = datetime.now(UTC)
        results = [orders.erase(each, now=now) if each.erasing is Erasing.ERASE else each for each in results]
    _print_orders(results, dry_run=dry_run)
    order_ids = {each.order.order_id for each in results}
    unreadable = _remove_dead_letters(found, order_ids, customer_id, dry_run=dry_run)
    unreadable += _remove_reports(found, order_ids, dry_run=dry_run)
    print("Nothing was changed." if dry_run else _STAYS)
    return int(unreadable > 0 or any(each.erasing in {Erasing.WAIT, Erasing.REPAIR} for each in results))


def _remove_dead_letters(
    found: PersonalDataLocations, order_ids: Collection[str], customer_id: str, *, dry_run: bool
) -> int:
    """Remove the customer's dead letters; return how many messages and objects cannot be read."""
    with open_store(found.dead_letters) as store:
        ids = dead_letter_ids(store, order_ids=order_ids, customer_id=customer_id)
        for each in ids if not dry_run else []:
            store.remove(each)
        print(f"Dead letters: {len(ids)} {_done('removed', dry_run=dry_run)}")
        for text in store.unreadable:
            print(f"{text}: not changed. It expires 14 days after it was written.", file=sys.stderr)
        return len(store.unreadable)


def _remove_reports(found: PersonalDataLocations, order_ids: Collection[str], *, dry_run: bool) -> int:
    """Remove the reports about these orders; return how many name no order."""
    with open_reports(found.dead_letters.sqs, found.feedback_queue_url) as reports:
        messages = reports.of_orders(order_ids)
        for each in messages if not dry_run else []:
            reports.remove(each)
        print(f"Reports of SES that were not processed: {len(messages)} {_done('removed', dry_run=dry_run)}")
        if reports.unreadable:
            print(
                f"{reports.unreadable} reports name no order: not changed. They expire after 14 days.", file=sys.stderr
            )
        return reports.unreadable


def _print_orders(results: Sequence[CustomerOrder], *, dry_run: bool) -> None:
    if not results:
        print("The table has no order of this customer.")
        return
    rows = [
        (
            order_number(each.order.order_id),
            each.order.order_id,
            f"{each.order.created_at:%Y-%m-%d %H:%M:%SZ}",
            _done(each.erasing, dry_run=dry_run) if each.erasing is Erasing.ERASE else each.erasing,
        )
        for each in results
    ]
    print(table([("ORDER", "ID", "PLACED", "RESULT"), *rows]))


def _done(word: str, *, dry_run: bool) -> str:
    return f"would be {word}" if dry_run else word


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tools.erase_customer", description=__doc__)
    parser.add_argument("--customer-id", required=True, help="the customer.id of the orders")
    parser.add_argument("--dry-run", action="store_true", help="show what would be erased, and change nothing")
    parser.add_argument("--stack", help="name of a stack in AWS, instead of the one on this machine")
    parser.add_argument("--region", help="region of --stack, if not the environment's")
    parser.add_argument("--data", type=Path, default=Path(".local"), help="data folder of the stack on this machine")
    parser.add_argument("--template", type=Path, default=Path("template.yaml"), help="template of that stack")
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return the exit status."""
    options = _parser().parse_args(arguments)
    try:
        if options.stack:
            found = locations.deployed(options.stack, region=options.region)
        else:
            found = locations.on_this_machine(options.data, options.template)
        return erase_customer(found, options.customer_id, dry_run=options.dry_run)
    except UserError as error:
        print(error, file=sys.stderr)
    except StoreUnavailableError:
        print("DynamoDB is unavailable: run this again. Orders that were erased stay so.", file=sys.stderr)
    except (BotoCoreError, ClientError) as error:
        print(f"AWS refused a request: {error}", file=sys.stderr)
    except KeyboardInterrupt:
        return INTERRUPTED
    return 1


if __name__ == "__main__":
    sys.exit(main())
