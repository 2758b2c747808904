"""Metrics, slices, intervals, calibration, and the report."""
