"""Where a reader can go: at most five places, only those that the role may use."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass

from flask import url_for

from governance.errors import WarehouseError
from governance.terms import Actor
from wenshu.web import persons
from wenshu.web.context import service
from wenshu.web.language import translate as _


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """An entry of the navigation."""

    id: str
    label: str
    address: str


def places(actor: Actor) -> list[Place]:
    """Return the actor's places in the order of the navigation. Who may ask nothing finds no question box."""
    found = []
    pages = service().pages(actor)
    if service().purposes(actor):
        found.append(Place(id="ask", label=_("Ask"), address=url_for("chat.home")))
        found.append(Place(id="catalogue", label=_("Catalogue"), address=url_for("catalogue.show")))
    if "review" in pages:
        found.append(Place(id="review", label=_("Review"), address=url_for("review.events")))
    with suppress(WarehouseError):  # before the first load nobody is known
        if persons.open_to(actor):
            found.append(Place(id="persons", label=_("Persons"), address=url_for("persons.show")))
        elif service().subjects.may(actor):
            found.append(Place(id="persons", label=_("Persons"), address=url_for("rights.show")))
    if "data" in pages:
        found.append(Place(id="data", label=_("Data"), address=url_for("data.show")))
    if "committee" in pages:
        found.append(Place(id="committee", label=_("Committee"), address=url_for("committee.show")))
    return found
