"""Cost of the system on AWS: what its templates declare, at the prices of prices.toml."""
