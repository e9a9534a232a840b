"""Hand coding put together: coders' sheets or whole-article codings, their units, and the tool's.

A unit is one statement. In a coding sheet the units were drawn from what the tool found; coders
who code whole articles find their own, which are one unit when their contents pair (see
`pairing.pair_attributions`). A whole-article coding is JSON; it quotes texts exactly and gives no
offsets, so that a person can write it; the rules for finding the place are those of
data/sample/gold/coding_guide.md, section 4.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from helpers.measure.intervals import wilson_interval
from helpers.store import schema
from helpers.store.paths import PROJECT
from helpers.study import agreement, pairing, sheets
from helpers.study.agreement import NOT_ONE

TOOL = "the program"
NONE = "(none)"
BY_ARTICLE = ("form", "source_type", "speaker", "relay")
UNITS = ["unit", "article_id", "attribution_id", "weight"]
CONTENTS = ["coder", "article_id", "spans"]
SCOPE = ["article_id", "start", "end"]
FOUND = ["first", "second", "found_by_both", "only_first", "only_second", "f1", "content_exact"]
ORDERS = {"tone_label": schema.POLARITIES}
Span = tuple[int, int]
ATTRIBUTION_FIELDS = ("content", "cue", "source", "speaker", "form", "source_type", "relay", "near")
ENTITY_FIELDS = ("entity", "label", "country", "forms")
CLOSED = {
    "form": schema.FORMS,
    "source_type": schema.SOURCE_TYPES,
    "label": schema.LABELS,
    "role": schema.BLOCK_ROLES,
}


@dataclass(frozen=True)
class Coded:
    """What all coders wrote.

    `ratings` has unit, article_id, coder, variable and value; `units` has unit, article_id,
    attribution_id ("" where the tool has none) and weight; `contents` the statements that each
    coder found by reading (coder, article_id, spans) within `scope` (article_id, start, end);
    `problems` what could not be used (coder, where, problem).
    """

    ratings: pd.DataFrame
    units: pd.DataFrame
    contents: pd.DataFrame
    scope: pd.DataFrame
    problems: pd.DataFrame

    @property
    def coders(self) -> list[str]:
        """The coders' names."""
        return list(dict.fromkeys([*self.ratings["coder"], *self.contents["coder"]]))


def nobody() -> Coded:
    """Return what is there before anybody has coded."""
    frames = (agreement.RATINGS, UNITS, CONTENTS, SCOPE, ["coder", "where", "problem"])
    ratings, units, contents, scope, problems = (
        pd.DataFrame(columns=columns, dtype="str") for columns in frames
    )
    units, scope = units.astype({"weight": float}), scope.astype({"start": int, "end": int})
    return Coded(ratings, units, contents, scope, problems)


def read_coders(
    files: Sequence[str | Path],
    articles: pd.DataFrame,
    attributions: pd.DataFrame,
    key: pd.DataFrame,
    passages: pd.DataFrame,
    codebook_file: str | Path = "",
) -> Coded:
    """Read the coders back: filled-in sheets (XLSX or CSV), or folders of whole-article codings.

    Parameters
    ----------
    files
        One path per coder, all of one kind; none gives a result without rows.
    articles, attributions
        The tables that the sample was drawn from.
    key, passages
        What `sheets` drew, or what was read back from `sampling_key.csv` and
        `sampling_passages.csv`; not looked at for whole-article codings.
    codebook_file
        The codebook whose categories the sheets offered; "" for the project's own.

    Raises
    ------
    ValueError
        When sheets and folders are mixed, and what `sheets.read_sheet` and
        `read_codings` raise.
    """
    paths = [_locate(file) for file in files]
    if not paths:
        return nobody()
    folders = [path.is_dir() for path in paths]
    if any(folders) and not all(folders):
        raise ValueError("give either coding sheets or folders of whole-article codings, not both")
    if all(folders):
        return _read_folders(paths, articles, attributions)
    return _read_sheets(paths, articles, key, passages, codebook_file)


def _locate(file: str | Path) -> Path:
    """Look from the working folder, and then from the project."""
    path = Path(file).expanduser()
    return path if path.exists() or not (PROJECT / path).exists() else PROJECT / path


# ---------------------------------------------------------------------------------------- sheets


