"""Item-item models in closed form: EASE and Turbo-CF's filter."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp
from scipy.linalg import lapack

__all__ = ["ease", "turbo"]


def ease(profile: sp.csr_matrix, penalty: float) -> np.ndarray:
    """B = I - P diag(1 / diag P) with P = (X'X + penalty I)^-1: zero diagonal (Steck, WWW 2019, equation 8)."""
    gram = np.asfortranarray((profile.T @ profile).toarray(), dtype=np.float32)
    gram[np.diag_indices_from(gram)] += penalty
    factor, failed = lapack.spotrf(gram, lower=1, overwrite_a=1)
    inverse, failed_too = lapack.spotri(factor, lower=1, overwrite_c=1)
    if failed or failed_too:
        raise ValueError("the Gram matrix cannot be inverted: raise the penalty")
    for first in range(0, len(inverse), 1024):  # the upper half is still that of the Gram matrix
        block = slice(first, first + 1024)
        own = np.tril(inverse[block, block])
        inverse[block, first:] = inverse[first:, block].T
        inverse[block, block] = own + np.tril(own, -1).T
    diagonal = np.diag(inverse).copy()
    inverse /= -diagonal[None, :]
    inverse[np.diag_indices_from(inverse)] = 0.0
    return inverse


def turbo(seen: sp.csr_matrix, alpha: float, power: float) -> sp.csr_matrix:
    """(R~'R~)^power elementwise, with R~ = D_u^-alpha R D_i^-(1 - alpha): the first-order filter of Turbo-CF.

    Park et al., SIGIR 2024, equations 5 and 6.
    """
    users = np.maximum(np.asarray(seen.sum(axis=1)).ravel(), 1.0)
    items = np.maximum(np.asarray(seen.sum(axis=0)).ravel(), 1.0)
    scaled = (sp.diags(users**-alpha) @ seen @ sp.diags(items ** -(1.0 - alpha))).astype(np.float32)
    graph = (scaled.T @ scaled).tocsr()
    graph.data **= np.float32(power)
    return graph
