"""Listener of the local broker on which a mapping authenticates, as the parameters of its template choose."""

from dataclasses import dataclass, replace

from samrun.endpoints import Endpoints
from samrun.template.model.kafka_mappings import KafkaAuthentication, KafkaMapping


@dataclass(frozen=True, kw_only=True)
class SecuredListener:
    """Address of a listener that asks for authentication, and how a mapping authenticates there."""

    bootstrap: str
    authentication: KafkaAuthentication


def secured_listener(mapping: KafkaMapping, endpoints: Endpoints) -> SecuredListener | None:
    """Return the listener on which a mapping authenticates; None if it reads the one without authentication.

    A self-managed source has the address of the listener. A source of MSK has none: the secret chooses, which is that
    of a user or a client of the listener.
    """
    authentication = mapping.authentication
    if mapping.event_source_arn is None:
        secured = {endpoints.kafka_scram, endpoints.kafka_mtls}
        chosen = mapping.bootstrap if mapping.bootstrap in secured else None
        return SecuredListener(bootstrap=chosen, authentication=authentication) if chosen else None
    by_secret = {
        (endpoints.kafka_secret, authentication.user): endpoints.kafka_scram,
        (endpoints.kafka_client_secret, authentication.certificate): endpoints.kafka_mtls,
    }
    listeners = (address for (secret, given), address in by_secret.items() if given and given == secret)
    chosen = next(listeners, None)
    # Lambda trusts the authority of Amazon, which signs the certificates of MSK. Here, that of the stack stands for it.
    trusting = replace(authentication, ca=authentication.ca or endpoints.kafka_ca_secret)
    return SecuredListener(bootstrap=chosen, authentication=trusting) if chosen else None
