"""New services of several names and types, as `samrun new` generates them."""

from collections.abc import Sequence
from pathlib import Path

from samrun.scaffold.names import service_name
from samrun.scaffold.samples import find_samples
from samrun.scaffold.services import consumer_files, producer_files

# Parameters of the templates without a default.
PARAMETERS = {
    "consumer": {"KafkaBootstrapServers": "127.0.0.1:9092"},
    "producer": {
        "KafkaBootstrapServers": "127.0.0.1:9092",
        "KafkaAuthentication": "none",
        "MskClusterArn": "arn:aws:kafka:us-east-1:123456789012:cluster/local/00000000-0000-0000-0000-000000000000-1",
        "TokenIssuer": "http://127.0.0.1:8025/issuer",
    },
}
# The kind of a service, its name, its topic and its types.
Variant = tuple[str, str, str, tuple[str, ...]]
LONG_NAMES = ("a-name-as-long-as-it-may-be-abcd", "t" * 249, ("e" * 100,))
VARIANTS: dict[str, Variant] = {
    "one type": ("consumer", "reviews", "order-events", ("order.paid.v1",)),
    "two types": ("consumer", "order-reviews", "order_events.1", ("order.paid.v1", "order.cancelled.v1")),
    "all types": ("consumer", "audit", "order-events", ()),
    "long names": ("consumer", *LONG_NAMES),
    "producer": ("producer", "signups", "member-events", ("member.joined.v1",)),
    "producer with long names": ("producer", *LONG_NAMES),
}


def generated(kind: str, name: str, topic: str, types: Sequence[str], folder: Path) -> dict[str, str]:
    if kind == "producer":
        [only] = types
        return dict(producer_files(service_name(name), topic=topic, event_type=only))
    samples = find_samples(types, [], contract=folder)
    return dict(consumer_files(service_name(name), topic=topic, samples=samples, types=types))


def written(folder: Path, files: dict[str, str]) -> Path:
    for path, text in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    return folder
