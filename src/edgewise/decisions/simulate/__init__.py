"""Planted worlds as referees: policies compared on the same futures."""
