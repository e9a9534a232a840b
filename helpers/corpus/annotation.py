"""What is done to one part of a corpus: it is annotated, then joined to the rest.

Annotating is the slow step and depends on one article alone. Joining fills in what the whole
corpus decides (which entity a name is), and what follows from it. Both are jobs that any process
can do that reaches the store: they read from it and write to it.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import pandas as pd
import pyarrow as pa

from helpers.annotate import (
    attributions,
    doubt,
    entities,
    mentions,
    profiles,
    replies,
    sources,
    speakers,
    targets,
    tone,
)
from helpers.annotate.home import home_country
from helpers.corpus.decisions import Decided, rename_speaker
from helpers.corpus.parts import (
    ENTITY,
    EVIDENCE,
    NAMES,
    PART_TABLES,
    Index,
    Join,
    PartStore,
    name_key,
)
from helpers.model.encoder import ModelError
from helpers.read import duplicates
from helpers.store import schema
from helpers.store.lexicons import Codebook, Own, read_codebook, with_outlets
from helpers.store.paths import check_engine
from helpers.store.storage import Storage, from_bytes
from helpers.text import quotations
from helpers.text.article import Article, put_together, read_articles
from helpers.text.blocks import read_header

JOINED_STEPS = ("speakers", "sources")
ANNOTATED = PART_TABLES[1:]  # all but the articles themselves
_one_at_a_time = threading.Lock()  # a cluster's worker may have threads; the models are not for two


# ---------------------------------------------------------------------------- jobs for workers


def annotate_part(
    place: str, folder: str, engine: str, own: Own, name: str, raw: bytes, rows: dict[str, str]
) -> Index:
    """Annotate the articles of one part and keep it in the store; return its index.

    `own` are outlets that the corpus tells of (`lexicons.with_outlets`), `raw` the articles as
    Parquet, `rows` the fingerprint of each id. Raises EngineError for another engine than `engine`.
    """
    check_engine(engine)
    begun = time.process_time()
    with _one_at_a_time, with_outlets(own):
        frames = annotate(from_bytes(raw))
        sketches = duplicates.sketch(frames["articles"])
        names = _summarise(frames["mentions"], frames["articles"])
    seconds = time.process_time() - begun
    return PartStore(Storage(place), folder).add(name, frames, rows, names, sketches, seconds)


def _summarise(found: pd.DataFrame, articles: pd.DataFrame) -> pa.Table:
    """Sum up names, with the keys by which their entities are looked up and each article's share.

    `places` are those of the articles in the part, `numbers` the mentions in each of them.
    """
    counted = entities.count_names(found, articles)
    order = {article_id: place for place, article_id in enumerate(articles["article_id"])}
    columns: dict[str, list] = {
        name: [key[number] for key in counted] for number, name in enumerate(entities.SUMMARY[:5])
    }
    columns["places"] = [[order[one] for one in own] for own in counted.values()]
    columns["numbers"] = [list(own.values()) for own in counted.values()]
    for column in ("name", "written"):
        pairs = zip(columns["label"], columns[column], strict=True)
        columns[f"{column}_key"] = [name_key(label, name) for label, name in pairs]
    return pa.table(columns, schema=NAMES)


def join_part(
    place: str, folder: str, engine: str, own: Own, book: Codebook, name: str, join: Join, old: str
) -> tuple[str, Join]:
    """Fill in what the corpus tells about the names of a part and keep it; return name and join.

    The part is read as annotated, or as joined to the version `old`; `book` decides the sources.
    """
    check_engine(engine)
    store = PartStore(Storage(place), folder)
    with _one_at_a_time, with_outlets(own):
        frames = store.read(name, old)
        joined = join_corpus(frames, join.frame(), join.decisions(), book)
    store.keep_joined(name, join, frames | joined)
    return name, join


# ---------------------------------------------------------------------- one article at a time


def annotate(articles: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Annotate some articles, each on its own; return their tables as far as one article tells.

    A step that fails for an article is a row in `problems`; the article itself is kept.
    """
    rows: dict[str, list[dict]] = {name: [] for name in (*ANNOTATED, EVIDENCE)}
    headers = []
    for article, row in zip(read_articles(articles), articles.to_dict("records"), strict=True):
        found = _Annotated(article, row["path"])
        for name, own in rows.items():
            own += found.rows[name]
        headers.append(read_header(article.text, article.blocks, row["byline"] or ""))
    frames = {name: schema.frame(name, rows[name]) for name in ANNOTATED}
    frames[EVIDENCE] = pd.DataFrame(rows[EVIDENCE], columns=list(profiles.COLUMNS))
    frames["articles"] = _with_headers(articles, headers)
    frames["attributions"] = tone.add_tone(frames["attributions"])
    return frames


