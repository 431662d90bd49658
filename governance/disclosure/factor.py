"""The triangular factor of what told cells have in common: projections onto their span by two products with its inverse.

Rows are indicators of cells, scaled to length 1. Their products (persons shared) have a Cholesky factor, to which the factor of new rows is appended; rows that are combinations
of others are left out (Golub and Van Loan 2013, Matrix Computations, section 4.2).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.linalg.lapack import dpstrf, dtrtri

Vector = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int64]

MOST_ROWS = 5_000
"""Independent cells of one history: 200 MB of factor, and some 30 ms for a solution."""
DEPENDENT = 1e-10
"""Squared distance, for rows of length 1, from which on a row is no combination of others."""


class TooMuch(Exception):
    """More has been answered than can be judged together within the time of a question."""


class Factor:
    """The inverse factor of the independent ones of the rows given so far. `rows` are their numbers.

    The inverse is kept, not the factor: products with it are cheap at any size, while triangular solutions of a few rows wake all of a threaded library's threads.
    """

    def __init__(self) -> None:
        self.rows: Rows = np.zeros(0, dtype=np.int64)
        self._scale: Vector = np.zeros(0)
        self._inverse: Vector = np.zeros((0, 0))

    def half(self, shared: Vector) -> Vector:
        """Return the factor's inverse times the products of its rows with others (persons shared; one column each)."""
        return np.asarray(self._view() @ (shared * self._scale[:, None]))

    def back(self, half: Vector) -> Vector:
        """Return weights of the rows from what `half` gave."""
        return np.asarray((self._view().T @ half) * self._scale[:, None])

    def solve(self, seen: Vector) -> Vector:
        """Return the weights of the rows whose combination the rows see as `seen`."""
        return self.back(self.half(seen))

    def room(self, count: int) -> None:
        """Raise TooMuch if there is no room for so many more rows."""
        if len(self.rows) + count > MOST_ROWS:
            raise TooMuch

    @property
    def taken(self) -> tuple[int, int]:
        """How many rows there are, and how many there is room for."""
        return len(self.rows), MOST_ROWS

    def append(self, rows: Rows, sizes: Vector, half: Vector, lower: Vector) -> None:
        """Add independent rows: `half` of their products with the rows so far, and the factor of what is left of their own."""
        old, new = len(self.rows), len(self.rows) + len(rows)
        if new == old:
            return
        if new > len(self._inverse):
            grown = np.zeros((min(MOST_ROWS, max(2 * new, 64)),) * 2)
            grown[:old, :old] = self._view()
            self._inverse = grown
        inverse = inverse_of(lower)
        self._inverse[old:new, :old] = -inverse @ (half.T @ self._view())
        self._inverse[old:new, old:new] = np.tril(inverse)
        self.rows = np.concatenate([self.rows, rows])
        self._scale = np.concatenate([self._scale, 1 / np.sqrt(sizes)])

    def _view(self) -> Vector:
        return self._inverse[: len(self.rows), : len(self.rows)]


def inverse_of(lower: Vector) -> Vector:
    """Return the inverse of a lower triangular matrix without noughts on its diagonal."""
    if not len(lower):
        return lower.copy()
    inverse, failed = dtrtri(lower, lower=1)
    if failed:
        raise np.linalg.LinAlgError
    return np.tril(inverse)


def independent(products: Vector) -> tuple[Rows, Vector]:
    """Return which rows of a matrix of products are independent, in the order of the factor, and the factor."""
    # LAPACK takes the first pivot whatever it is.
    if not len(products) or products.diagonal().max() <= DEPENDENT:
        return np.zeros(0, dtype=np.int64), np.zeros((0, 0))
    factor, order, rank, _ = dpstrf(products, lower=1, tol=DEPENDENT)
    return np.asarray(order[:rank] - 1, dtype=np.int64), np.tril(factor[:rank, :rank])
