"""Errors of notify: one tree under NotifyError. Each class stands beside the code that raises it.

    NotifyError
    ├── SettingsError                   settings.py
    ├── DeadLettersUnavailableError     dead_letters.py
    ├── NotKafkaEventError              events/records.py
    ├── UndecodableError                events/records.py
    ├── BrokenTemplatesError            messages/templating.py
    ├── RenderError                     messages/messages.py
    ├── FormatError                     messages/formats.py
    ├── LedgerUnavailableError          ledger/ledger.py
    ├── SendError                       channels/errors.py
    │   ├── DeferredError               channels/errors.py
    │   │   └── ThrottledError          channels/errors.py
    │   ├── RefusedError                channels/errors.py
    │   └── AnswerLostError             channels/errors.py
    └── AuthorizationError              http/authorization.py
        ├── UnauthenticatedError        http/authorization.py
        └── ForbiddenError              http/authorization.py

handlers/error_answers.py maps the errors that a request for the history can meet to their HTTP answers. No message of
these errors holds an address, a number or a name.
"""


class NotifyError(Exception):
    """Base of all errors of notify."""