def _with_headers(articles: pd.DataFrame, headers: list[dict[str, str]]) -> pd.DataFrame:
    """Return the articles with what their blocks name, where the file itself does not say it."""
    read = pd.DataFrame(headers, index=articles.index)
    given = articles[list(read)].fillna("")
    return articles.assign(**articles[list(read)].where(given != "", read))


class _Annotated:
    """One article, annotated step by step: its rows of each table."""

    def __init__(self, article: Article, path: str) -> None:
        self.article, self.path = article, path
        self.rows: dict[str, list[dict]] = {name: [] for name in (*ANNOTATED, EVIDENCE)}
        self._do("structure", "blocks", lambda: self._span_rows(article.blocks))
        if "blocks" not in article.__dict__:
            article.blocks = []
        self._do("sentences", "sentences", lambda: self._span_rows(article.sentences))
        if article.language in ("", "en"):
            self._do("mentions", "mentions", lambda: mentions.find_rows(article))
            self._do("attributions", "attributions", lambda: attributions.find_rows(article))
            said, named = self.rows["attributions"], self.rows["mentions"]
            self._do("profiles", EVIDENCE, lambda: profiles.find_rows(article, said, named))
            self._do("targets", "targets", lambda: targets.find_rows(article, said, named))
            self.rows["problems"] += _unclosed_quotations(article, path)

    def _span_rows(self, spans: Iterable[tuple[int, int, str]]) -> list[dict]:
        return [schema.row("blocks", self.article.article_id, *span) for span in spans]

    def _do(self, step: str, table: str, find: Callable[[], list[dict]]) -> None:
        """Keep the rows that a step finds, in order; or note that it fails."""
        try:
            self.rows[table] = find()
            if table in ("mentions", "attributions"):
                for row in self.rows[table]:
                    row["role"] = self.article.role_at(row["start"])
        except ModelError:  # no article could be read
            raise
        except Exception as error:
            self.rows["problems"].append(_failed(self.article.article_id, self.path, step, error))


def _failed(article_id: str, path: str, step: str, error: Exception) -> dict[str, str]:
    problem = f"{type(error).__name__}: {error}; the article is kept without this step"
    return schema.row("problems", article_id, path, step, problem)


def _unclosed_quotations(article: Article, path: str) -> Iterator[dict[str, str]]:
    if unclosed := quotations.find_unclosed(article.quotations.all):
        opening = article.text[unclosed[0].start : unclosed[0].start + 40]
        several = f"{len(unclosed)} quotation marks are" if unclosed[1:] else "1 quotation mark is"
        problem = (
            f"{several} opened and never closed, the first at "
            f"{unclosed[0].start} ({opening!r}); each is read to the end of its paragraph"
        )
        yield schema.row("problems", article.article_id, path, "quotations", problem)


# -------------------------------------------------------------------- joined to the corpus


def join_corpus(
    frames: dict[str, pd.DataFrame],
    names: pd.DataFrame,
    decided: Decided,
    book: Codebook | None = None,
) -> dict[str, pd.DataFrame]:
    """Add what depends on more than one article to the tables of a part.

    `names` are the entities that the part's mentions may be, `decided` a person's decisions
    about the names, with the entities as they are after them; `book` is the codebook, the
    project's when none is given. Who speaks and what kind of source that is are decided article
    by article, by the entities named there: the rows of an article are the same in whichever part
    it lies, and whatever else is read.
    """
    articles = frames["articles"]
    cut = put_together(articles, *(frames.get(name) for name in ("blocks", "sentences")))
    undecided = entities.add_entity(frames["mentions"], articles, names)
    found, (kept, merged) = decided.add_decided(undecided), decided.apart(names)
    apart = (kept.add_decided(undecided), kept.entities, merged) if merged else None
    names = decided.entities
    problems: list[dict[str, str]] = []
    book = book or read_codebook()
    told = (book, problems, articles["path"].tolist(), frames.get(EVIDENCE), apart)
    said = add_sources(frames["attributions"], cut, found, names, *told)
    before = frames["problems"].loc[lambda told: ~told["step"].isin(JOINED_STEPS)]
    return {
        "mentions": found,
        "attributions": said,
        "targets": targets.add_entity(frames["targets"], found),
        "replies": replies.find_replies(articles, found),
        "problems": pd.concat(
            [before, pd.DataFrame(problems, columns=before.columns)], ignore_index=True
        ),
    }


