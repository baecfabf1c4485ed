"""Attackers of the API: a stack with orders of a victim, and the means of an attacker against it."""

import base64
import hashlib
import hmac
import json
import time
from typing import Any

import httpx
import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

from functions.order.domain.order import order_id_for
from tests.system.order_stack import OrderStack
from tests.system.orders_table import OrdersTable

VICTIM, ATTACKER = "cus_victoria", "cus_mallory"
TOPIC = "order-events"
REASON = "Bitte stornieren, Karte gestohlen"
CUSTOMERS = {
    VICTIM: {"name": "Victoria Quixley", "email": "v.quixley@victim.example", "phone": "+4915207829923"},
    ATTACKER: {"name": "Mallory Überfall", "email": "mallory@attacker.example", "phone": "+84912345678"},
}
MISSING_ORDER = order_id_for("pay-nobody")


class AttackedStack:
    """A stack with orders of a victim and of the attacker, the attacker's means, and all that must not be logged."""

    def __init__(self, stack: OrderStack) -> None:
        self.stack = stack
        self.table = OrdersTable(stack.endpoints["dynamodb"])
        self.tokens: set[str] = set()
        self.texts: set[str] = {REASON}
        self._http = httpx.Client(base_url=stack.endpoints["api"], timeout=60)
        key = load_pem_private_key((stack.data / "issuer" / "key.pem").read_bytes(), password=None)
        assert isinstance(key, RSAPrivateKey)
        self.key = key
        self.issuer = f"{stack.endpoints['console']}/issuer"
        self.key_id: str = httpx.get(f"{self.issuer}/.well-known/jwks.json").json()["keys"][0]["kid"]
        self.checkout = self.token(sub="svc_checkout", scope="orders:write orders:read:all")
        self.customer = self.token(sub=ATTACKER)

    def close(self) -> None:
        self._http.close()
        self.table.close()

    def token(self, *, key: Any = None, algorithm: str = "RS256", **claims: Any) -> str:
        """Return a token with these claims, None for none, signed by the issuer's key by default."""
        now = int(time.time())
        usual = {"iss": self.issuer, "sub": ATTACKER, "aud": "orders", "iat": now, "exp": now + 3600}
        present = {name: value for name, value in (usual | claims).items() if value is not None}
        token = jwt.encode(present, key or self.key, algorithm, headers={"kid": self.key_id})
        return self.noted(token)

    def noted(self, token: str) -> str:
        self.tokens.add(token)
        return token

    def request(self, method: str, path: str, token: str | None = None, **options: Any) -> httpx.Response:
        headers = [*options.pop("headers", []), *([("authorization", f"Bearer {token}")] if token else [])]
        return self._http.request(method, path, headers=headers, **options)

    def post(self, path: str, body: Any, *, content_type: str = "application/json") -> httpx.Response:
        """Post a body, bytes as they are, with all the rights that the shop's own checkout has."""
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        return self.request("POST", path, self.checkout, content=content, headers=[("content-type", content_type)])

    def place(self, customer: str, reference: str, **headers: str) -> str:
        """Place an order as the shop's checkout does, and return its id."""
        body = order(reference, id=customer, **CUSTOMERS[customer])
        answer = self.request("POST", "/orders", self.checkout, json=body, headers=list(headers.items()))
        assert answer.status_code == httpx.codes.CREATED
        order_id: str = answer.json()["order_id"]
        return order_id

    def state(self) -> Any:
        """Return all that the table and the topic have."""
        return sorted(self.table.orders(), key=lambda item: str(item["order_id"])), self.stack.records(TOPIC)

    def logs(self) -> str:
        """Return all that the stack has printed and written to its logs."""
        files = [self.stack.log, *sorted(path for path in (self.stack.data / "logs").rglob("*") if path.is_file())]
        return "\n".join(file.read_text(errors="replace") for file in files)


def order(reference: str = "pay-attack", **customer: Any) -> dict[str, Any]:
    """Return the body of an order, for `customer` with changes."""
    return {
        "customer": {"id": ATTACKER, **CUSTOMERS[ATTACKER], **customer},
        "items": [{"sku": "BOOK-1", "name": "Notes on the Engine", "quantity": 2, "unit_price": "12.50"}],
        "currency": "EUR",
        "payment": {"reference": reference},
    }


def forged(world: AttackedStack) -> dict[str, str]:
    """Return tokens that claim all rights and must not hold."""
    hour = 3600
    now = int(time.time())
    rights = {"scope": "orders:write orders:read:all", "sub": VICTIM}
    header, _, signature = world.customer.split(".")
    stranger = generate_private_key(public_exponent=65537, key_size=2048)
    claims = {"iss": world.issuer, "aud": "orders", "iat": now, "exp": now + hour, **rights}
    by_hmac = f"{_part({'alg': 'HS256', 'kid': world.key_id})}.{_part(claims)}"
    pem = world.key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return {
        "expired": world.token(**rights, exp=now - 5),
        "not valid yet": world.token(**rights, nbf=now + hour),
        "never expires": world.token(**rights, exp=None),
        "unsigned": world.noted(f"{_part({'alg': 'none', 'kid': world.key_id})}.{_part(claims)}."),
        "signature of other claims": world.noted(f"{header}.{_part(claims)}.{signature}"),
        "HMAC with the public key": world.noted(
            f"{by_hmac}.{_part(hmac.digest(pem, by_hmac.encode(), hashlib.sha256))}"
        ),
        "another key under our id": world.token(**rights, key=stranger),
        "another issuer": world.token(**rights, iss="https://issuer.attacker.example"),
        "another audience": world.token(**rights, aud="newsletter"),
        "no token at all": world.noted("x" * 4000),
    }


def _part(value: Any) -> str:
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
