"""The concordance: a word, entity or speaker wherever it stands, in context; dispersion; company.

A word is looked up in the texts themselves, an entity and a speaker in the tables. Every line
points at its article and place.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Sequence
from html import escape
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from nltk.metrics.association import BigramAssocMeasures
from nltk.probability import FreqDist

from helpers.measure import counting, periods, shares
from helpers.measure.select import PLACE, lay_out, name_value
from helpers.show.reader import MARK, PLAIN, isolate, write_text
from helpers.store import tables

WORD, ENTITY, SPEAKER = "word", "entity", "speaker"
KINDS = (WORD, ENTITY, SPEAKER)
HITS = [*PLACE, "role"]
AROUND = 60
SIDE = "white-space:nowrap; overflow:hidden"  # cut at the page's edge, not at the word looked for
READ = 2_000
_TOKEN = re.compile(r"\w+(?:[-’'.]\w+)*")


class Texts:
    """The texts of chosen articles, held in memory once, to be searched many times."""

    def __init__(self, folder: str | Path, articles: pd.DataFrame):
        """Load the texts of `articles` (article_id, outlet, published) from a folder of tables."""
        self.folder = folder
        table = tables.read_arrow("articles", folder, ["article_id", "text"])
        place = pc.index_in(table["article_id"], pa.array(articles["article_id"], pa.string()))
        chosen = table if not place.null_count else table.filter(place.is_valid())
        self.ids = chosen["article_id"].to_numpy()
        self._texts = chosen["text"].cast(pa.large_string()).combine_chunks()
        self.articles = articles[["article_id", "outlet", "published"]].set_index("article_id")

    def text(self, place: int) -> str:
        """Return the text of the article at a place."""
        return self._texts[place].as_py()

    @functools.cached_property
    def places(self) -> dict[str, int]:
        """The place of each article's text."""
        return {key: number for number, key in enumerate(self.ids)}

    @functools.cached_property
    def _blocks(self) -> pd.DataFrame:
        here = {"article_id": self.ids}
        blocks = tables.read_table("blocks", self.folder, [*PLACE, "role"], here)
        return blocks.rename(columns={"end": "until"}).sort_values("start", kind="stable")

    def find(self, word: str, roles: Sequence[str] = ()) -> pd.DataFrame:
        """Find a word or several in a row, whatever their letter case; one row is one place.

        A star at the end stands for any ending; no role given means every role. Columns:
        article_id, start, end, role.
        """
        wanted = word.rstrip("*").split()
        if not wanted or not len(self.ids):
            return lay_out("hits")
        first, *others = (re.escape(_lower(part)) for part in wanted)
        # the word first and what stands before it then: a search that begins with letters is quick
        pattern = r"\s+".join([rf"{first}(?<!\w{first})", *others])
        whole = re.compile(pattern + (r"\w*" if word.endswith("*") else r"(?!\w)"))
        holding = pc.match_substring(self._texts, wanted[0], ignore_case=True)
        found = [
            (self.ids[place], *match.span())
            for place in np.flatnonzero(holding.to_numpy(zero_copy_only=False))
            for match in whole.finditer(_lower(self.text(place)))
        ]
        hits = self._add_role(pd.DataFrame(found, columns=PLACE))
        return hits[hits["role"].isin(roles)].reset_index(drop=True) if len(roles) else hits

    def _add_role(self, hits: pd.DataFrame) -> pd.DataFrame:
        """Add the role of the block that each hit begins in."""
        if hits.empty:
            return lay_out("hits")
        near = pd.merge_asof(
            hits.reset_index().sort_values("start"), self._blocks, on="start", by="article_id"
        )
        role = near["role"].where(near["start"] < near["until"], "").astype("str")
        return lay_out("hits", near.assign(role=role).set_index("index").sort_index())

    def cut(self, hits: pd.DataFrame, around: int = AROUND) -> pd.DataFrame:
        """Cut each hit out of its text with what stands left and right; one row is one."""
        rows = []
        for row in hits.itertuples():
            text = self.text(self.places[row.article_id])
            sides = (slice(max(row.start - around, 0), row.start), slice(row.start, row.end))
            written = [text[side] for side in (*sides, slice(row.end, row.end + around))]
            known = self.articles.loc[row.article_id]
            rows.append((row.article_id, *known, *written, row.role, row.start, row.end))
        return lay_out("lines", rows)


def _lower(text: str) -> str:
    """Write a text in lower case, with each sign where it was."""
    return text.replace("\u0130", "I").lower()


