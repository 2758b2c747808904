"""Batch predictions and run folders."""
