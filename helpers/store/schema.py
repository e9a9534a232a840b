"""The tables: their columns, Arrow types, keys and closed vocabularies, and the checks on them."""

from __future__ import annotations

import csv
import functools
import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from helpers.store.paths import DATA

BLOCK_ROLES = (
    "headline", "standfirst", "byline", "dateline", "body", "subhead", "caption", "related",
    "credit", "boilerplate",
)  # fmt: skip
DEFAULT_ROLES = ("headline", "standfirst", "body")
LABELS = ("PERSON", "ORG", "GPE", "LOC", "NORP", "FAC", "EVENT", "PRODUCT")
STANDS_FOR = ("", "government")
FORMS = ("direct", "mixed", "indirect")
RESOLUTIONS = ("name", "pronoun", "description", "carried", "none")
SOURCE_TYPES = (
    "named person", "named organisation", "document", "anonymous source", "unnamed person",
    "unnamed group",
)  # fmt: skip
OWNERSHIPS = ("state", "public", "private", "unknown", "")
POLARITIES = ("negative", "neutral", "positive")
TONE_LABELS = (*POLARITIES, "")
VOICES = ("speaker", "reporter")
REPLY_KINDS = ("no response", "declined to comment", "not reached", "did not comment")
DUPLICATE_KINDS = ("", "exact", "near")
REASONS = (
    "hidden", "lock file", "system file", "README", "beside articles/", "part of a saved page",
    "tells of articles",
)  # fmt: skip

MOMENT = pa.timestamp("us")
TYPES = {
    "": pa.string(),
    "int": pa.int64(),
    "float": pa.float64(),
    "bool": pa.bool_(),
    "moment": MOMENT,
    "texts": pa.list_(pa.string()),
    "spans": pa.list_(pa.list_(pa.int64())),
}


class SchemaError(ValueError):
    """A frame or file does not have the columns, types or values its table needs."""


@dataclass(frozen=True)
class Table:
    """What one table holds: typed columns, the key that is unique, and the closed vocabularies.

    Columns that are `optional` may lack values, those that are `said` repeat what articles say.
    """

    name: str
    columns: pa.Schema
    key: tuple[str, ...]
    vocabularies: dict[str, tuple[str, ...]]
    optional: frozenset[str]
    said: tuple[str, ...]


def _table(name: str, key: str, columns: str, **vocabularies: tuple[str, ...]) -> Table:
    """Return a table whose columns are written `name:type?!`, texts without a type.

    ? stands behind a column that is optional, ! behind one that repeats what articles say.
    """
    marks = {column.rstrip("?!").partition(":")[::2]: column for column in columns.split()}
    typed = pa.schema([(column, TYPES[kind]) for column, kind in marks])
    optional = frozenset(column for (column, _), written in marks.items() if "?" in written)
    said = tuple(column for (column, _), written in marks.items() if "!" in written)
    return Table(name, typed, tuple(key.split()), vocabularies, optional, said)


_SPAN = "article_id start:int end:int"

TABLES = {
    table.name: table
    for table in (
        _table(
            "articles",
            "article_id",
            "article_id path sha256 outlet published:moment? url! headline! byline! "
            "dateline_place! section language words:int complete incomplete_reason! text! wire "
            "duplicate_of duplicate_kind metadata! markup!",
            complete=("yes", "no"),
            duplicate_kind=DUPLICATE_KINDS,
        ),
        _table("blocks", "article_id start", f"{_SPAN} role", role=BLOCK_ROLES),
        _table("sentences", "article_id start", f"{_SPAN} role", role=BLOCK_ROLES),
        _table(
            "mentions",
            "article_id start end",
            f"{_SPAN} text! label role entity_id stands_for confidence:float? rule",
            label=LABELS,
            role=BLOCK_ROLES,
            stands_for=STANDS_FOR,
        ),
        _table(
            "entities",
            "entity_id",
            "entity_id entity label country aliases:texts! merge_reason",
            label=LABELS,
        ),
        _table(
            "attributions",
            "attribution_id",
            f"attribution_id {_SPAN} spans:spans text! form cue! cue_spans:spans source_text! "
            "source_spans:spans speaker! speaker_id resolution source_type named:bool title! "
            "affiliation country channel relay relay_ownership relay_chain:texts anonymity! "
            "anonymity_reason! source_rule speaker_confidence:float? type_confidence:float? "
            "affiliation_confidence:float? country_confidence:float? words:int role "
            "confidence:float? rule tone:float? tone_label tone_agreement:float? news_tone:float?",
            form=FORMS,
            resolution=RESOLUTIONS,
            source_type=SOURCE_TYPES,
            relay_ownership=OWNERSHIPS,
            role=BLOCK_ROLES,
            tone_label=TONE_LABELS,
        ),
        _table(
            "targets",
            "attribution_id start end",
            f"attribution_id {_SPAN} entity_id voice polarity confidence:float?",
            voice=VOICES,
            polarity=POLARITIES,
        ),
        _table(
            "replies",
            "article_id start end",
            f"{_SPAN} entity_id text! who! kind",
            kind=REPLY_KINDS,
        ),
        _table("problems", "", "article_id path step problem!"),
        _table("left_out", "", "path reason files:int", reason=REASONS),
    )
}


