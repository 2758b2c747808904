"""Functions that kernels call and Python does not."""

from __future__ import annotations

from typing import Any

import numba as nb

__all__ = ["inner"]

#: Compiles a function that only kernels call: without the code that takes Python's arguments apart, which for a
#: timeline's many arrays is most of what there would be to compile. It is kept with the kernels that call it.
inner: Any = nb.njit(no_cpython_wrapper=True, no_cfunc_wrapper=True)
