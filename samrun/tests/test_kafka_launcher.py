"""Validators of mappings: the schema registry that each uses, and what is said about it."""

import pytest

from samrun.endpoints import Endpoints
from samrun.kafka_launcher import validator_of
from samrun.services.clients import clients
from samrun.template.model.kafka_mappings import SchemaRegistryConfig
from samrun.testing.kafka_records import kafka_mapping

OTHER, OWN = "http://127.0.0.1:8081", "https://registry.example.com"
CLIENT = clients(
    Endpoints(api=None, lambda_=None, console="", aws="http://127.0.0.1:1", dynamodb="", kafka=""), "us-east-1"
)
GLUE = "arn:aws:glue:us-east-1:123456789012:registry/r"


@pytest.mark.parametrize(
    ("uri", "url", "validates", "said"),
    [
        (OWN, None, True, ""),
        (OWN, OTHER, True, f"uses the schema registry {OTHER} instead of {OWN}, without AccessConfigs"),
        ("", OTHER, True, f"uses the schema registry {OTHER} instead of the template's, without AccessConfigs"),
        ("", None, False, "validates no records: only AWS knows the address of its schema registry. Set SCHEMA_REG"),
        (GLUE, OTHER, True, "uses Glue in the local AWS: register its schemas there"),
    ],
)
def test_mapping_uses_its_registry_or_the_one_that_stands_for_it(
    uri: str, url: str | None, validates: bool, said: str
) -> None:
    config = SchemaRegistryConfig(uri=uri, record_format="JSON", attributes=frozenset({"VALUE"}))
    texts: list[str] = []
    validator = validator_of(kafka_mapping(schema_registry=config), url=url, client=CLIENT, report=texts.append)
    assert (validator is not None) == validates
    assert said in "".join(texts)
    assert bool(texts) == bool(said)


def test_mapping_without_a_registry_validates_nothing() -> None:
    assert validator_of(kafka_mapping(), url=OTHER, client=CLIENT, report=print) is None
