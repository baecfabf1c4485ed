"""View Dead letters of the console. `pages` has its routes."""
