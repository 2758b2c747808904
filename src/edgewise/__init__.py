"""Edgewise: tables to predictions."""
