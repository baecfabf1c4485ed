"""Errors of notify: one tree under NotifyError. Each class stands beside the code that raises it.

    NotifyError
    ├── SettingsError                   settings.py
    ├── DeadLettersUnavailableError     dead_letters.py
    ├── NotKafkaEventError              events/records.py
    ├── UndecodableError                events/records.py
    ├── BrokenFieldsError               events/notification_fields.py
    ├── BrokenTemplatesError            messages/templating.py
    ├── RenderError                     domain/send_errors.py
    ├── FormatError                     messages/formats.py
    ├── LedgerUnavailableError          ledger/unavailable.py
    ├── SendError                       domain/send_errors.py
    │   ├── DeferredError               domain/send_errors.py
    │   │   └── ThrottledError          domain/send_errors.py
    │   ├── UnlistedRefusalError        domain/send_errors.py
    │   ├── RefusedError                domain/send_errors.py
    │   └── AnswerLostError             domain/send_errors.py
    └── AuthorizationError              http/authorization.py
        ├── UnauthenticatedError        http/authorization.py
        └── ForbiddenError              http/authorization.py

handlers/error_answers.py maps the errors that a request for the history can meet to their HTTP answers. No message of
these errors holds an address, a number or a name.
"""


class NotifyError(Exception):
    """Base of all errors of notify."""
