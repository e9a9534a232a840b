"""What people coded, as it was published or written: public gold corpora, whole-article codings.

A whole-article coding is JSON; it quotes texts exactly and gives no offsets, so that a person can
write it; the rules for finding the place are those of data/sample/gold/coding_guide.md, section 4.
"""

from __future__ import annotations

import gzip
import json
import re
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from helpers.measure.select import lay_out
from helpers.store import schema
from helpers.store.paths import DATA, MODELS, PROJECT
from helpers.study import pairing

CORPORA = DATA / "corpora.csv"
GOLD_TYPES = {"PER", "ORG", "LOC"}
GUM_LABELS = {"person": "PERSON", "organization": "ORG", "place": "GPE"}
# Relations that hold a name together in Universal Dependencies, with all that begin like them.
_PARTS = re.compile(r"flat|compound|nmod:(?:desc|unmarked)|goeswith")
Span = tuple[int, int]
FRAMES = ("attributions", "entities", "blocks")
CLOSED = {
    "form": schema.FORMS,
    "source_type": schema.SOURCE_TYPES,
    "label": schema.LABELS,
    "role": schema.BLOCK_ROLES,
}


@cache
def label_maps() -> dict[str, dict[str, tuple[str, ...]]]:
    """Return what each corpus calls its names, in our labels; any of several is right.

    Under "" are the labels of the names that a corpus does not mark.
    """
    rows = pd.read_csv(MODELS / "name_labels.csv", keep_default_na=False)
    found: dict[str, dict[str, tuple[str, ...]]] = defaultdict(dict)
    for corpus, mark, labels in rows.itertuples(index=False):
        found[corpus][mark] = tuple(labels.split())
    return dict(found)


@cache
def name_type(label: str) -> str:
    """Return PER, ORG or LOC for one of our labels, as gold with three types has it, else ""."""
    types = label_maps()["uner"].items()
    return next((mark for mark, ours in types if mark and label in ours), "")


class Corpus(NamedTuple):
    """A corpus: where it comes from, and the file expected under `gold`, or in the project."""

    corpus: str
    part: str
    task: str  # how it is measured, a key of TASKS
    file: str
    how: str

    def find(self, gold: str | Path) -> Path | None:
        """Return the corpus's file, or None where it is absent."""
        if self.task == "sample":
            return PROJECT / self.file
        file = Path(gold).expanduser() / self.file
        return file if str(gold) and file.is_file() else None


def read_corpora() -> list[Corpus]:
    """Read which corpora can be measured on."""
    return [Corpus(*row) for row in pd.read_csv(CORPORA).itertuples(index=False)]


def list_corpora(gold: str | Path) -> pd.DataFrame:
    """List the corpora; one row is one.

    Columns: corpus, part, file, there (whether `gold`, or the project, holds it) and how (to get
    it).
    """
    known = read_corpora()
    listed = pd.DataFrame(known).drop(columns="task")
    listed.insert(3, "there", [one.find(gold) is not None for one in known])
    return listed


def read_lines(file: Path) -> Iterator[dict]:
    """Yield the objects of a file of JSON lines, gzipped or not."""
    opened = gzip.open if file.suffix == ".gz" else open
    with opened(file, "rt", encoding="utf-8") as lines:
        yield from map(json.loads, filter(str.strip, lines))


def read_texts(files: Iterable[Path]) -> dict[str, str]:
    """Return the texts of articles by id, from files of JSON lines."""
    return {row["id"]: row["text"] for file in files for row in read_lines(file)}


def read_names(file: Path) -> Iterator[tuple[str, set[tuple[int, int, str]]]]:
    """Yield each sentence's text and its names: (start, end, PER, ORG or LOC)."""
    tabbed = ".iob2" in file.name
    with gzip.open(file, "rt", encoding="utf-8") as lines:
        text, rows = "", []
        for line in [*lines, "\n"]:
            if line.startswith("# text ="):
                text = line.split("=", 1)[1].strip()
            elif not line.strip():
                if rows:
                    words, tags = ([row[place] for row in rows] for place in (0, 1))
                    yield _lay_out(text or " ".join(words), words, tags)
                text, rows = "", []
            elif not line.startswith(("#", "-DOCSTART-")):
                columns = line.split("\t") if tabbed else line.split()
                if not tabbed:
                    rows.append((columns[0], columns[-1]))
                elif columns[0].isdigit():
                    rows.append((columns[1], columns[2].strip()))


def _lay_out(text: str, words: list[str], tags: list[str]) -> tuple[str, set[tuple[int, int, str]]]:
    places, reached = [], 0
    for word in words:
        at = text.find(word, reached)
        if at < 0:
            return _lay_out(" ".join(words), words, tags)
        places.append((at, at + len(word)))
        reached = at + len(word)
    spans = {
        (places[first][0], places[last][1], _social_type(kind))
        for first, last, kind in find_tagged(tags)
    }
    return text, {span for span in spans if span[2] in GOLD_TYPES}


