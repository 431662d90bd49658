"""Tables, keys, time and dimensions: from semantic models to ours, so that whatever was sound stays sound and nothing is joined that was not.

A semantic model becomes one of our models for each time dimension that its measures are added up by. What MetricFlow's users call
`entity__dimension` is named `entity_dimension` here, where two underscores mark columns of answers. Joins go only to the one table in which an entity is primary; whatever else MetricFlow would join is left out by name.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping

from governance.documents.base import NAME_PATTERN, Words
from governance.documents.metrics import Dimension, DimensionValue, Entity, SemanticModel, Source, TimeColumn
from governance.interchange.expressions import parse, plain_column
from governance.interchange.filters import Kind
from governance.interchange.nouns import (
    NotCarriedError,
    Project,
    SourceDimension,
    SourceEntity,
    SourceMeasure,
    SourceModel,
)
from governance.interchange.report import Report
from governance.interchange.syntax import Call, Cast, Column, Constant

MAX_NAME = 64
_FINE = frozenset({"nanosecond", "microsecond", "millisecond", "second", "minute", "hour"})
_KEY_TYPES = frozenset({"primary", "unique", "foreign"})
_TYPES: tuple[tuple[Kind | None, tuple[str, ...]], ...] = (
    ("boolean", ("bool",)),
    ("integer", ("int",)),
    ("text", ("char", "text", "string", "enum", "uuid")),
    (None, ("date", "time", "decimal", "numeric", "float", "double", "real", "blob", "binary", "json", "struct", "[]")),
)


def is_name(text: str) -> bool:
    """Return whether the text can be a name in a bundle."""
    return len(text) <= MAX_NAME and re.match(NAME_PATTERN, text) is not None


def words(text: str) -> Words:
    """Return a text as the label in both languages: which language it is in is not known."""
    return Words(zh=text, en=text)


def kind_of(data_type: str) -> Kind | None:
    """Return the dimension type that fits a column type, or None where no dimension can hold it."""
    return next((kind for kind, marks in _TYPES if any(mark in data_type.lower() for mark in marks)), "text")


class Layout:
    """The carried models and dimensions, and where each source object went.

    `types` are column types by (table, column) where the warehouse was asked. `evidence` says of (model, column) how filters compare it.
    """

    def __init__(
        self, project: Project, report: Report, types: Mapping[tuple[str, str], str], evidence: Mapping[tuple[str, str], Kind]
    ) -> None:
        self._project, self._report, self._types, self._evidence = project, report, types, evidence
        self.sources: dict[str, SourceModel] = {}
        self.columns: dict[tuple[str, str], str] = {}
        self.models: dict[str, SemanticModel] = {}
        self.dimensions: dict[str, Dimension] = {}
        self._by_time: dict[tuple[str, str | None], str] = {}
        self._ids: dict[tuple[str, str], str] = {}
        self._guessed: dict[Kind, dict[str, None]] = {}
        self._carry_models()
        self._carry_dimensions()
        for kind, names in self._guessed.items():
            shown = "no filter says otherwise" if kind == "text" else "filters compare them so"
            report.add("decide", f"dimensions {', '.join(names)}", f"the type {kind}", f"it is not stated ({shown}); import with --warehouse to read types there")

    # ------------------------------------------------------------------ what metrics ask

    def model_of(self, measure: SourceMeasure) -> str:
        """Return the name of our model over which the measure is added up. Raises NotCarriedError."""
        source = self.sources.get(measure.model)
        if source is None:
            raise NotCarriedError(f"its semantic model {measure.model} is not carried")
        time = measure.time or source.time
        if time is None:
            raise NotCarriedError(f"neither the measure nor {measure.model} names the time dimension it is added up by")
        found = self._by_time.get((measure.model, time))
        if found is None:
            raise NotCarriedError(f"its time dimension {time} is not carried")
        return found

    def owner(self, model: SourceModel) -> str:
        """Return the entity by which the model's own dimensions are named."""
        primary = next((item.name for item in model.entities if item.type == "primary"), None)
        return primary or model.primary_entity or next((item.name for item in model.entities if item.type == "unique"), model.name)

    def dimension(self, owner: str, name: str) -> Dimension | None:
        """Return the carried dimension that MetricFlow calls `owner__name`, or None."""
        return self.dimensions.get(self._ids.get((owner, name), ""))

    def column(self, model: str, name: str) -> str | None:
        """Return the column behind a dimension or entity of a semantic model, or None."""
        return self.columns.get((model, name))

    def entity_for(self, model: str, column: str) -> str:
        """Return an entity of our model over this column, adding one that joins nowhere if there is none: distinct values are counted by it."""
        document = self.models[model]
        for entity in document.entities:
            if entity.column == column:
                return entity.name
        base = re.sub(r"[^a-z0-9_]+", "_", f"{model}_{column}".lower())[: MAX_NAME - 3]
        taken = {entity.name for item in self.models.values() for entity in item.entities}
        name = next(candidate for candidate in (base, *(f"{base}_{n}" for n in range(2, 99))) if candidate not in taken)
        self.models[model] = document.model_copy(update={"entities": (*document.entities, Entity(name=name, role="foreign", column=column))})
        return name

    # ------------------------------------------------------------------ models

    def _carry_models(self) -> None:
        for model in self._project.models:
            item = f"semantic model {model.name}"
            if not is_name(model.name):
                self._report.lost(item, "the model", f"the name does not fit ({NAME_PATTERN}, at most {MAX_NAME})")
            elif model.table is None:
                self._report.lost(item, "the model", model.table_why)
            elif any(entity.type == "natural" for entity in model.entities) or any(dimension.validity for dimension in model.dimensions):
                self._report.lost(item, "the model", "a table whose rows hold for a time (slowly changing) can't be joined without multiplying rows")
            else:
                self.sources[model.name] = model
        homes = self._homes()
        for model in self.sources.values():
            self._carry_model(model, homes)

    def _homes(self) -> dict[str, str]:
        """Return the one table to which joins by each entity go: primary before unique, then the one with the most dimensions."""
        candidates: dict[str, list[tuple[bool, int, int, str]]] = defaultdict(list)
        for position, model in enumerate(self.sources.values()):
            partitioned = any(dimension.partition for dimension in model.dimensions)
            primary = next((entity for entity in model.entities if entity.type == "primary"), None)
            for entity in model.entities:
                key = entity is primary or (entity.type == "unique" and primary is None)
                if key and not partitioned and self._is_column(entity):
                    offered = sum(dimension.type == "categorical" for dimension in model.dimensions)
                    candidates[entity.name].append((entity.type == "unique", -offered, position, model.name))
        return {name: min(found)[3] for name, found in candidates.items()}

    @staticmethod
    def _is_column(entity: SourceEntity) -> bool:
        try:
            plain_column(entity.expr or entity.name)
        except NotCarriedError:
            return False
        return True

    def _carry_model(self, model: SourceModel, homes: Mapping[str, str]) -> None:
        entities = self._entities(model, homes)
        for dimension in model.dimensions:
            try:
                self.columns[model.name, dimension.name] = self._dimension_column(dimension)
            except NotCarriedError as error:
                self._report.lost(f"dimension {self._id(self.owner(model), dimension.name)}", "the dimension", str(error))
        times = [measure.time or model.time for measure in self._project.measures.values() if measure.model == model.name]
        needed = dict.fromkeys([*([model.time] if model.time in times else []), *times])
        for position, time in enumerate(needed or {None: None}):
            name = model.name if position == 0 else f"{model.name}_by_{time}"
            column = self._time(model, time) if time is not None else None
            if position > 0 and (column is None or not is_name(name) or name in self.sources):
                if column is not None:
                    self._report.lost(f"semantic model {model.name}", f"measures by {time}", f"no model can be named {name}")
                continue
            again = tuple(entity.model_copy(update={"role": "foreign"}) for entity in entities)
            self.models[name] = SemanticModel(
                name=name, table=model.table or "", entities=entities if position == 0 else again, time=column, label=words(model.label or model.name)
            )
            if column is not None:
                self._by_time[model.name, time] = name

    def _entities(self, model: SourceModel, homes: Mapping[str, str]) -> tuple[Entity, ...]:
        out: dict[str, Entity] = {}
        for entity in model.entities:
            item = f"entity {entity.name} of {model.name}"
            if entity.type not in _KEY_TYPES or not is_name(entity.name) or entity.name in out:
                self._report.lost(item, "the entity", f"the type {entity.type or 'none'} or the name does not fit")
                continue
            try:
                column = plain_column(entity.expr or entity.name)
            except NotCarriedError as error:
                self._report.lost(item, "the entity and all joins by it", str(error))
                continue
            home = homes.get(entity.name)
            if entity.type != "foreign" and home != model.name:
                why = f"joins by {entity.name} go to {home}" if home else "a table is joined to by one key, and not by part of one (partitions)"
                self._report.lost(item, "joins to this table", why)
            self.columns[model.name, entity.name] = column
            out[entity.name] = Entity(name=entity.name, role="primary" if home == model.name else "foreign", column=column)
        return tuple(out.values())

    @staticmethod
    def _dimension_column(dimension: SourceDimension) -> str:
        text = dimension.expr or dimension.name
        if dimension.type != "time":
            return plain_column(text)
        found = parse(text)
        # A moment's day lies in the same days, weeks and months as the moment.
        if isinstance(found, Cast) and found.type in {"DATE", "TIMESTAMP"}:
            found = found.item
        elif isinstance(found, Call) and found.name == "DATE_TRUNC" and len(found.arguments) == 2:
            unit, inner = found.arguments
            if isinstance(unit, Constant) and str(unit.value).lower() in {"day", *_FINE}:
                found = inner
        if isinstance(found, Column) and found.table is None:
            return found.name
        raise NotCarriedError("its time is computed; only plain columns, their day and casts to it are carried")

    def _time(self, model: SourceModel, name: str | None) -> TimeColumn | None:
        item = f"semantic model {model.name}"
        dimension = next((item for item in model.dimensions if item.name == name and item.type == "time"), None)
        column = self.column(model.name, name or "")
        if dimension is None or column is None:
            self._report.lost(item, f"the time dimension {name} and all measures by it", "it is not among the model's carried time dimensions")
            return None
        grain = dimension.granularity or "day"
        if grain in _FINE:
            return TimeColumn(column=column, unit="timestamp")
        if grain == "day":
            stamped = "timestamp" in (self._type(model, dimension.name, dimension) or "")
            return TimeColumn(column=column, unit="timestamp" if stamped else "date")
        if grain == "month":
            return TimeColumn(column=column, unit="month")
        self._report.lost(item, f"the time dimension {name} and all measures by it", f"facts are held by moment, day or month, not by {grain}")
        return None

    # ------------------------------------------------------------------ dimensions

    def _type(self, model: SourceModel, name: str, dimension: SourceDimension) -> str | None:
        table = (model.table or "").rpartition(".")[2].lower()
        return self._types.get((table, (self.column(model.name, name) or "").lower()), dimension.data_type)

    def _carry_dimensions(self) -> None:
        used = set(self._by_time)
        for model in self.sources.values():
            for dimension in model.dimensions:
                column = self.column(model.name, dimension.name)
                name = self._id(self.owner(model), dimension.name)
                if column is None:
                    continue
                if dimension.type == "time":
                    if (model.name, dimension.name) not in used:
                        self._report.lost(f"dimension {name}", "the dimension", "metrics are told by their own time only; a second date is no dimension")
                elif not is_name(name):
                    self._report.lost(f"dimension {name}", "the dimension", f"the name does not fit ({NAME_PATTERN}, at most {MAX_NAME})")
                else:
                    self._carry_dimension(name, model, dimension, column)

    def _id(self, owner: str, name: str) -> str:
        """Return the dimension's name in the bundle: no metric and no other dimension has it."""
        if (owner, name) not in self._ids:
            base = re.sub("__+", "_", f"{owner}_{name}")
            taken = {*self._ids.values(), *(metric.name for metric in self._project.metrics)}
            self._ids[owner, name] = next(found for found in (base, *(f"{base}_{n}" for n in range(2, 999))) if found not in taken)
        return self._ids[owner, name]

    def _carry_dimension(self, name: str, model: SourceModel, dimension: SourceDimension, column: str) -> None:
        stated = self._type(model, dimension.name, dimension)
        kind = kind_of(stated) if stated is not None else self._evidence.get((model.name, column))
        if stated is None:
            kind = kind or "text"
            self._guessed.setdefault(kind, {})[name] = None
        elif kind is None:
            self._report.lost(f"dimension {name}", "the dimension", f"its column is {stated}; dimensions hold texts, whole numbers or flags")
            return
        sources = tuple(Source(model=ours, column=column) for ours in self._ours(model.name))
        known = self.dimensions.get(name)
        if known is not None:
            if known.type != kind:
                self._report.lost(f"dimension {name}", f"its column in {model.name}", f"it is {kind} there and {known.type} elsewhere")
                return
            self.dimensions[name] = known.model_copy(update={"sources": (*known.sources, *sources)})
            return
        values = tuple(DimensionValue(value=text) for text in ("true", "false")) if kind == "boolean" else ()
        self.dimensions[name] = Dimension(
            id=name, label=words(dimension.label or name.replace("_", " ")), sources=sources, type=kind, values=values,
            open=kind != "boolean",
        )

    def _ours(self, model: str) -> Iterable[str]:
        found = [ours for (source, _), ours in self._by_time.items() if source == model]
        return dict.fromkeys([*([model] if model in self.models else []), *found])
