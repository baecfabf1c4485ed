"""Identifiers in events, of ours and of SES's: ledger keys, tags of SES and words of the log."""

from typing import Annotated

from pydantic import StringConstraints

# Keys of the ledger and tags of SES have this much room. Identifiers are logged: so no addresses.
Identifier = Annotated[str, StringConstraints(pattern=r"^[!-?A-~]{1,100}$")]