def find_hits(
    texts: Texts, wanted: str, kind: str = WORD, roles: Sequence[str] = ()
) -> pd.DataFrame:
    """Find where a word, an entity or a speaker stands; one row is one place.

    Parameters
    ----------
    texts
        The chosen articles.
    wanted
        A word or several in a row (a star at the end stands for any ending); an entity's name, one
        of its aliases or its id; or a speaker's name, as in the tables.
    kind
        "word", "entity" (where it is mentioned) or "speaker" (what it is said to have said).
    roles
        Block roles to look in; none means all.

    Returns
    -------
    article_id, start, end and role, in the order of the articles. Raises ValueError for another
    kind, and when no entity or speaker has that name, saying which are near.
    """
    if kind not in KINDS:
        raise ValueError(f"{kind!r} is none of {', '.join(KINDS)}")
    if not wanted.strip():
        return lay_out("hits")
    if kind == WORD:
        return texts.find(wanted, roles)
    hits = _find_mentions(texts, wanted) if kind == ENTITY else _find_said(texts, wanted)
    hits = hits[hits["article_id"].isin(texts.articles.index)]
    hits = hits[hits["role"].isin(roles)] if len(roles) else hits
    return hits[HITS].reset_index(drop=True)


def _find_mentions(texts: Texts, wanted: str) -> pd.DataFrame:
    entities = tables.read_table("entities", texts.folder, ["entity_id", "entity"])
    name = wanted.strip().casefold()
    fits = (entities["entity_id"] == wanted) | (entities["entity"].str.casefold() == name)
    if not fits.any():
        aliases = tables.read_table("entities", texts.folder, ["aliases"])["aliases"]
        fits = aliases.map(lambda forms: name in {form.casefold() for form in forms})
    if not fits.any():
        raise ValueError(_unknown("entity", wanted, entities["entity"]))
    ids = entities.loc[fits, "entity_id"]
    return tables.read_table("mentions", texts.folder, HITS, {"entity_id": ids})


def _find_said(texts: Texts, wanted: str) -> pd.DataFrame:
    names = tables.read_arrow("attributions", texts.folder, ["speaker"])["speaker"]
    there = pd.Series(names.unique().to_pylist(), dtype="str")
    fits = there[there.str.casefold() == wanted.strip().casefold()]
    if fits.empty:
        raise ValueError(_unknown("speaker", wanted, there))
    said = tables.read_table("attributions", texts.folder, HITS, {"speaker": fits})
    return said.sort_values(["article_id", "start"])


def _unknown(kind: str, wanted: str, names: pd.Series) -> str:
    words = set(wanted.casefold().split())
    near = [name for name in names.unique() if words & set(name.casefold().split())][:6]
    told = f"did you mean: {'; '.join(near)}?" if near else "see entity_counts for those there are"
    return f"no {kind} is called {wanted!r}; {told}"


# ----------------------------------------------------------------------------------------- lines


class Lines(pd.DataFrame):
    """Lines of a concordance, shown with what was looked for in the middle."""

    @property
    def _constructor(self) -> type[Lines]:
        return Lines

    def _repr_html_(self) -> str:
        if self.empty:
            return "<p>It does not stand in these articles.</p>"
        return (
            f'<table class="concordance {PLAIN}" style="table-layout:fixed; width:100%"><thead><tr>'
            '<th scope="col" style="width:22%; text-align:left">article</th>'
            '<th scope="col" style="width:34%; text-align:right">left</th>'
            '<th scope="col" style="width:14%; text-align:center">found</th>'
            '<th scope="col" style="width:30%; text-align:left">right</th></tr></thead><tbody>'
            + "".join(map(_line, self.to_dict("records")))
            + "</tbody></table>"
        )


def _line(row: dict) -> str:
    day = "" if pd.isna(row["published"]) else f", {counting.name_day(row['published'], '%b %Y')}"
    place = f"{escape(row['article_id'])}:{row['start']}"
    where = f"{escape(isolate(name_value(row['outlet'], 'outlet')))}{day}<br><small>{place}</small>"
    left, hit, right = (write_text(re.sub(r"\s+", " ", row[n])) for n in ("left", "hit", "right"))
    return (
        f'<tr><td style="color:#595959; text-align:left">{where}</td>'
        f'<td style="{SIDE}"><span style="float:right">{left}</span></td>'
        f'<td style="text-align:center"><mark style="{MARK}">{hit}</mark></td>'
        f'<td style="{SIDE}; text-align:left">{right}</td></tr>'
    )


def show_lines(
    texts: Texts, hits: pd.DataFrame, top: int = 20, sort: str = "", page: int = 0
) -> Lines:
    """Show `top` hits in their context, evenly spaced over all of them; 0 shows all.

    `sort` orders the lines shown by what stands "left" or "right", the nearest word first. With a
    `page` (from 1) it is all lines that are ordered, and shown page by page, `top` on each.
    """
    if page:
        lines = _sort(texts.cut(hits), sort) if sort else texts.cut(_turn(hits, top, page))
        return Lines(_turn(lines, top, page) if sort else lines)
    number = min(top, len(hits)) if top else len(hits)
    chosen = hits.iloc[np.linspace(0, max(len(hits) - 1, 0), number).round().astype(int)]
    return Lines(_sort(texts.cut(chosen), sort))


def _turn(rows: pd.DataFrame, top: int, page: int) -> pd.DataFrame:
    return rows.iloc[(page - 1) * top : page * top]


def _sort(lines: pd.DataFrame, sort: str) -> pd.DataFrame:
    if sort == "right":
        return lines.sort_values("right", key=lambda side: side.str.strip().str.casefold())
    if sort == "left":
        return lines.sort_values("left", key=lambda side: side.map(_backwards))
    return lines


