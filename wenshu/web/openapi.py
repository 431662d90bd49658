"""OpenAPI 3.1 out of the routes themselves: a route is declared once, with the models of what goes in and out."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any, TypeVar

from flask import Blueprint, request
from pydantic import BaseModel, ValidationError
from pydantic.json_schema import models_json_schema

from wenshu.web.language import translate as _
from wenshu.web.models import ProblemModel
from wenshu.web.problems import bad_request

View = TypeVar("View", bound=Callable[..., Any])
Model = TypeVar("Model", bound=BaseModel)
_PARAMETER = re.compile(r"<(?:\w+(?:\([^)]*\))?:)?(\w+)>")
STATUSES = {
    400: "The request can't be read: malformed, an unknown name, an unsound query.",
    401: "No valid token and no session.",
    403: "Not open to this role, or a forged browser request.",
    404: "Nothing here, or not the caller's to see.",
    429: "Too many wrong attempts; `Retry-After` says how long to wait.",
    503: "The ledger, the warehouse or the policy is unavailable; nothing was released.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One route of the interface."""

    path: str
    method: str
    name: str
    summary: str
    response: type[BaseModel] | None
    body: type[BaseModel] | None = None
    query: dict[str, str] = field(default_factory=dict)
    statuses: tuple[int, ...] = (400, 401, 403, 404, 429, 503)
    public: bool = False
    media: str = "application/json"

    def describe(self) -> dict[str, Any]:
        """The OpenAPI operation object."""
        parameters = [
            {"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in _PARAMETER.findall(self.path)
        ] + [{"name": name, "in": "query", "description": text, "schema": {"type": "string"}} for name, text in self.query.items()]
        schema = _reference(self.response) if self.response else {"type": "string" if self.media.startswith("text/") else "object"}
        responses: dict[str, Any] = {"200": {"description": "Done.", "content": {self.media: {"schema": schema}}}}
        for status in self.statuses:
            content = {"application/problem+json": {"schema": _reference(ProblemModel)}}
            responses[str(status)] = {"description": STATUSES[status], "content": content}
        described: dict[str, Any] = {"operationId": self.name, "summary": self.summary, "responses": responses}
        if parameters:
            described["parameters"] = parameters
        if self.body:
            described["requestBody"] = {"required": True, "content": {"application/json": {"schema": _reference(self.body)}}}
        if self.public:
            described["security"] = []
        return described


class Registry:
    """The declared operations of the interface, in order."""

    def __init__(self) -> None:
        self.operations: list[Operation] = []

    def route(self, blueprint: Blueprint, path: str, *, method: str = "GET", **declared: Any) -> Callable[[View], View]:
        """Declare a route on `blueprint` and describe it in one; `declared` are Operation's other fields."""

        def declare(view: View) -> View:
            self.operations.append(Operation(path=path, method=method, name=view.__name__, **declared))
            blueprint.add_url_rule(path, view.__name__, view, methods=[method])
            return view

        return declare


def _reference(model: type[BaseModel]) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{model.__name__}"}


def document(operations: list[Operation], *, version: str) -> dict[str, Any]:
    """Return the OpenAPI document of the operations."""
    models = {ProblemModel} | {o.response for o in operations if o.response} | {o.body for o in operations if o.body}
    ordered = sorted(models, key=lambda model: model.__name__)
    _names, schemas = models_json_schema(
        [(model, "serialization") for model in ordered], ref_template="#/components/schemas/{model}"
    )
    paths: dict[str, dict[str, Any]] = {}
    for operation in operations:
        paths.setdefault(_PARAMETER.sub(r"{\1}", operation.path), {})[operation.method.lower()] = operation.describe()
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Wenshu 问数",
            "version": version,
            "description": "Approved numbers from questions in Chinese and English. Answers of all four statuses are 200; "
            "faults are RFC 9457 problem documents.",
        },
        "security": [{"bearer": []}, {"session": [], "csrf": []}],
        "paths": paths,
        "components": {
            "schemas": schemas.get("$defs", {}),
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer"},
                "session": {"type": "apiKey", "in": "cookie", "name": "wenshu"},
                "csrf": {"type": "apiKey", "in": "header", "name": "X-CSRF-Token"},
            },
        },
    }


def body(model: type[Model]) -> Model:
    """Read the request's JSON as `model`, or raise a problem that names the member, the cause and the nearest known name."""
    try:
        document = request.get_json(silent=True, force=True)
    except RecursionError:  # nested deeper than the parser goes
        document = None
    if document is None:
        raise bad_request(_("The body must be a JSON object, sent as application/json in UTF-8."), code="malformed_json")
    if not isinstance(document, dict):
        raise bad_request(_("The body must be a JSON object."), code="malformed_json")
    try:
        return model.model_validate(document)
    except ValidationError as error:
        raise bad_request(_explain(error, list(model.model_fields)), code="invalid_body") from None


def _explain(error: ValidationError, known: list[str]) -> str:
    """One line for the first fault; never repeats the value."""
    first = error.errors(include_input=False, include_url=False, include_context=False)[0]
    name = ".".join(str(part) for part in first["loc"]) or "body"
    if first["type"] == "extra_forbidden":
        near = get_close_matches(name, known, n=1, cutoff=0.5)
        hint = f" Did you mean {near[0]}?" if near else f" Known members: {', '.join(known)}."
        return f"{name}: unknown member.{hint}"
    return f"{name}: {first['msg']}"
