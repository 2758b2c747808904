"""Attributes of a job's catalogue as sparse matrices of items by values."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import scipy.sparse as sp

__all__ = ["attribute_matrix", "same_attribute"]


def attribute_matrix(folder: Path) -> sp.csr_matrix:
    """Each attribute's values as columns, weighted by their rarity, rows of length one."""
    catalogue = pq.read_table(folder / "catalogue.parquet").drop_columns(["item"])
    blocks = [_one(catalogue.column(name)) for name in catalogue.column_names]
    found = sp.hstack(blocks).tocsr().astype(np.float32)
    rarity = np.log(found.shape[0] / np.maximum(np.asarray((found > 0).sum(axis=0)).ravel(), 1))
    found = found @ sp.diags(rarity.astype(np.float32))
    size = np.sqrt(np.asarray(found.multiply(found).sum(axis=1)).ravel())
    return (sp.diags(1.0 / np.maximum(size, 1e-9)) @ found).tocsr().astype(np.float32)


def same_attribute(folder: Path, name: str) -> sp.csr_matrix:
    """One attribute's values as columns of ones."""
    return _one(pq.read_table(folder / "catalogue.parquet", columns=[name]).column(name))


def _one(column: pa.ChunkedArray) -> sp.csr_matrix:
    """Items by values; lists give several ones a row."""
    whole = column.combine_chunks()
    rows = np.arange(len(whole))
    if pa.types.is_list(whole.type):
        rows = np.repeat(rows, pc.list_value_length(whole).fill_null(0).to_numpy(zero_copy_only=False))
        whole = whole.flatten()
    codes = whole.dictionary_encode().indices.to_numpy(zero_copy_only=False)
    known = np.isfinite(codes.astype(np.float64))
    values = codes[known].astype(np.int64)
    shape = (len(column), int(values.max(initial=0)) + 1)
    return sp.csr_matrix((np.ones(len(values), np.float32), (rows[known], values)), shape=shape)
