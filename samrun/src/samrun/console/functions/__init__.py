"""View Functions of the console. `pages` has its routes."""
