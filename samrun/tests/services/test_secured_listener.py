"""Listener on which a mapping authenticates: the address of its source chooses, or the secret of a mapping to MSK."""

from dataclasses import replace

import pytest

from samrun.endpoints import Endpoints
from samrun.services.secured_listener import SecuredListener, secured_listener
from samrun.template.model.kafka_mappings import KafkaAuthentication
from samrun.testing.kafka_records import kafka_mapping

PLAIN = Endpoints(api=None, lambda_=None, console="c", aws="a", dynamodb="d", kafka="localhost:1")
SECURED = replace(
    PLAIN,
    kafka_scram="localhost:2",
    kafka_secret="arn:user",
    kafka_mtls="localhost:3",
    kafka_client_secret="arn:client",
    kafka_ca_secret="arn:ca",
)
USER = KafkaAuthentication(mechanism="SCRAM-SHA-512", user="arn:user")
CLIENT = KafkaAuthentication(certificate="arn:client")
CLUSTER = "arn:aws:kafka:us-east-1:123456789012:cluster/c/uuid-2"


@pytest.mark.parametrize(("authentication", "address"), [(USER, "localhost:2"), (CLIENT, "localhost:3")])
def test_secret_of_a_mapping_to_msk_chooses_the_listener(authentication: KafkaAuthentication, address: str) -> None:
    mapping = kafka_mapping(event_source_arn=CLUSTER, authentication=authentication)
    assert secured_listener(mapping, SECURED) == SecuredListener(
        bootstrap=address, authentication=replace(authentication, ca="arn:ca")
    )


@pytest.mark.parametrize(
    "authentication",
    [
        KafkaAuthentication(),
        KafkaAuthentication(mechanism="SCRAM-SHA-512", user="arn:another"),
        KafkaAuthentication(certificate="arn:another"),
        KafkaAuthentication(unsupported=("IAM_AUTH",)),
    ],
)
def test_mapping_to_msk_with_another_secret_does_not_authenticate(authentication: KafkaAuthentication) -> None:
    mapping = kafka_mapping(event_source_arn=CLUSTER, authentication=authentication)
    assert secured_listener(mapping, SECURED) is None
    assert secured_listener(mapping, PLAIN) is None


@pytest.mark.parametrize("address", ["localhost:2", "localhost:3"])
def test_address_of_a_self_managed_source_chooses_the_listener(address: str) -> None:
    mapping = kafka_mapping(event_source_arn=None, bootstrap=address, authentication=USER)
    assert secured_listener(mapping, SECURED) == SecuredListener(bootstrap=address, authentication=USER)


@pytest.mark.parametrize("address", ["localhost:1", "broker:9092", None])
def test_self_managed_source_elsewhere_does_not_authenticate(address: str | None) -> None:
    mapping = kafka_mapping(event_source_arn=None, bootstrap=address, authentication=USER)
    assert secured_listener(mapping, SECURED) is None
    assert secured_listener(mapping, PLAIN) is None
