"""Tools that developers of this project run by hand."""
