"""Errors of notify: one tree, so that a caller can name one, a group or all of them.

    NotifyError
    ├── SettingsError                   a variable of the environment is missing or malformed
    ├── BrokenTemplatesError            templates are missing or wrong
    ├── NotKafkaEventError              the event of an invocation is not from Kafka
    ├── UndecodableError                the value or the headers of a record are not bytes
    ├── RenderError                     an event does not have the values that its message needs
    ├── FormatError                     a value is not an amount, a currency, a quantity or a time
    ├── SendError                       the provider has not said that it took the message
    │   ├── DeferredError               not sent; a later attempt can succeed
    │   │   └── ThrottledError          not sent: over the provider's rate
    │   ├── RefusedError                not sent, and no later attempt can succeed
    │   └── AnswerLostError             nobody knows whether the message was sent
    ├── LedgerUnavailableError          DynamoDB has not read or written, or has not said so
    ├── DeadLettersUnavailableError     the queue has not taken a record
    └── AuthorizationError
        ├── UnauthenticatedError        the request has no verified token
        └── ForbiddenError              the token does not have the scope

Each class stands beside the code that raises it. No message of these errors holds an address, a number or a name.
"""


class NotifyError(Exception):
    """Base of all errors of notify."""
