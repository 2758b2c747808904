"""Semantic types: what a column means to a model, whatever its storage type."""

from __future__ import annotations

from enum import StrEnum

__all__ = ["SType"]


class SType(StrEnum):
    """What a column means. `ID` columns name rows; they are linked, never encoded as numbers."""

    NUMERICAL = "numerical"
    CATEGORICAL = "categorical"
    MULTICATEGORICAL = "multicategorical"
    TEXT = "text"
    TIMESTAMP = "timestamp"
    BOOLEAN = "boolean"
    ID = "ID"
    EMBEDDING = "embedding"
