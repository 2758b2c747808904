"""Bound queries to SQL trees: label tables and histories, for every dialect at once."""
