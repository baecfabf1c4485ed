"""Prices of AWS, from prices.toml."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

from tools.cost.errors import NoPriceError

if TYPE_CHECKING:
    from collections.abc import Mapping

FILE = Path(__file__).with_name("prices.toml")


@dataclass(frozen=True, kw_only=True)
class Price:
    """Price of one `unit` in US dollars, when it was `read`, and AWS's page about it."""

    usd: Decimal
    unit: str
    read: str
    source: str


@dataclass(frozen=True, kw_only=True)
class PriceList:
    """Prices of one region by their names."""

    region: str
    prices: Mapping[str, Price]

    def __getitem__(self, name: str) -> Price:
        """Return a price. Raises NoPriceError."""
        if name not in self.prices:
            raise NoPriceError(f"There is no price for {name}. Look it up on AWS's page, and add it to {FILE.name}.")
        return self.prices[name]


def read_prices(path: Path = FILE) -> PriceList:
    """Read the file of prices."""
    content = tomllib.loads(path.read_text(encoding="utf-8"), parse_float=Decimal)
    region = content.pop("region")
    return PriceList(region=region, prices={name: Price(**entry) for name, entry in content.items()})