def _social_type(kind: str) -> str:
    """Return the type that a kind of name of WNUT-17 is; others are as they are."""
    return "ORG" if kind in ("corporation", "group") else kind[:3].upper()


def find_tagged(tags: list[str]) -> Iterator[tuple[int, int, str]]:
    """Yield first word, last word and kind of each span that words are tagged with (B, I, O)."""
    first, kind = -1, ""
    for number, tag in enumerate([*tags, "O"]):
        begin, _, name = tag.partition("-")
        if first >= 0 and (begin != "I" or name != kind):
            yield first, number - 1, kind
            first = -1
        if begin in ("B", "I") and first < 0:
            first, kind = number, name


def place_statements(article: dict) -> pd.DataFrame:
    """Return the statements of one article of Santa Clara; one row is one, with its spans."""
    rows = []
    for told in article["statements"]:
        spans = pairing.place_statement(told["statement"], article["text"])
        rows.append((article["id"], spans, told["type"], told["title"], told["name"]))
    return lay_out("statements", rows)


# ------------------------------------------------------------------------------------------- GUM


@dataclass
class _Token:
    start: int
    end: int
    upos: str
    head: int
    relation: str


@dataclass
class _Document:
    """One document while it is read."""

    name: str
    fields: list[str]
    text: str = ""
    tokens: list[_Token] = field(default_factory=list)
    open: dict[str, list[tuple[int, str]]] = field(default_factory=lambda: defaultdict(list))
    spans: list[tuple[int, int, str, str]] = field(default_factory=list)


def read_gum(path: str | Path) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Read documents of the GUM corpus (CoNLL-U, may be gzipped): articles, and their names.

    Articles have article_id and text, paragraphs parted by an empty line. One row of the names is
    one mention of a person, an organisation or a place whose head is a proper noun: article_id,
    start, end, text, label, `gold` (whom it names, an identity within the document) and `parts`
    (the spans of the words that make up the name itself). Raises OSError or ValueError when the
    file is damaged or holds no document.
    """
    path = Path(path)
    raw = path.read_bytes()
    if path.suffix == ".gz":
        raw = gzip.decompress(raw)
    documents = list(_documents(raw.decode("utf-8").splitlines()))
    if not documents:
        raise ValueError(f"{path} holds no document: it is damaged or no CoNLL-U")
    articles = pd.DataFrame([{"article_id": d.name, "text": d.text} for d in documents])
    rows = [row for document in documents for row in _names_of(document)]
    return articles, lay_out("names", rows)


def _documents(lines: Iterable[str]) -> Iterator[_Document]:
    document: _Document | None = None
    fields: list[str] = []
    first = 0
    space, joined_until, joined_space = "", 0, ""
    for line in lines:
        if line.startswith("# newdoc"):
            if document is not None:
                yield document
            document = _Document(line.partition("=")[2].strip(), fields)
            space = ""
        elif line.startswith("# global.Entity") and document is not None:
            document.fields = fields = line.partition("=")[2].strip().split("-")
        elif line.startswith("# newpar") and document is not None and document.text:
            space = "\n\n"
        elif document is None or line.startswith("#"):
            continue
        elif not line.strip():
            first = len(document.tokens)
            joined_until = 0
        else:
            cells = line.split("\t")
            if "." in cells[0]:
                continue
            after = "" if "SpaceAfter=No" in cells[9] else " "
            if "-" in cells[0]:
                joined_until, joined_space = int(cells[0].partition("-")[2]), after
                continue
            number = int(cells[0])
            if number <= joined_until:
                after = joined_space if number == joined_until else ""
            document.text += space
            start = len(document.text)
            document.text += cells[1]
            space = after
            head = first + int(cells[6]) - 1 if cells[6] not in ("0", "_") else -1
            token = _Token(start, len(document.text), cells[3], head, cells[7])
            document.tokens.append(token)
            _read_marks(document, cells[9])
    if document is not None:
        yield document


def _read_marks(document: _Document, misc: str) -> None:
    """Open and close the entities that the last token's Entity mark names."""
    marks = re.search(r"(?:^|\|)Entity=([^|]+)", misc)
    if not marks:
        return
    at = len(document.tokens) - 1
    for piece in re.finditer(r"\([^()]+\)?|[^()]+\)", marks.group(1)):
        written = piece.group()
        opens, closes = written.startswith("("), written.endswith(")")
        cells = written.strip("()").split("-", max(len(document.fields) - 1, 1))
        group = re.sub(r"\[.*\]", "", cells[0])
        if opens:
            kinds = dict(zip(document.fields, cells, strict=False))
            document.open[group].append((at, kinds.get("etype", cells[1] if cells[1:] else "")))
        if closes and document.open[group]:
            start, kind = document.open[group].pop()
            document.spans.append((start, at, group, kind))


