"""Account of the local AWS."""

ACCOUNT = "123456789012"