def _backwards(side: str) -> list[str]:
    return [word.casefold() for word in reversed(side.split())]


# ------------------------------------------------------------------------------------ dispersion


def measure_spread(hits: pd.DataFrame, articles: pd.DataFrame, by: str = "outlet") -> pd.DataFrame:
    """Measure in which part of the articles of each `by` it stands; one row is one value of `by`.

    Columns: hits, articles (with a hit), n, share, low, high.
    """
    found = articles["article_id"].map(hits["article_id"].value_counts()).fillna(0)
    held = articles.assign(hits=found.astype("int64"), articles=(found > 0).astype("int64"))
    counts = held.groupby(by)[["hits", "articles"]].sum()
    n = articles.groupby(by).size()
    counts = counts.reindex(n.index, fill_value=0).reset_index()
    found = shares.add_article_share(counts, n)
    return found.sort_values("share", ascending=False, kind="stable", ignore_index=True)


def count_over_time(hits: pd.DataFrame, articles: pd.DataFrame) -> pd.DataFrame:
    """Count per outlet and week the dated articles with a hit, zeros included.

    One row is one outlet and week: articles (with a hit), n (all), share, low, high.
    """
    weeks = periods.count_periods(articles)
    found = articles["article_id"].isin(hits["article_id"].unique())
    held = periods.count_periods(articles[found])
    weeks = weeks.rename(columns={"articles": "n"}).merge(held, on=["outlet", "week"], how="left")
    return shares.add_share(weeks.fillna({"articles": 0}).astype({"articles": "int64"}))


# ---------------------------------------------------------------------------------- collocations


def find_collocations(
    texts: Texts, hits: pd.DataFrame, window: int = 5, minimum: int = 3
) -> pd.DataFrame:
    """Find the words that stand near the hits more often than elsewhere; one row is one word.

    At most 2,000 articles are read, drawn at random (fixed seed): all articles with a hit that fit
    and as many without. Columns: word, near (times within `window` words of a hit), elsewhere,
    ratio (how many times more often than if it stood anywhere) and score, the log-likelihood ratio
    (Dunning 1993, "Accurate methods for the statistics of surprise and coincidence",
    Computational Linguistics 19, as NLTK computes it). Words near fewer than `minimum` hits are
    left out.
    """
    if hits.empty:
        return lay_out("company")
    chance = np.random.default_rng(shares.SEED)
    held = np.isin(texts.ids, hits["article_id"].unique())
    inside, outside = (chance.permutation(np.flatnonzero(mask)) for mask in (held, ~held))
    inside = inside[:READ]
    read = np.concatenate([inside, outside[: max(READ - len(inside), 0)]])
    places = {key: part for key, part in hits.groupby("article_id")}
    words, near = FreqDist(), FreqDist()
    for place in read:
        written, _, beside = _words_near(texts, place, places, window)
        words.update(written)
        near.update(written[token] for token in beside)
    rows = []
    for word, count in near.items():
        if count < minimum:
            continue
        expected = near.N() * words[word] / words.N()
        score = BigramAssocMeasures.likelihood_ratio(count, (near.N(), words[word]), words.N())
        rows.append((word, count, words[word] - count, count / expected, score))
    found = lay_out("company", rows)
    return counting.rank(found[found["ratio"] > 1], "score", then="word")


def find_near(
    texts: Texts, hits: pd.DataFrame, company: pd.DataFrame, window: int = 5
) -> pd.DataFrame:
    """Find what is behind `near` of `find_collocations`; one row is one word near a hit.

    `company` are rows of `find_collocations` of the same `hits` and `window`. Columns: word,
    article_id, start, end.
    """
    wanted, rows = set(company["word"]), []
    places = {key: part for key, part in hits.groupby("article_id")}
    held = np.flatnonzero(np.isin(texts.ids, list(places)))
    for place in np.random.default_rng(shares.SEED).permutation(held)[:READ] if wanted else ():
        written, spans, beside = _words_near(texts, place, places, window)
        rows += [
            (written[token], texts.ids[place], *spans[token])
            for token in beside
            if written[token] in wanted
        ]
    return pd.DataFrame(rows, columns=["word", *PLACE])


def _words_near(
    texts: Texts, place: int, places: dict[str, pd.DataFrame], window: int
) -> tuple[list[str], list[tuple[int, int]], np.ndarray]:
    """Return an article's words, where they stand, and which are within the window of a hit."""
    tokens = list(_TOKEN.finditer(texts.text(place)))
    written = [token.group().casefold() for token in tokens]
    spans = [token.span() for token in tokens]
    held = np.zeros(len(tokens), dtype=bool)
    own = np.zeros(len(tokens), dtype=bool)
    mine = places.get(texts.ids[place])
    if mine is not None:
        starts = np.array([start for start, _ in spans])
        for start, end in mine[["start", "end"]].to_numpy():
            first, last = np.searchsorted(starts, [start, end])
            held[max(first - window, 0) : last + window] = True
            own[first:last] = True
    return written, spans, np.flatnonzero(held & ~own)