def empty(name: str) -> pd.DataFrame:
    """Return the table `name` with its columns and no rows."""
    return to_frame(TABLES[name].columns.empty_table())


@functools.cache
def told(name: str) -> pa.Schema:
    """Return the columns of the table `name` with what they mean: data/schema.csv.

    The meanings stand in the metadata of the schema, under the column; under "table" what a row is.
    """
    with (DATA / "schema.csv").open(encoding="utf-8", newline="") as file:
        meant = {
            row["column"] or "table": row["meaning"]
            for row in csv.DictReader(file)
            if row["table"] == name
        }
    return TABLES[name].columns.with_metadata(meant)


def row(name: str, *values: Any) -> dict[str, Any]:
    """Return a row of the table `name` from its values, in the order of the columns."""
    return dict(zip(TABLES[name].columns.names, values, strict=True))


def frame(name: str, rows: Iterable[dict]) -> pd.DataFrame:
    """Return rows, each with the columns of the table `name`, as that table."""
    rows = list(rows)
    return pd.DataFrame(rows)[TABLES[name].columns.names] if rows else empty(name)


def filled(name: str, **values: object) -> dict:
    """Return a row of the table `name` with some values, empty where none is given.

    Empty is "", 0, False, a missing number or a new empty list. Raises SchemaError for a column
    that the table lacks.
    """
    columns = TABLES[name].columns
    if unknown := values.keys() - set(columns.names):
        raise SchemaError(f"table {name} has no column {', '.join(sorted(unknown))}")
    return {one.name: values.get(one.name, _blank(one.type)) for one in columns}


def _blank(kind: pa.DataType) -> object:
    if pa.types.is_list(kind):
        return []
    return {pa.int64(): 0, pa.float64(): math.nan, pa.bool_(): False, MOMENT: None}.get(kind, "")


def to_frame(table: pa.Table, light: str = "") -> pd.DataFrame:
    """Turn an Arrow table into a frame, and use it up; list columns become plain Python lists.

    Of the table that `light` names, lists stay Arrow's, which are lists when looked at, and columns
    with a vocabulary become categories, sorted as their words are: a tenth of the room.
    """
    known = TABLES[light].vocabularies if light else {}
    order = table.column_names
    apart = {}
    for field in table.schema:
        values = table.column(field.name)
        if pa.types.is_list(field.type):
            kept = pd.arrays.ArrowExtensionArray(values) if light else values.to_pylist()
            apart[field.name] = pd.Series(kept, dtype=None if light else object)
        elif field.name in known:
            words = sorted(known[field.name])
            codes = pc.index_in(values, value_set=pa.array(words, values.type)).to_numpy()
            apart[field.name] = pd.Series(pd.Categorical.from_codes(codes, words))
    frame = table.drop_columns(list(apart)).to_pandas(split_blocks=True, self_destruct=True)
    for name, values in apart.items():
        frame[name] = values.set_axis(frame.index)
    return frame[order] if apart else frame


def to_arrow(name: str, frame: pd.DataFrame) -> pa.Table:
    """Check a frame against the table `name` and return it in Arrow's types, columns in order.

    Raises SchemaError, naming the column and the first offending row, when a column is missing or
    unknown, a type does not fit, a key repeats, a span is empty or reversed, or a value is outside
    its vocabulary.
    """
    table = TABLES[name]
    expected = table.columns.names
    missing = [column for column in expected if column not in frame]
    unknown = [column for column in frame if column not in expected]
    if missing or unknown:
        raise SchemaError(f"table {name}: missing columns {missing}, unknown columns {unknown}")
    arrays = []
    for field in table.columns:
        try:
            array = pa.Array.from_pandas(frame[field.name], type=field.type)
        except (pa.ArrowException, TypeError, ValueError) as error:
            raise SchemaError(f"table {name}, column {field.name}: {error}") from error
        arrays.append(array)
    checked = pa.Table.from_arrays(arrays, schema=table.columns)
    check(name, checked)
    return checked


def check(name: str, checked: pa.Table) -> None:
    """Raise SchemaError unless an Arrow table has the columns, key and values of table `name`."""
    table = TABLES[name]
    if not checked.schema.equals(table.columns, check_metadata=False):
        raise SchemaError(
            f"table {name} was written with other columns than this version reads; "
            "build the tables again"
        )
    for column in table.columns.names:
        if column not in table.optional and checked.column(column).null_count:
            raise SchemaError(f"table {name}, column {column}: a value is missing")
    if table.key and checked.num_rows:
        keys = checked.select(list(table.key)).to_pandas()
        repeated = keys[keys.duplicated()]
        if len(repeated):
            raise SchemaError(
                f"table {name}: the key {table.key} repeats, first at {tuple(repeated.iloc[0])}"
            )
    for column, allowed in table.vocabularies.items():
        outside = set(checked.column(column).unique().to_pylist()) - set(allowed)
        if outside:
            raise SchemaError(
                f"table {name}, column {column}: {sorted(outside)[0]!r} is none of {list(allowed)}"
            )
    if {"start", "end"} <= set(table.columns.names) and checked.num_rows:
        spans = checked.select(["start", "end"]).to_pandas()
        wrong = spans[(spans.start < 0) | (spans.end <= spans.start)]
        if len(wrong):
            raise SchemaError(f"table {name}: a span is empty or reversed: {tuple(wrong.iloc[0])}")
