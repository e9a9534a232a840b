"""Hand codings of articles: read from JSON, each quoted text placed in the article it is from.

A coding quotes texts exactly and gives no offsets, so that a person can write it; the rules for
finding the place are those of data/sample/gold/coding_guide.md, section 4.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from helpers.store import schema

Span = tuple[int, int]
ATTRIBUTION_FIELDS = ("content", "cue", "source", "speaker", "form", "source_type", "relay", "near")
ENTITY_FIELDS = ("entity", "label", "country", "forms")
CLOSED = {
    "form": schema.FORMS,
    "source_type": schema.SOURCE_TYPES,
    "label": schema.LABELS,
    "role": schema.BLOCK_ROLES,
}


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
            text = (Path(articles) / coding["path"]).read_bytes().decode("utf-8")
        except (CodingError, OSError) as error:
            print(f"{file.name}: {error}")
            failed += 1
            continue
        parts = (("attributions", _attribution), ("entities", _entity))
        for field, place in parts:
            for row in coding[field]:
                try:
                    place(row, text, coding)
                except CodingError as error:
                    print(f"{file.name}: {field}: {error}")
                    failed += 1
        try:
            _blocks(coding["structure"], text, coding)
        except CodingError as error:
            print(f"{file.name}: structure: {error}")
            failed += 1
    print(f"{failed} errors")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
