"""Disclosure documents (`disclosure/*.yaml`): how shown numbers are blurred, how wide a hidden one must stay, how long answers are remembered.

A bundle without such a document has the defaults of this module: sensitive metrics get cell-key noise, everything else is exact.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from governance.documents.base import Document, Name

Method = Literal["none", "rounding", "cell_key"]


class Perturbation(Document):
    """How the metrics named, or all of one `sensitivity`, are told. The last entry that fits a metric holds for it.

    `none`: exact. `rounding`: counts and sums to the nearest multiple of `base`, rates from rounded parts. `cell_key`: whole numbers between
    −`spread` and +`spread` are added to what is counted, always the same ones for the same set of persons (Fraser and Wooton 2005). `bounds` are the smallest and largest
    value that the metric can have.
    """

    metrics: tuple[Name, ...] = ()
    sensitivity: Literal["normal", "sensitive"] | None = None
    method: Method
    spread: Annotated[int, Field(ge=1, le=1_000)] = 3
    base: Annotated[int, Field(ge=2, le=1_000_000)] = 5
    bounds: tuple[float, float] | None = None

    @model_validator(mode="after")
    def _one_form(self) -> Perturbation:
        if bool(self.metrics) == (self.sensitivity is not None):
            message = "a perturbation names either metrics or a sensitivity"
            raise ValueError(message)
        if self.bounds is not None and self.bounds[0] >= self.bounds[1]:
            message = "bounds are the smallest and the largest value, in this order"
            raise ValueError(message)
        return self


class Differencing(Document):
    """What is remembered of answers. `remember_days`: how long; `together`: whose answers are taken together as one person's knowledge.

    `company`: everybody's, for companies in which answers are handed on between departments.
    """

    remember_days: Annotated[int, Field(ge=1, le=3_660)] = 400
    together: Literal["department", "person", "company"] = "department"


class DisclosureDocument(Document):
    """One file of `disclosure/`.

    `protection_interval`: of each hidden number the best bounds that can be computed from everything shown must stay at least this share of it apart on either
    side (Hundepool et al. 2012, section 4.3).
    """

    protection_interval: Annotated[float, Field(gt=0, le=10)] | None = None
    perturbation: tuple[Perturbation, ...] = ()
    differencing: Differencing | None = None
