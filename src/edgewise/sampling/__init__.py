"""Temporal neighbourhoods of seeds."""
