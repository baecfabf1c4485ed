"""Cases of the state transition table of the order function in docs/architecture.md, for its pure rules.

An id is a row in short: what is found | what happens | the new state or the answer. tests/test_tables_of_states.py has
the rows, and names their cases.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from functions.order.domain.decisions import Cancelling, Placing
from tests.order.orders import CANCELLATION, NOON, cancelled_order, order_of

PAID = order_of()
CANCELLED = cancelled_order()
ERASED = order_of(pending=(), erased_at=NOON)

# The order that is found, the hash of the request's content, and the decision.
PLACING = [
    pytest.param(None, PAID.content_hash, Placing.RECORD, id="nothing | POST /orders | stored | 201"),
    pytest.param(PAID, PAID.content_hash, Placing.REPLAY, id="stored | POST again, same content | 200"),
    pytest.param(
        CANCELLED,
        PAID.content_hash,
        Placing.REPLAY,
        id="stored, since cancelled | POST again, same content | 200",
    ),
    pytest.param(ERASED, PAID.content_hash, Placing.REPLAY, id="stored, since erased | POST again, same content | 200"),
    pytest.param(PAID, "b" * 64, Placing.REFUSE_PAYMENT_TAKEN, id="stored | POST again, other content | 409"),
]

# The order that is found, the reason in the request, and the decision.
CANCELLING = [
    pytest.param(PAID, CANCELLATION.reason, Cancelling.CANCEL, id="paid | POST …/cancellation | cancelled, pending"),
    pytest.param(
        CANCELLED,
        CANCELLATION.reason,
        Cancelling.REPLAY,
        id="cancelled | POST …/cancellation again, same reason | 200",
    ),
    pytest.param(
        CANCELLED,
        "Out of stock",
        Cancelling.REFUSE_OTHER_REASON,
        id="cancelled | POST …/cancellation, another reason | 409",
    ),
    pytest.param(ERASED, CANCELLATION.reason, Cancelling.REFUSE_ERASED, id="erased | POST …/cancellation | 409"),
    pytest.param(
        replace(CANCELLED, pending=(), erased_at=NOON),
        CANCELLATION.reason,
        Cancelling.REFUSE_ERASED,
        id="erased, cancelled before | POST …/cancellation again, same reason | 409",
    ),
    pytest.param(None, CANCELLATION.reason, Cancelling.REFUSE_UNKNOWN, id="nothing | POST …/cancellation | 404"),
]
