"""Chance that sticks: the same user is always held out, the same ties are always broken the same way."""

from __future__ import annotations

import hashlib

import numpy as np
import pyarrow as pa
from jaxtyping import Float64

__all__ = ["drawn"]


def drawn(keys: pa.Array, what: str, random_seed: int) -> Float64[np.ndarray, " n"]:
    """A number in [0, 1) for each key: a hash of the key as text, of what it is drawn for, and of the seed."""
    salt = f"{what}:{random_seed}:".encode()
    found = np.empty(len(keys))
    for i, key in enumerate(keys.to_pylist()):
        digest = hashlib.blake2b(salt + str(key).encode(), digest_size=8).digest()
        found[i] = int.from_bytes(digest, "big") / 2.0**64
    return found
