"""Columns to numbers, fitted on rows visible at the training cut only."""
