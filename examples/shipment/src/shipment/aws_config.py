"""Configuration of all clients of AWS: no call outlasts its invocation.

Botocore's own limits are a minute to connect and a minute to read, and up to five attempts.
"""

from botocore.config import Config

# Every call may be repeated.
SHORT_TIMEOUTS = Config(connect_timeout=1, read_timeout=2, retries={"mode": "standard", "total_max_attempts": 2})
