"""Review documents (`review/*.yaml`, `controls/*.yaml`): how the compliance desk works, what the law asks to be registered, and what answers which rule of law.

Without a review document the desk uses the defaults below, and nothing is registered.
"""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Literal

from pydantic import Field, model_validator

from governance.documents.base import Document, Label, Name


class WorkingHours(Document):
    """When questions are usual: local hours, `from_hour` included, `to_hour` not; weekends are not."""

    from_hour: Annotated[int, Field(ge=0, le=23)] = 7
    to_hour: Annotated[int, Field(ge=1, le=24)] = 21

    @model_validator(mode="after")
    def _in_order(self) -> WorkingHours:
        if self.from_hour >= self.to_hour:
            message = "from_hour must be before to_hour"
            raise ValueError(message)
        return self


class Thresholds(Document):
    """From how many on a thing is worth a finding. Each is a number of events of one person on one local day, unless it says otherwise."""

    volume_floor: Annotated[int, Field(ge=2)] = 30
    """Fewer answers than this are never unusual."""
    volume_times: Annotated[int, Field(ge=2)] = 4
    """How many times a person's own usual day (the median of the days before)."""
    off_hours: Annotated[int, Field(ge=1)] = 5
    new_metrics: Annotated[int, Field(ge=1)] = 4
    """Metrics that a person with a history never asked before."""
    refusals: Annotated[int, Field(ge=2)] = 5
    grave_refusals: Annotated[int, Field(ge=1)] = 3
    """Refusals for persons or prescriptions."""
    differencing: Annotated[int, Field(ge=1)] = 2
    purpose_refusals: Annotated[int, Field(ge=1)] = 3
    purpose_minutes: Annotated[int, Field(ge=1)] = 30
    """A refused question that is answered under another purpose within this time."""
    reveals: Annotated[int, Field(ge=1)] = 3
    """Identities shown to one person within 30 days."""


Act = Literal["pack", "export", "sign_off", "verdict", "incident"]
"""What an officer does that a bundle may ask a second one for."""


class SecondOfficer(Document):
    """Where one officer is not enough. Events of these types and departments are opened, and these acts are done, only when another one has agreed; the agreement holds for `hours`."""

    types: tuple[str, ...] = ()
    """Types of events; `identity.` means all that begin so. Empty: one officer is enough."""
    departments: tuple[Name, ...] = ()
    """Departments whose questions and answers are opened by two."""
    acts: tuple[Act, ...] = ()
    """Making an evidence pack, exporting events, signing off, resolving a finding, opening an incident. An agreement is for one act with exactly these particulars, once."""
    hours: Annotated[int, Field(ge=1, le=24 * 30)] = 24


class Processor(Document):
    """Somebody who handles personal information for us (PIPL 21) or with whom we handle it together (PIPL 20)."""

    id: Name
    label: Label
    kind: Literal["entrusted", "joint", "recipient"] = "entrusted"
    purpose: Label
    classes: tuple[str, ...] = ()
    country: str = "CN"
    contract_until: dt.date | None = None
    audited_on: dt.date | None = None


class Assessment(Document):
    """A personal information protection impact assessment (PIPL 55, 56). It counts once a compliance officer has signed exactly this text."""

    id: Name
    label: Label
    purposes: tuple[Name, ...] = ()
    extracts: tuple[str, ...] = ()
    """What it covers: purposes of questions, extracts that are loaded. A bundle that has one of these needs the signature to be activated."""
    need: Label
    risks: Label
    measures: Label
    assessed_on: dt.date


class Transfer(Document):
    """A flow of personal information out of the country (PIPL 38, 39)."""

    id: Name
    label: Label
    recipient: str
    country: str
    basis: Literal["security_assessment", "standard_contract", "certification", "exempt"]
    persons_this_year: Annotated[int, Field(ge=0)]
    sensitive_persons_this_year: Annotated[int, Field(ge=0)] = 0


class ReviewDocument(Document):
    """One file under `review/`."""

    working_hours: WorkingHours | None = None
    thresholds: Thresholds | None = None
    second_officer: SecondOfficer | None = None
    processors: tuple[Processor, ...] = ()
    assessments: tuple[Assessment, ...] = ()
    transfers: tuple[Transfer, ...] = ()


class Evidence(Document):
    """What must be seen in live data for a control to be met.

    `query` is one of the desk's evidence queries (docs/reference/controls.md lists them); `at_least` and `at_most` bound the number that it returns.
    """

    query: str
    at_least: int | None = None
    at_most: int | None = None

    @model_validator(mode="after")
    def _bounded(self) -> Evidence:
        if self.at_least is None and self.at_most is None:
            message = "evidence needs at_least or at_most"
            raise ValueError(message)
        return self


class Control(Document):
    """One rule of law and what answers it. `articles` as the source numbers them; `verified` says whether the text was read in the source named."""

    id: Name
    articles: Annotated[tuple[str, ...], Field(min_length=1)]
    demand: Label
    capability: Label
    tests: tuple[str, ...] = ()
    """Test modules of the product that cover it."""
    evidence: tuple[Evidence, ...] = ()
    outside: Label | None = None
    """What remains for people to do and no data can show; the control is at most partly met then."""
    verified: bool = False
    note: Label | None = None


class ControlsDocument(Document):
    """One file under `controls/`: one law or standard."""

    law: Label
    source: Label
    """Where its text was read."""
    in_force: dt.date | None = None
    controls: Annotated[tuple[Control, ...], Field(min_length=1)]