def add_sources(
    said: pd.DataFrame,
    articles: pd.DataFrame | Sequence[Article],
    found: pd.DataFrame,
    names: pd.DataFrame,
    book: Codebook | None = None,
    problems: list[dict[str, str]] | None = None,
    paths: Sequence[str] = (),
    evidence: pd.DataFrame | None = None,
    apart: tuple[pd.DataFrame, pd.DataFrame, dict[str, str]] | None = None,
) -> pd.DataFrame:
    """Return attributions with who speaks and what kind of source that is, article by article.

    `found` are the mentions with their `entity_id`, `names` the entities. Articles where a step
    fails are noted in `problems`, with their `paths`; where that is None, the error is raised.
    `evidence` is what the model of sources saw, see `annotate.profiles`. `apart` are mentions and
    entities without a person's merges, and these: who speaks is read before names are merged.
    """
    if said.empty:
        return said
    names_of = dict.fromkeys((*speakers.Resolved._fields, *sources.COLUMNS, *doubt.Sure._fields))
    columns = {column: said[column].tolist() for column in names_of}
    spans = [said[column].tolist() for column in speakers.ROW_COLUMNS]
    rows = said[[*sources.ROW_COLUMNS, "confidence"]].to_dict("records")
    places_of: dict[str, list[int]] = {}
    for place, article_id in enumerate(said["article_id"].tolist()):
        places_of.setdefault(article_id, []).append(place)
    seen: dict[str, list[tuple]] = {}
    for article_id, *row in () if evidence is None else evidence.itertuples(index=False):
        seen.setdefault(article_id, []).append(tuple(row))
    known, book = _Known(found, names), book or read_codebook()
    unmerged, merged = (_Known(*apart[:2]), apart[2]) if apart else (known, {})
    own_book = book != read_codebook()
    cut = read_articles(articles)
    for article, path in zip(cut, paths or [""] * len(cut), strict=True):
        article_id = article.article_id
        places = places_of.get(article_id)
        if not places:
            continue
        mentioned, present = known.mentions.get(article_id, []), known.entities(article_id)
        canonical = {entity_id: entity.name for entity_id, entity in present.items()}
        own = [[column[place] for place in places] for column in spans]
        step = "speakers"
        try:
            before = unmerged.entities(article_id) if merged else present
            separate = {entity_id: entity.name for entity_id, entity in before.items()}
            heard = unmerged.mentions.get(article_id, mentioned)
            speaking = speakers.find_speakers(article, own, heard, separate)
            speaking = [rename_speaker(one, separate, canonical, merged) for one in speaking]
            _fill(columns, places, speaking, speakers.Resolved._fields)
            step = "sources"
            for place, speaker in zip(places, speaking, strict=True):
                rows[place] |= speaker._asdict()
            own_rows = [rows[place] for place in places]
            named = [
                (start, text, label, present[entity].country if entity in present else "")
                for start, _, text, label, entity in mentioned
            ]
            home = home_country(article, named)
            places_read = seen.get(article_id, [])
            read = profiles.Profiles(places_read, mentioned, own_book) if seen else None
            sourced = sources.find_sources(article, own_rows, present, book, home, read)
            _fill(columns, places, sourced, sources.COLUMNS)
            coded = [row | vars(item) for row, item in zip(own_rows, sourced, strict=True)]
            _fill(columns, places, doubt.judge(coded, mentioned), doubt.Sure._fields)
        except Exception as error:
            if problems is None:
                raise
            problems.append(_failed(article_id, path, step, error))
    dtypes = {"named": bool} | dict.fromkeys(doubt.Sure._fields, float)
    return said.assign(
        **{
            column: pd.Series(values, index=said.index, dtype=dtypes.get(column, object))
            for column, values in columns.items()
        }
    )


def _fill(
    columns: dict[str, list], places: list[int], items: Sequence[Any], names: Sequence[str]
) -> None:
    """Put attributes of items into the columns of the same names, at their places."""
    for place, item in zip(places, items, strict=True):
        for column in names:
            columns[column][place] = getattr(item, column)


class _Known:
    """The mentions of a part by article, and the entities that they name."""

    def __init__(self, found: pd.DataFrame, names: pd.DataFrame):
        self.mentions: dict[str, list[tuple]] = {}
        for row in found.itertuples(index=False):
            mention = (row.start, row.end, row.text, row.label, row.entity_id)
            self.mentions.setdefault(row.article_id, []).append(mention)
        rows = zip(*(names[column].tolist() for column in ENTITY[:4]), strict=True)
        self._names = {entity_id: (place, *row) for place, (entity_id, *row) in enumerate(rows)}

    def entities(self, article_id: str) -> dict[str, sources.Entity]:
        """Return the entities an article names, by id; their aliases are the spellings it has."""
        spelled: dict[str, set[str]] = {}
        for *_, text, _, entity_id in self.mentions.get(article_id, ()):
            if entity_id:
                spelled.setdefault(entity_id, set()).add(text)
        present = {}
        for entity_id in sorted(spelled, key=self._names.__getitem__):
            _, name, label, country = self._names[entity_id]
            aliases_here = tuple(sorted(spelled[entity_id] - {name}))
            present[entity_id] = sources.Entity(name, label, country, aliases_here)
        return present