def _names_of(document: _Document) -> Iterator[tuple]:
    tokens = document.tokens
    for first, last, group, kind in sorted(document.spans, key=lambda span: (span[0], -span[1])):
        label = GUM_LABELS.get(kind)
        inside = range(first, last + 1)
        heads = [at for at in inside if tokens[at].head not in inside]
        if label is None or not heads or tokens[heads[0]].upos != "PROPN":
            continue
        start, end = tokens[first].start, tokens[last].end
        parts = sorted(_parts(tokens, heads[0], inside))
        spans = [[tokens[at].start, tokens[at].end] for at in parts]
        yield document.name, start, end, document.text[start:end], label, group, spans


def _parts(tokens: list[_Token], head: int, inside: range) -> set[int]:
    """Return the tokens of a name: its head and what flat and compound relations tie to it."""
    parts = {head}
    grown = True
    while grown:
        more = {
            at
            for at in inside
            if at not in parts
            and tokens[at].head in parts
            and _PARTS.match(tokens[at].relation)
            and tokens[at].upos in ("PROPN", "NUM", "X")
        }
        grown = bool(more)
        parts |= more
    return parts


# ------------------------------------------------------------------------ whole-article codings


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
    found: dict[str, list[tuple]] = {name: [] for name in FRAMES}
    for file in sorted(Path(folder).rglob("*.json")):
        coding, text = _read(file, articles)
        for fault, name, rows in _placed(coding, text):
            if fault:
                raise CodingError(f"{file.name}: {fault}")
            found[name] += rows
    return Codings(*(lay_out(f"coded {name}", rows) for name, rows in found.items()))


def _read(file: Path, articles: str | Path | Mapping[str, str]) -> tuple[dict[str, Any], str]:
    """Return a coding and the text of its article."""
    try:
        coding = json.loads(file.read_text(encoding="utf-8"))
    except ValueError as error:
        raise CodingError(f"{file.name}: not JSON: {error}") from None
    missing = {"path", "structure", *FRAMES[:2]} - set(coding)
    if missing:
        raise CodingError(f"{file.name}: without {', '.join(sorted(missing))}")
    path = coding["path"]
    if not isinstance(articles, Mapping):
        return coding, (Path(articles) / path).read_bytes().decode("utf-8")
    if path not in articles:
        raise CodingError(f"{file.name}: there is no article {path!r}")
    return coding, articles[path]


def _placed(coding: dict[str, Any], text: str) -> Iterator[tuple[str, str, list[tuple]]]:
    """Place each row of a coding in the text: its fault, or else its kind and the rows it makes."""
    asked: list[tuple[str, Any, Any]] = [
        ("attributions", _attribution, row) for row in coding["attributions"]
    ]
    asked += [("entities", _entity, row) for row in coding["entities"]]
    asked += [("blocks", _blocks, coding["structure"])]
    for name, place, told in asked:
        try:
            for row in told if name == "blocks" else [told]:
                _check_values(row)
            yield "", name, [(coding["path"], *row) for row in place(told, text)]
        except CodingError as error:
            yield f"{name}: {error}", name, []
        except KeyError as error:
            yield f"{name}: {str(told)[:80]}: without {error.args[0]}", name, []


def _attribution(row: dict[str, Any], text: str) -> list[tuple]:
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
    spans = [[list(span) for span in places] for places in (content, cue, source)]
    written = [" ".join(text[low:high] for low, high in places) for places in (cue, source)]
    said = [row[field] for field in ("speaker", "form", "source_type")]
    return [
        (start, end, text[start:end], *spans, *written, *said, row["relay"], row.get("note", ""))
    ]


def _entity(row: dict[str, Any], text: str) -> list[tuple]:
    for form in row["forms"]:
        _occurrences(form, text)
    return [(row["entity"], row["label"], row["country"], row["forms"])]


def _blocks(rows: list[dict[str, Any]], text: str) -> list[tuple]:
    placed, reached = [], 0
    for row in rows:
        start = _following(row["starts"], text, reached)[0]
        reached = _following(row["ends"], text, start)[1]
        placed.append((start, reached, row["role"]))
    return placed


def _check_values(row: dict[str, Any]) -> None:
    for name, allowed in CLOSED.items():
        if name in row and row[name] not in allowed:
            raise CodingError(f"{name} {row[name]!r} is none of {', '.join(allowed)}")


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
            faults = [fault for fault, _, _ in _placed(*_read(file, articles)) if fault]
        except (CodingError, OSError) as error:
            faults = [str(error).removeprefix(f"{file.name}: ")]
        for told in faults:
            print(f"{file.name}: {told}")
        failed += len(faults)
    print(f"{failed} errors")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
