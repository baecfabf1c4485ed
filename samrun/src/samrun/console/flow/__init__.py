"""View Flow of the console. `pages` has its routes."""
