"""What is counted and how it is laid out: chosen rows, entities' names, the columns of reports."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from helpers.annotate import doubt
from helpers.annotate.names import country_names, is_capital
from helpers.annotate.outlets import is_listed, same_outlet
from helpers.store import lexicons, schema, tables
from helpers.store.paths import DATA

PLACE = ["article_id", "start", "end"]
UNCLEAR = "unclear"
LONG = (8, 30)  # words, at least and at most, of a statement that can be an example
KINDS = {  # what one with such a label is, as a person would say, and what several are
    "PERSON": ("the person", "people"),
    "ORG": ("the body", "bodies"),
    "GPE": ("the country or town", "countries and towns"),
    "LOC": ("the place", "other places"),
    "NORP": ("the nation or group", "nations and groups"),
    "FAC": ("the building", "buildings"),
    "EVENT": ("the event", "events"),
    "PRODUCT": ("the product", "products"),
}


@functools.cache
def _reports() -> dict[str, dict[str, str]]:
    told = tables.read_csv(DATA / "columns.csv")
    return {
        name: dict(zip(part["column"], part["type"], strict=True))
        for name, part in told.groupby("table")
    }


@functools.cache
def _short_forms() -> dict[str, str]:
    known = lexicons.read_aliases("outlets").items()
    return {one.casefold(): name for one, name in known if one.isidentifier()}


@functools.cache
def _language_names() -> dict[str, str]:
    from babel import Locale

    return dict(Locale("en").languages)


def name_value(value: str, column: str) -> str:
    """Return how a reader knows a value: a country, a language, an outlet with a short form."""
    if column == "country":
        return country_names().get(value, value)
    if column == "language":
        return _language_names().get(value, value)
    if column != "outlet" or value != value.lower():
        return value
    return _short_forms().get(value, value)


def types_of(report: str) -> dict[str, str]:
    """Return the columns of a table of reports, in order, and their types: data/columns.csv."""
    return dict(_reports()[report])


def lay_out(
    report: str, rows: pd.DataFrame | Iterable = (), keys: Sequence[str] = ()
) -> pd.DataFrame:
    """Return rows as the table `report` of data/columns.csv: its columns in order, of their types.

    `rows` is a frame, or records, or tuples in the order of the columns; `keys` are columns that
    stand in front of those listed.
    """
    types = _reports()[report]
    columns = [*keys, *types]
    if isinstance(rows, pd.DataFrame):
        frame = rows[columns]
    else:
        frame = pd.DataFrame(list(rows), columns=columns)
    return frame.astype({name: kind for name, kind in types.items() if kind})


def read_rows(
    name: str,
    folder: str | Path,
    articles: pd.DataFrame,
    roles: Sequence[str] = (),
    columns: list[str] | None = None,
    light: bool = False,
) -> pd.DataFrame:
    """Read the rows of a table that `join_articles` keeps, the others never being held together.

    `columns` and `light` are those of `tables.read_table`.
    """
    pieces = tables.read_pieces(name, folder, columns, _in_roles(roles), light)
    return pd.concat([join_articles(piece, articles) for piece in pieces], ignore_index=True)


def read_mentions(
    folder: str | Path,
    articles: pd.DataFrame,
    entities: pd.DataFrame,
    roles: Sequence[str] = (),
    labels: Sequence[str] = (),
    capitals: str = "place",
) -> pd.DataFrame:
    """Read the mentions that `join_articles` and `join_entities` keep, with what these add.

    The others are never held together, so that a large corpus needs no more memory than its
    counted mentions.
    """
    named = [
        join_entities(join_articles(piece, articles), entities, labels, capitals)
        for piece in tables.read_pieces("mentions", folder, where=_in_roles(roles), light=True)
    ]
    return pd.concat(named, ignore_index=True)


def _in_roles(roles: Sequence[str]) -> dict[str, Sequence[str]] | None:
    """Return what `tables.read_table` is to load of a table with roles; None means all."""
    _check_known("role", roles, schema.BLOCK_ROLES)
    return {"role": roles} if len(roles) else None


def _check_known(kind: str, asked: Sequence[str], known: Sequence[str]) -> None:
    unknown = sorted(set(asked) - set(known))
    if unknown:
        raise ValueError(f"{unknown[0]!r} is no {kind}; there is: {', '.join(known)}")


def join_articles(
    frame: pd.DataFrame, articles: pd.DataFrame, roles: Sequence[str] = ()
) -> pd.DataFrame:
    """Keep the rows that lie in `articles` and in the counted block roles; add outlet and date.

    No role given means every role. Raises ValueError for a role that the tables do not know.
    """
    _check_known("role", roles, schema.BLOCK_ROLES)
    if len(roles):
        frame = frame[frame["role"].isin(roles)]
    places = find_each(frame["article_id"], articles["article_id"])
    if (places < 0).any():
        frame, places = frame[places >= 0], places[places >= 0]
    known = {name: articles[name].array.take(places) for name in ("outlet", "published")}
    return frame.reset_index(drop=True).assign(**known)


def set_unclear_apart(attributions: pd.DataFrame) -> pd.DataFrame:
    """Write "unclear" for each speaker and kind of source less likely right than wrong.

    An unclear speaker has no id and no name; the source as written stays. What is not known stays
    so, as does a column without its confidence.
    """
    told = {}
    for sure, column in doubt.COLUMNS.items():
        if sure in attributions and column in attributions:
            said = attributions[column]
            doubted = (attributions[sure] < doubt.UNCLEAR) & ~said.isin(["", "unknown"])
            if isinstance(said.dtype, pd.CategoricalDtype):
                said = said.cat.set_categories(sorted([*said.cat.categories, UNCLEAR]))
            told[column] = said.mask(doubted, UNCLEAR)
    if "speaker_confidence" in attributions and "speaker_id" in attributions:
        doubted = attributions["speaker_confidence"] < doubt.UNCLEAR
        told["speaker_id"] = attributions["speaker_id"].mask(doubted, "")
    return attributions.assign(**told)


def keep_articles(
    articles: pd.DataFrame, outlets: Sequence[str], since: str, until: str, incomplete: bool
) -> pd.DataFrame:
    """Keep the articles of a selection; of outlets that are not here there are none.

    Raises ValueError as `tables.keep_dates` and `keep_whole` do.
    """
    chosen = articles[articles["outlet"].isin(outlets)] if len(outlets) else articles
    return keep_whole(tables.keep_dates(chosen, since, until), incomplete)


def keep_whole(articles: pd.DataFrame, incomplete: bool) -> pd.DataFrame:
    """Keep the articles whose whole text was read, or with `incomplete` all.

    Raises ValueError when `incomplete` is neither true nor false.
    """
    if not isinstance(incomplete, bool):
        raise ValueError(f"incomplete: expected true or false, not {incomplete!r}")
    return articles if incomplete else articles[articles["complete"] != "no"]


def find_each(values: pd.Series, known: pd.Series) -> np.ndarray:
    """Return where each value stands in `known`; raise MergeError when one stands there twice."""
    if known.duplicated().any():
        twice = known[known.duplicated()].iloc[0]
        raise pd.errors.MergeError(f"{known.name} {twice!r} stands twice: it must be unique")
    return tables.find_places(values, known)


def join_entities(
    mentions: pd.DataFrame,
    entities: pd.DataFrame,
    labels: Sequence[str] = (),
    capitals: str = "place",
) -> pd.DataFrame:
    """Add to each mention its entity's name, label and country; keep the labels asked for.

    A mention without an entity keeps its own text as its name. No label given means every label.
    A capital that stands for a government ("Moscow warned") is counted as the place, or, where
    `capitals` is "government", as "Government of Russia", a body. Raises ValueError for a label
    that the tables do not know and for other `capitals`.
    """
    _check_known("label", labels, schema.LABELS)
    governments = _as_governments(capitals)
    places = find_each(mentions["entity_id"], entities["entity_id"])
    label = _known_or(entities["label"], places, mentions["label"])
    if len(labels):
        wanted = label.isin(labels)
        if governments:
            wanted |= mentions["stands_for"] == "government"
        mentions, places, label = mentions[wanted], places[wanted], label[wanted]
    joined = mentions.assign(
        entity=_known_or(name_apart(entities)["entity"], places, mentions["text"]),
        country=_known_or(entities["country"], places, pd.Series("", index=mentions.index)),
        label=label,
    )
    if not governments:
        return joined
    joined = _name_governments(joined, joined["stands_for"] == "government")
    return joined[joined["label"].isin(labels)] if len(labels) else joined


def _known_or(known: pd.Series, places: np.ndarray, otherwise: pd.Series) -> pd.Series:
    """Take the values at some places of `known`, and where there is none (-1) `otherwise`."""
    taken = pd.Series(known.array.take(places, allow_fill=True), index=otherwise.index)
    return taken.where(places >= 0, otherwise) if (places < 0).any() else taken


def join_governments(
    attributions: pd.DataFrame, entities: pd.DataFrame, capitals: str = "place"
) -> pd.DataFrame:
    """Let capitals that speak be their government's voice where `capitals` is "government".

    `speaker_id` is then that of the government (see `join_entities`), also of one who speaks with
    others; else nothing changes.
    """
    if not _as_governments(capitals):
        return attributions
    known = entities[["entity_id", "entity", "country"]]
    of_capitals = known[known["entity"].map(is_capital).astype(bool)]
    moved = _name_governments(of_capitals, pd.Series(True, index=of_capitals.index))
    government = dict(zip(of_capitals["entity_id"], moved["entity_id"], strict=True))
    ids = [
        ";".join(government.get(one, one) for one in joint.split(";"))
        for joint in attributions["speaker_id"]
    ]
    return attributions.assign(speaker_id=pd.Series(ids, index=attributions.index, dtype="str"))


def _as_governments(capitals: str) -> bool:
    if capitals not in ("place", "government"):
        raise ValueError(f"capitals must be 'place' or 'government', not {capitals!r}")
    return capitals == "government"


def _name_governments(frame: pd.DataFrame, which: pd.Series) -> pd.DataFrame:
    """Name the government of the country in the rows that `which` marks, where it is known."""
    which = which & frame["country"].isin(list(country_names()))
    name = "Government of " + frame["country"].map(country_names())
    return frame.assign(
        entity=name.where(which, frame.get("entity", "")),
        entity_id=("org-government-of-" + frame["country"].str.lower()).where(
            which, frame["entity_id"]
        ),
        label=pd.Series("ORG", index=frame.index).where(which, frame.get("label", "")),
    )


def name_apart(entities: pd.DataFrame) -> pd.DataFrame:
    """Tell entities of one name apart by their kind, or else by their id: "Kessaria, the body".

    The one country or town of a name keeps it as it is.
    """
    name, places = entities["entity"], entities.loc[entities["label"] == "GPE", "entity"]
    own = entities.index.isin(places.index[~places.duplicated(keep=False)])
    for kind in (name_kinds(entities)["label"], entities["entity_id"]):
        shared = name.duplicated(keep=False) & ~own
        name = name.where(~shared, entities["entity"] + ", " + kind)
    return entities.assign(entity=name.astype("str"))


def name_kinds(frame: pd.DataFrame, several: bool = False) -> pd.DataFrame:
    """Write the label of each name as a person would: "the body", or of several "bodies"."""
    words = {label: pair[several] for label, pair in KINDS.items()}
    return frame.assign(label=frame["label"].astype(object).map(words))


def choose_examples(rows: pd.DataFrame, number: int = 3) -> pd.DataFrame:
    """Choose the surest rows of the running text as examples, of different articles if it can be.

    Very short and long statements are no examples.
    """
    told = rows[rows["role"] == "body"]
    told = told[told["words"].between(*LONG)] if "words" in told else told
    told = (told if len(told) else rows).sort_values("confidence", ascending=False, kind="stable")
    first = told.drop_duplicates("article_id")
    return (first if len(first) >= number else told).head(number)


def leave_out_own(mentions: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Part mentions from those of an outlet's own name in its own articles; return both."""
    kinds = mentions["label"].isin(["PERSON", "GPE"])
    pairs = mentions.loc[~kinds, ["entity", "outlet"]].drop_duplicates()
    own = {
        (name, outlet)
        for name, outlet in pairs.itertuples(index=False, name=None)
        if same_outlet(name, outlet) and (len(name) <= len(outlet) or is_listed(name))
    }
    maybe = mentions.loc[~kinds & mentions["entity"].isin({name for name, _ in own})]
    said = pd.Series(list(zip(maybe["entity"], maybe["outlet"], strict=True)), maybe.index, object)
    is_own = pd.Series(False, mentions.index)
    is_own[said.index[said.isin(own)]] = True
    return mentions[~is_own].reset_index(drop=True), mentions[is_own]


def say_own(own: pd.DataFrame) -> str:
    """Say how many mentions of outlets by their own name are left out."""
    if own.empty:
        return ""
    names = ", ".join(own["entity"].drop_duplicates().head(4))
    return f"Left out: {len(own):,} mentions of outlets in their own articles ({names})."
