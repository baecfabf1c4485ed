"""Check that nothing is missing beside an event, a notification, a locale or a field: python -m tools.completeness.

It names each file or field that is missing, and says what to add and where. docs/adding-a-notification.md,
docs/adding-a-locale.md and docs/adding-a-field.md lead through the additions.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tools.contract.consumers import FILE, read_consumers
from tools.contract.errors import ContractError
from tools.contract.schemas import SUFFIX, contract_folders, fields, read_schemas

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

ROOT = Path(__file__).parents[1]
TEMPLATES = "functions/notify/templates"
OPENAPI = "docs/openapi.json"
ORDER_EVENTS = "events"
SCHEMA_OF_THE_API = "functions/order/http/schema.py"
# Fields of events that the API calls by another name.
NAMES_IN_THE_API = {"paid_at": "created_at"}
# Schemas of docs/openapi.json with what a customer of the API may send about an order, and events repeat.
OF_NEW_ORDERS = ("NewOrder", "NewCustomer", "NewOrderLine")
# Those with what the API answers about an order.
OF_STORED_ORDERS = ("StoredOrder", "OrderCustomer", "StoredOrderLine", "OrderCancellation")
# A field that only the API needs.
NOT_IN_EVENTS = {"payment"}


@dataclass(frozen=True, kw_only=True)
class DescribedEvent:
    """An event type, the folder of its producer, and the paths of the fields that its schema describes."""

    name: str
    folder: Path
    fields: frozenset[str]

    @property
    def schema(self) -> Path:
        """The file of the schema."""
        return self.folder / f"{self.name}{SUFFIX}"

    @property
    def sample(self) -> Path:
        """The file of the sample."""
        return self.folder / f"{self.name}.json"


def find_gaps(root: Path) -> Iterator[str]:
    """Yield a line for each thing that is missing in a repository. Raises ContractError."""
    events = [
        DescribedEvent(name=name, folder=folder, fields=frozenset(fields(schema)))
        for folder in contract_folders(root)
        for name, schema in read_schemas(folder).items()
    ]
    for event in events:
        yield from _gaps_in_sample(event, root)
    of_orders = [event for event in events if event.folder == root / ORDER_EVENTS]
    yield from _gaps_in_asyncapi(of_orders, root)
    yield from _gaps_in_api(of_orders, json.loads((root / OPENAPI).read_text("utf-8"))["components"]["schemas"])
    folders = sorted(path for path in (root / TEMPLATES).iterdir() if path.is_dir())
    yield from _gaps_of_notifications(folders, {event.name for event in events}, root)
    yield from _gaps_in_locales(folders)


def _gaps_in_sample(event: DescribedEvent, root: Path) -> Iterator[str]:
    """Yield the fields that neither the sample nor the examples of the schema show."""
    schema, sample = event.schema.relative_to(root), event.sample.relative_to(root)
    if not event.sample.exists():
        yield f"{sample} is missing; add a sample of {event.name}, valid by {schema.name}"
        return
    shown = set(_paths(json.loads(event.sample.read_text("utf-8"))))
    with_examples = set(_names_with_examples(json.loads(event.schema.read_text("utf-8"))))
    for field in sorted(event.fields - shown):
        if field.rpartition(".")[2] not in with_examples:
            yield f"{sample} has no {field}; add it there, or `examples` of it to {schema}"


def _gaps_in_asyncapi(events: Sequence[DescribedEvent], root: Path) -> Iterator[str]:
    file = root / ORDER_EVENTS / "asyncapi.yaml"
    text = file.read_text("utf-8")
    for event in events:
        if f"$ref: ./{event.schema.name}" not in text:
            yield f"{file.relative_to(root)} has no message with {event.schema.name}; add one beside the others"


def _gaps_in_api(events: Sequence[DescribedEvent], schemas: Mapping[str, Any]) -> Iterator[str]:
    """Yield the fields of an order that its events have and its API lacks, or the other way round."""
    in_api = {name for each in OF_STORED_ORDERS for name in schemas[each]["properties"]}
    for event in events:
        for field in sorted(event.fields):
            name = field.rpartition(".")[2]
            if field.startswith("data.") and NAMES_IN_THE_API.get(name, name) not in in_api:
                yield (
                    f"{OPENAPI} has no {name}, a field of {event.name}; add it to {SCHEMA_OF_THE_API}, and run"
                    " `make openapi`"
                )
        names = {field.rpartition(".")[2] for field in event.fields}
        for schema in OF_NEW_ORDERS:
            for name in sorted(schemas[schema]["properties"].keys() - names - NOT_IN_EVENTS):
                file = f"{ORDER_EVENTS}/{event.schema.name}"
                yield f"{file} has no {name}, which a {schema} of {OPENAPI} has; describe it there"


def _gaps_of_notifications(folders: Sequence[Path], described: set[str], root: Path) -> Iterator[str]:
    [declared] = (set(each.reads) for each in read_consumers(root) if each.path == root / "functions/notify" / FILE)
    for folder in folders:
        if folder.name not in described:
            schema = f"{folder.name}{SUFFIX}"
            yield f"{TEMPLATES}/{folder.name} has no schema; add {schema} to the folder events/ of its producer"
        if folder.name not in declared:
            yield f"functions/notify/{FILE} has no {folder.name}; list the fields that its notification reads"
    for event_type in sorted(declared - {folder.name for folder in folders}):
        place = f"{TEMPLATES}/{event_type}"
        yield f"{place} is missing; add the folder, or remove {event_type} from functions/notify/{FILE}"


def _gaps_in_locales(folders: Sequence[Path]) -> Iterator[str]:
    """Yield the locales that some notifications have and others lack."""
    locales = {folder.name: {path.name for path in folder.iterdir() if path.is_dir()} for folder in folders}
    for name, there in locales.items():
        for locale in sorted(set().union(*locales.values()) - there):
            with_it = min(each for each, names in locales.items() if locale in names)
            yield f"{TEMPLATES}/{name}/{locale} is missing; add the folder, since {with_it} is written in {locale}"


def _paths(value: Mapping[str, Any], prefix: str = "") -> Iterator[str]:
    """Yield the paths of the fields of an event, in the form of tools/contract."""
    for name, field in value.items():
        yield f"{prefix}{name}"
        if isinstance(field, dict):
            yield from _paths(field, f"{prefix}{name}.")
        for item in field if isinstance(field, list) else ():
            if isinstance(item, dict):
                yield from _paths(item, f"{prefix}{name}[].")


def _names_with_examples(schema: Any) -> Iterator[str]:
    """Yield the names of the properties of a schema, and of its definitions, that have examples."""
    if isinstance(schema, dict):
        for name, field in schema.get("properties", {}).items():
            if isinstance(field, dict) and field.get("examples"):
                yield name
        for each in schema.values():
            yield from _names_with_examples(each)


def main(arguments: Sequence[str] | None = None) -> int:
    """Print what is missing; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tools.completeness", description=__doc__)
    parser.add_argument("--root", type=Path, default=ROOT, help="the repository; this one by default")
    options = parser.parse_args(arguments)
    try:
        gaps = list(find_gaps(options.root))
    except ContractError as error:
        gaps = [str(error)]
    print("\n".join(gaps), end="\n" if gaps else "", file=sys.stderr)
    return 1 if gaps else 0


if __name__ == "__main__":
    sys.exit(main())
