"""Columns to numbers, fitted on what was visible at the training cut."""