def _read_sheets(
    paths: list[Path],
    articles: pd.DataFrame,
    key: pd.DataFrame,
    passages: pd.DataFrame,
    codebook_file: str | Path,
) -> Coded:
    read = [sheets.read_sheet(path, codebook_file) for path in paths]
    ratings, problems, contents = [], [], []
    for coding in read:
        rated, strange = sheets.to_ratings(coding, key)
        placed, lost = _place(coding, passages, articles)
        ratings.append(rated)
        contents.append(placed)
        problems += [coding.problems, strange, lost]
    ratings = pd.concat(ratings, ignore_index=True)
    known = [coding.coder for coding in read]
    twice = ratings.duplicated(["unit", "coder", "variable"])
    if twice.any():
        raise ValueError(
            f"{ratings.loc[twice, 'coder'].iloc[0]!r} coded {ratings.loc[twice, 'unit'].iloc[0]} "
            f"twice: give each coder's file a name of its own (read: {', '.join(known)})"
        )
    return Coded(
        ratings,
        key[UNITS],
        pd.concat(contents, ignore_index=True),
        passages[SCOPE],
        pd.concat(problems, ignore_index=True),
    )


def _place(
    coding: sheets.Sheet, passages: pd.DataFrame, articles: pd.DataFrame
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Find the words that a coder copied out of each passage; what is not found is a problem."""
    texts = articles.set_index("article_id")["text"]
    there = passages.set_index("passage")
    placed, lost = [], []
    for row in coding.marked.itertuples():
        span = None
        if row.passage in there.index:
            passage = there.loc[row.passage]
            text = texts[passage["article_id"]][passage["start"] : passage["end"]]
            words = r"\s+".join(map(re.escape, row.words.split()))
            match = re.search(words, text) or re.search(words, text, re.IGNORECASE)
            span = match and [passage["start"] + match.start(), passage["start"] + match.end()]
        if span:
            placed.append((coding.coder, passage["article_id"], [span]))
        else:
            told = f"{row.words[:60]!r} does not stand in the passage"
            lost.append((coding.coder, f"passage {row.passage}", told))
    return (
        pd.DataFrame(placed, columns=CONTENTS),
        pd.DataFrame(lost, columns=["coder", "where", "problem"], dtype="str"),
    )


# ------------------------------------------------------------------------ whole-article codings


def _read_folders(paths: list[Path], articles: pd.DataFrame, attributions: pd.DataFrame) -> Coded:
    texts, ids = _by_path(articles)
    pool = pd.DataFrame(columns=["unit", "path", "article_id", "spans"])
    ratings, contents, read = [], [], set()
    for path in paths:
        found = read_codings(path, texts).attributions
        found = found.assign(article_id=found["path"].map(ids), coder=path.name)
        found["path"] = found["article_id"]
        read |= set(found["article_id"])
        pairs = pairing.pair_attributions(pool, found)
        unit = pd.Series(pool.loc[pairs["first"], "unit"].to_numpy(), index=pairs["second"])
        own = (
            found["article_id"] + "-" + found["start"].astype(str) + "-" + found["end"].astype(str)
        )
        found["unit"] = unit.reindex(found.index).fillna(own)
        new = found[~found["unit"].isin(pool["unit"])]
        pool = pd.concat([pool, new[list(pool)]], ignore_index=True)
        contents.append(found[CONTENTS])
        long = found.melt(["unit", "article_id", "coder"], BY_ARTICLE, "variable", "value")
        ratings.append(long[agreement.RATINGS])
    ours = attributions[attributions["article_id"].isin(read)]
    pairs = pairing.pair_attributions(pool, ours.assign(path=ours["article_id"]))
    told = pd.Series(ours.loc[pairs["second"], "attribution_id"].to_numpy(), index=pairs["first"])
    units = pool.assign(attribution_id=told.reindex(pool.index).fillna(""), weight=1.0)
    spurious = ours[~ours["attribution_id"].isin(units["attribution_id"])]
    extra = spurious[["article_id", "attribution_id"]].assign(
        unit=spurious["attribution_id"], weight=1.0
    )
    lengths = articles.set_index("article_id")["text"].str.len()
    scope = pd.DataFrame({"article_id": sorted(read), "start": 0})
    scope["end"] = scope["article_id"].map(lengths)
    return Coded(
        pd.concat(ratings, ignore_index=True),
        pd.concat([units[UNITS], extra[UNITS]], ignore_index=True),
        pd.concat(contents, ignore_index=True),
        scope,
        nobody().problems,
    )


def _by_path(articles: pd.DataFrame) -> tuple[dict[str, str], dict[str, str]]:
    """Return text and id of each article under its path and under its path without each folder."""
    texts, ids = {}, {}
    for row in articles[["article_id", "path", "text"]].itertuples(index=False):
        parts = row.path.split("/")
        for start in range(len(parts)):
            name = "/".join(parts[start:])
            texts.setdefault(name, row.text)
            ids.setdefault(name, row.article_id)
    return texts, ids


# ------------------------------------------------------------------------------------- measuring


def measure_finding(coded: Coded, attributions: pd.DataFrame) -> pd.DataFrame:
    """Measure who found the same statements in what was read whole; one row is one pair.

    Coders are paired with one another, and the program with each coder: found_by_both,
    only_first, only_second, f1, content_exact (the share of the pairs with the same content); and
    precision and recall of the first, the second taken as right, with 95 % Wilson intervals.
    """
    spans = {name: part for name, part in coded.contents.groupby("coder", sort=False)}
    pairs = list(combinations(spans, 2)) + [(TOOL, name) for name in spans]
    spans[TOOL] = _inside(attributions, coded.scope)
    rows = []
    for first, second in pairs:
        one, other = (
            spans[name].assign(path=spans[name]["article_id"]).reset_index(drop=True)
            for name in (first, second)
        )
        row = pairing.measure_unitising(one, other).iloc[0].to_dict()
        both = row["found_by_both"]
        told = {"first": first, "second": second} | row
        for name, total in (("precision", len(one)), ("recall", len(other))):
            low, high = wilson_interval(both, total)
            told |= {name: both / total if total else np.nan}
            told |= {f"{name}_low": float(low), f"{name}_high": float(high)}
        rows.append(told)
    ends = [f"{name}{end}" for name in ("precision", "recall") for end in ("", "_low", "_high")]
    found = pd.DataFrame(rows, columns=[*FOUND, *ends])
    return found.astype(dict.fromkeys(FOUND[2:5], "int64"))


def _inside(attributions: pd.DataFrame, scope: pd.DataFrame) -> pd.DataFrame:
    """Keep the attributions whose content begins in a part that coders read."""
    parts = scope.rename(columns={"start": "first", "end": "last"})
    joined = attributions.reset_index(drop=True).merge(parts, on="article_id", how="inner")
    held = (joined["first"] <= joined["start"]) & (joined["start"] < joined["last"])
    return joined.loc[held, ["article_id", "spans"]]


def measure_coders(coded: Coded) -> pd.DataFrame:
    """Measure the coders' agreement on each variable, as `agreement.measure_agreement` does."""
    return agreement.measure_agreement(_alike(coded.ratings), ORDERS)


def compare(coded: Coded, attributions: pd.DataFrame, variable: str) -> pd.DataFrame:
    """Put the settled code of each unit beside the program's; one row is one unit of both.

    Columns: unit, article_id, attribution_id, found (the program's value), value (settled by
    majority; "" where divided; NOT_ONE where the coders find no statement), weight. Statements
    that only coders found are not here: `measure_finding` counts them.
    """
    ours = attributions.assign(variable=variable, value=attributions[variable])
    ours = _alike(ours)[["attribution_id", "value"]].rename(columns={"value": "found"})
    units = coded.units[coded.units["attribution_id"] != ""]
    units = units.merge(ours, on="attribution_id", how="inner", validate="many_to_one")
    settled = agreement.settle(_alike(coded.ratings))
    value = settled[settled["variable"] == variable].set_index("unit")["value"]
    denied = settled[(settled["variable"] == "statement") & (settled["value"] == sheets.NO)]
    rated = set(coded.ratings["unit"])
    units["value"] = units["unit"].map(value)
    read_whole = ~units["unit"].isin(rated) & (units["unit"] == units["attribution_id"])
    none = units["unit"].isin(denied["unit"]) | read_whole
    units["value"] = units["value"].mask(none, NOT_ONE).fillna("").astype("str")
    written = none | (units["unit"].map(value).notna())
    columns = ["unit", "article_id", "attribution_id", "found", "value", "weight"]
    return units.loc[written, columns].reset_index(drop=True)


def _alike(ratings: pd.DataFrame) -> pd.DataFrame:
    """Write names alike, whatever their letter case and article; no name is an answer too."""
    names = ratings["variable"].isin(sheets.WRITTEN)
    alike = ratings["value"].str.casefold().str.replace(r"^(?:the|an?)\s+", "", regex=True)
    value = ratings["value"].mask(names, alike.str.strip())
    return ratings.assign(value=value.mask(names & (value == ""), NONE))


# ------------------------------------------------------------- whole-article codings, read


class CodingError(ValueError):
    """A coding names a text, field or value that is not there; the message says which."""


@dataclass(frozen=True)
class Codings:
    """What one coder wrote: frames of attributions, entities and blocks, one row each per `path`.

    `attributions` has path, start, end, text, spans, cue_spans, source_spans, cue, source_text,
    speaker, form, source_type, relay and note; `entities` has path, entity, label, country and
    forms; `blocks` has path, start, end and role.
    """

    attributions: pd.DataFrame
    entities: pd.DataFrame
    blocks: pd.DataFrame


def read_codings(folder: str | Path, articles: str | Path | Mapping[str, str]) -> Codings:
    """Read every coding under `folder` against the article files under `articles`.

    `articles` is their folder, or gives the text of each path that the codings name.

    Raises CodingError for the first coding with a text that is not in its article, a missing
    field or an unknown value.
    """
    attributions: list[dict[str, Any]] = []
    entities: list[dict[str, Any]] = []
    blocks: list[dict[str, Any]] = []
    for file in sorted(Path(folder).rglob("*.json")):
        coding = _read(file)
        text = _text_of(coding["path"], articles, file)
        try:
            attributions += [_attribution(row, text, coding) for row in coding["attributions"]]
            entities += [_entity(row, text, coding) for row in coding["entities"]]
            blocks += _blocks(coding["structure"], text, coding)
        except CodingError as error:
            raise CodingError(f"{file.name}: {error}") from None
    return Codings(pd.DataFrame(attributions), pd.DataFrame(entities), pd.DataFrame(blocks))


def _text_of(path: str, articles: str | Path | Mapping[str, str], file: Path) -> str:
    if isinstance(articles, Mapping):
        if path not in articles:
            raise CodingError(f"{file.name}: there is no article {path!r}")
        return articles[path]
    return (Path(articles) / path).read_bytes().decode("utf-8")


def _read(file: Path) -> dict[str, Any]:
    try:
        coding = json.loads(file.read_text(encoding="utf-8"))
    except ValueError as error:
        raise CodingError(f"{file.name}: not JSON: {error}") from None
    missing = {"path", "structure", "entities", "attributions"} - set(coding)
    if missing:
        raise CodingError(f"{file.name}: without {', '.join(sorted(missing))}")
    return coding


def _attribution(row: dict[str, Any], text: str, coding: dict[str, Any]) -> dict[str, Any]:
    _check_fields(row, ATTRIBUTION_FIELDS)
    near = _nearest(_occurrences(row["near"], text), 0)
    content: list[Span] = []
    for piece in _listed(row["content"]):
        places = _occurrences(piece, text)
        later = [place for place in places if not content or place[0] >= content[-1][1]]
        if not later:
            raise CodingError(f"{_written(piece)!r} does not stand after the piece before it")
        content.append(later[0] if content else _nearest(later, near[0]))
    cue, source = (_beside(row[field], text, content) for field in ("cue", "source"))
    start, end = content[0][0], content[-1][1]
    return {
        "path": coding["path"],
        "start": start,
        "end": end,
        "text": text[start:end],
        "spans": [list(span) for span in content],
        "cue_spans": [list(span) for span in cue],
        "source_spans": [list(span) for span in source],
        "cue": " ".join(text[start:end] for start, end in cue),
        "source_text": " ".join(text[start:end] for start, end in source),
        "speaker": row["speaker"],
        "form": row["form"],
        "source_type": row["source_type"],
        "relay": row["relay"],
        "note": row.get("note", ""),
    }


def _entity(row: dict[str, Any], text: str, coding: dict[str, Any]) -> dict[str, Any]:
    _check_fields(row, ENTITY_FIELDS)
    for form in row["forms"]:
        _occurrences(form, text)
    return {"path": coding["path"]} | {field: row[field] for field in ENTITY_FIELDS}


def _blocks(rows: list[dict[str, Any]], text: str, coding: dict[str, Any]) -> list[dict[str, Any]]:
    placed = []
    reached = 0
    for row in rows:
        _check_fields(row, ("role", "starts", "ends"))
        start = _following(row["starts"], text, reached)[0]
        end = _following(row["ends"], text, start)[1]
        placed.append({"path": coding["path"], "start": start, "end": end, "role": row["role"]})
        reached = end
    return placed


def _check_fields(row: dict[str, Any], fields: tuple[str, ...]) -> None:
    missing = [field for field in fields if field not in row]
    if missing:
        raise CodingError(f"{str(row)[:80]}: without {', '.join(missing)}")
    for field, allowed in CLOSED.items():
        if field in row and row[field] not in allowed:
            raise CodingError(f"{field} {row[field]!r} is none of {', '.join(allowed)}")


# ----------------------------------------------------------------------------- finding places


def _listed(value: Any) -> list[Any]:
    return [text for text in (value if isinstance(value, list) else [value]) if _written(text)]


def _written(quoted: Any) -> str:
    return quoted["text"] if isinstance(quoted, dict) else quoted


def _occurrences(quoted: Any, text: str) -> list[Span]:
    """Return where a quoted text stands as whole words; with "nth" only that occurrence."""
    words = _written(quoted)
    left = r"(?<!\w)" if re.match(r"\w", words) else ""
    right = r"(?!\w)" if re.search(r"\w$", words) else ""
    places = [match.span() for match in re.finditer(left + re.escape(words) + right, text)]
    if isinstance(quoted, dict):
        places = places[quoted["nth"] - 1 : quoted["nth"]]
    if not words or not places:
        raise CodingError(f"{quoted!r} is not in the article")
    return places


def _following(quoted: Any, text: str, reached: int) -> Span:
    later = [place for place in _occurrences(quoted, text) if place[0] >= reached]
    if not later:
        raise CodingError(f"{quoted!r} is not in the article after what comes before it")
    return later[0]


def _nearest(places: list[Span], offset: int) -> Span:
    return min(places, key=lambda place: abs(place[0] - offset))


def _beside(quoted: Any, text: str, content: list[Span]) -> list[Span]:
    """Place a cue or source: nearest to a piece of the content and not inside one."""
    spans = []
    for words in _listed(quoted):
        places = _occurrences(words, text)
        outside = [
            place
            for place in places
            if not any(place[0] < end and start < place[1] for start, end in content)
        ]
        if not outside:
            raise CodingError(f"{words!r} stands only inside the content")
        spans.append(min(outside, key=lambda place: min(_gap(place, piece) for piece in content)))
    return sorted(spans)


def _gap(one: Span, other: Span) -> int:
    return max(one[0] - other[1], other[0] - one[1])


def main(arguments: list[str]) -> int:
    """Check the codings under one folder against the articles under another."""
    codings, articles = arguments
    failed = 0
    for file in sorted(Path(codings).rglob("*.json")):
        try:
            coding = _read(file)
            text = _text_of(coding["path"], articles, file)
        except (CodingError, OSError) as error:
            print(f"{file.name}: {error}")
            failed += 1
            continue
        for told in _faults(coding, text):
            print(f"{file.name}: {told}")
            failed += 1
    print(f"{failed} errors")
    return 1 if failed else 0


def _faults(coding: dict[str, Any], text: str) -> Iterator[str]:
    checks: list[tuple[str, Callable, Any]] = [("structure", _blocks, coding["structure"])]
    checks += [("attributions", _attribution, row) for row in coding["attributions"]]
    checks += [("entities", _entity, row) for row in coding["entities"]]
    for field, place, row in checks:
        try:
            place(row, text, coding)
        except CodingError as error:
            yield f"{field}: {error}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
