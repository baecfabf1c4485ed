"""Errors of the order function: one tree under OrderError. Each class stands beside the code that raises it.

    OrderError
    ├── SettingsError                 settings.py
    ├── UnknownCurrencyError          domain/money.py
    ├── NoSuchEventError              domain/events.py
    ├── OrderNumberInvalidError       domain/order_number.py
    ├── BodyRefusedError              http/request_body.py
    ├── UnauthenticatedError          http/authorization.py
    ├── ForbiddenError                http/authorization.py
    ├── StoreUnavailableError         storage/client.py
    ├── ConditionFailedError          storage/client.py
    ├── OrderUnknownError             storage/store.py
    ├── PaymentTakenError             storage/store.py
    ├── AlreadyCancelledError         storage/store.py
    ├── OrderErasedError              storage/store.py
    ├── CursorInvalidError            storage/queries.py
    ├── SecretUnavailableError        producer/secrets.py
    ├── NotConnectedError             producer/connection.py
    ├── NotPublishedError             producer/kafka_publisher.py
    │   └── EventRefusedError         producer/kafka_publisher.py
    ├── LeaseTakenError               outbox/lease.py
    └── UnknownInvocationError        handlers/relay_event.py

handlers/error_answers.py maps the errors that a request can meet to their HTTP answers.
"""


class OrderError(Exception):
    """An error that this function raises itself, and expects."""
