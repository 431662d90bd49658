"""Reading the Jinja calls of MetricFlow's filters: `{{ Dimension('order__status') }}` and its like, as Python's own syntax tree, never run."""

from __future__ import annotations

import ast
from typing import Literal

from governance.interchange.nouns import NotCarriedError
from governance.interchange.syntax import Reference


def reference(template: str) -> Reference:
    """Read one `{{ … }}`. Raises NotCarriedError for metrics in filters, date parts and whatever else is no plain reference."""
    inner = template.removeprefix("{{").removesuffix("}}").strip()
    try:
        call = ast.parse(inner, mode="eval").body
    except (SyntaxError, ValueError, RecursionError) as error:
        raise NotCarriedError(f"the template {inner!r} is not understood") from error
    grain: str | None = None
    while isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute):
        if call.func.attr != "grain" or len(call.args) != 1:
            raise NotCarriedError(f"`.{call.func.attr}()` in a template has no counterpart")
        grain = str(_plain(call.args[0]))
        call = call.func.value
    kinds: dict[str, Literal["dimension", "time", "entity"]] = {"Dimension": "dimension", "TimeDimension": "time", "Entity": "entity"}
    if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Name) or call.func.id not in kinds:
        name = call.func.id if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) else inner
        raise NotCarriedError(f"a filter by {name!r} has no counterpart")
    given = [_plain(item) for item in call.args]
    named = {item.arg: _plain(item.value) for item in call.keywords if item.arg}
    names = ["name", "entity_path"] if call.func.id != "TimeDimension" else ["name", "grain", "entity_path"]
    values = dict(zip(names, given, strict=False)) | {_ARGUMENTS.get(key, key): value for key, value in named.items()}
    unknown = set(values) - set(names)
    if unknown or len(given) > len(names) or not isinstance(values.get("name"), str):
        raise NotCarriedError(f"the template {inner!r} is not understood")
    path = values.get("entity_path") or ()
    grain = grain or (str(values["grain"]).lower() if values.get("grain") else None)
    *before, last = str(values["name"]).lower().split("__")
    full = (*(str(step).lower() for step in path), *before) if isinstance(path, (list, tuple)) else (str(path).lower(), *before)
    return Reference(kinds[call.func.id], last, full, grain)


_ARGUMENTS = {
    "dimension_name": "name",
    "time_dimension_name": "name",
    "entity_name": "name",
    "time_granularity_name": "grain",
}


def _plain(node: ast.expr) -> object:
    try:
        value: object = ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError) as error:
        raise NotCarriedError("a template with computed arguments has no counterpart") from error
    return value
