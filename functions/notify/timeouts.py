"""Time of a send: how long a provider has to connect and to answer, in seconds. It is never repeated."""

CONNECT_TIMEOUT = 1
READ_TIMEOUT = 3
MAX_SEND = CONNECT_TIMEOUT + READ_TIMEOUT
