"""Blind sheets for raters, and the key to them."""
