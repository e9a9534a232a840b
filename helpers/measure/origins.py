"""Origins: the same words of one speaker in several articles, who had them first, whence they came.

Two statements are the same when most words of the shorter stand in the longer, two and more in a
row, and one speaks; where the speakers only can be one, twelve words in a row. The longest is the
fullest version, of which the others leave words out. An origin is where the words entered the news,
as the articles tell it: a speech or statement open to all, an interview, or else the outlet or
agency that they are taken from. Where an article does not tell, its words have the one origin that
others tell of them; where none or several are told they count as its own: the number of origins is
the most that there can be.

Concentration is the Herfindahl-Hirschman index of named sources, estimated without bias: how often
statements of two different articles have the same source (Simpson 1949), its interval a jackknife
over articles on the log scale (Arvesen 1969 on U-statistics).
"""

from __future__ import annotations

import functools
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from difflib import SequenceMatcher
from itertools import chain, groupby
from operator import attrgetter
from pathlib import Path
from textwrap import shorten
from typing import Any

import numpy as np
import pandas as pd
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from helpers.annotate.outlets import same_outlet
from helpers.measure import counting, select
from helpers.measure.select import lay_out, types_of
from helpers.measure.shares import LEVEL, MINIMUM, Z, enumerate_names
from helpers.read import duplicates

# What the shorter of two statements needs: words, the part of them that the longer has, how many in
# a row: when one speaker is quoted in both, when one speaks, when two can be one.
QUOTED, SAME, APART = (6, 0.7, 2), (8, 0.8, 2), (12, 0.8, 12)
NEVER = (1, 2.0, 1)
ABOUT, WHOLE = ("wire", "duplicate_of", "headline"), ("attribution_id", "speaker", "text")
CROWDED, TRIED = 50, 5  # versions that a run of words is looked up in, and that are compared
LONG, MOSTLY = 12, 0.3  # words of a statement whose versions are drawn, and what each keeps
SHOWN = 90  # letters of a statement in a table
TOGETHER = 2000  # statements whose words are held at once
SAME_STORY = pd.Timedelta(days=7)  # at most between two articles with the same words
OWN = ("interview", "told the outlet")  # channels that are one outlet's; the others are open to all
_WORD = re.compile(r"\w+(?:['’]\w+)*")


# ------------------------------------------------------------------------------ the same words


def read_versions(
    folder: str | Path, articles: pd.DataFrame, roles: Sequence[str] = ()
) -> pd.DataFrame:
    """Read the statements of some articles and find those that stand in several of them."""
    columns = list(types_of("statements compared"))
    said = select.read_rows("attributions", folder, articles, roles, columns, light=True)
    return find_versions(said, articles)


def find_versions(attributions: pd.DataFrame, articles: pd.DataFrame) -> pd.DataFrame:
    """Find the statements that stand in several articles; one row is one version in one article.

    Parameters
    ----------
    attributions
        Statements with outlet and published, as `select.join_articles` gives them.
    articles
        The articles that they are of, with wire, duplicate_of and headline.

    Returns
    -------
    Columns: `statement_id`, the attribution_id of the fullest version, and `speaker`, who says
    it; article_id, start, end, words, outlet, published, headline, attribution_id, text (without
    the words of the article inside it) and kept (the share of the fullest version's words); origin;
    and story_id: the headline of the first of the articles that are tied by such statements within
    seven days of one another.
    """
    cut = zip(*(attributions[name] for name in ("text", "spans", "start")), strict=True)
    said = attributions.assign(text=[_content(*row) for row in cut])
    places = _find_fullest(said)
    rows = said.iloc[places.index].drop(columns="spans").reset_index(drop=True)
    first = said[list(WHOLE)].iloc[places.to_numpy()].reset_index(drop=True)
    told = articles.set_index("article_id").loc[rows["article_id"], list(ABOUT)]
    overlap = functools.cache(_overlap)
    found = rows.assign(
        statement_id=first["attribution_id"],
        speaker=_name_speaker(rows, first),
        kept=[overlap(*pair) for pair in zip(rows["text"], first["text"], strict=True)],
        **{name: told[name].to_numpy() for name in ABOUT},
    )
    order = ["published", "article_id", "start"]
    found = found.sort_values(order, kind="stable", ignore_index=True)
    return lay_out("versions", found.pipe(_add_origin).pipe(_add_story))


def _find_fullest(said: pd.DataFrame) -> pd.Series:
    """Return the places of statements that several articles have, each with that of its fullest."""
    alike = said.groupby(list(types_of("statements alike")), sort=False, observed=True)
    code = alike.ngroup().to_numpy()
    heads = said.drop_duplicates(list(types_of("statements alike")))
    several = said.groupby(code)["article_id"].nunique().to_numpy() > 1
    runs = _shared_runs(heads["text"].tolist(), several)
    words = {one: _words(heads["text"].iloc[one]) for one in runs}
    fullest = _gather(runs, words, _Voices(heads, list(runs)))
    of = pd.Series(code).map(fullest).dropna().astype(int)
    articles = said["article_id"].iloc[of.index].groupby(of.to_numpy()).nunique()
    of = of[of.map(articles) > 1]
    first = np.unique(code, return_index=True)[1]
    return pd.Series(first[of], of.index)


def _name_speaker(rows: pd.DataFrame, fullest: pd.DataFrame) -> pd.Series:
    """Return who says each version, as the first that names anybody has it, else the fullest."""
    named = rows["speaker"].where(rows["named"].astype(bool))
    return named.groupby(fullest["attribution_id"]).transform("first").fillna(fullest["speaker"])


def _content(text: str, spans: Sequence, start: int) -> str:
    """Return the pieces of a statement, without what stands between them."""
    if len(spans) < 2:
        return text
    return " ".join(text[first - start : last - start] for first, last in spans)


def _shared_runs(texts: Sequence[str], several: np.ndarray) -> dict[int, list[int]]:
    """Return, by the place of its text, the runs of five words that others have too.

    Of the texts that `several` marks all runs are returned.
    """
    codes: dict[str, int] = {}
    found = [_runs(texts[at : at + TOGETHER], codes) for at in range(0, len(texts), TOGETHER)]
    first = np.repeat(np.arange(len(found)) * TOGETHER, [len(place) for place, _ in found])
    place = np.concatenate([np.empty(0, int), *(place for place, _ in found)]) + first
    run = np.concatenate([np.empty(0, np.uint64), *(run for _, run in found)])
    order = np.argsort(run, kind="stable")
    place, run = place[order], run[order]
    first = np.flatnonzero(np.r_[True, run[1:] != run[:-1]][: len(run)])
    sizes = np.diff(np.r_[first, len(run)])
    kept = several[place] | np.repeat(place[first] != place[first + sizes - 1], sizes)
    shared_by: dict[int, list[int]] = defaultdict(list)
    for one, own in zip(place[kept].tolist(), run[kept].tolist(), strict=True):
        shared_by[one].append(own)
    return shared_by


def _runs(texts: Sequence[str], codes: dict[str, int]) -> tuple[np.ndarray, np.ndarray]:
    """Return every run of five words of some texts, with the place of its text."""
    each = [_words(text) for text in texts]
    place = np.repeat(np.arange(len(each)), [len(words) for words in each])
    runs = duplicates.hash_runs(list(chain.from_iterable(each)), codes)
    first, last = place[: len(runs)], place[len(place) - len(runs) :]
    return first[first == last], runs[first == last]


def _words(text: str) -> list[str]:
    return _WORD.findall(text.casefold())


class _Voices:
    """Who speaks in some statements, to tell whether two can be one speaker."""

    def __init__(self, attributions: pd.DataFrame, places: Sequence[int]):
        rows = attributions.iloc[places].itertuples(index=False)
        self.said = dict(zip(places, rows, strict=True))

    def demand(self, one: int, other: int) -> tuple[int, float, int]:
        """Return what two statements need in order to be one.

        Two of a kind with different names, people or bodies, never say a thing as one.
        """
        ours, theirs = self.said[one], self.said[other]
        ids = set(ours.speaker_id.split(";")) & set(theirs.speaker_id.split(";")) - {""}
        last = {said.speaker.casefold().rpartition(" ")[2] for said in (ours, theirs)}
        named = ours.named and theirs.named
        if ids or (named and len(last) == 1):
            return SAME if "indirect" in (ours.form, theirs.form) else QUOTED
        return NEVER if named and ours.source_type == theirs.source_type else APART


def _gather(
    runs: dict[int, list[int]], words: dict[int, list[str]], voices: _Voices
) -> dict[int, int]:
    """Return for each statement the place of the fullest version of it, its own for that one."""
    buckets: dict[int, list[int]] = defaultdict(list)
    fullest = {}
    long = [one for one in runs if len(words[one]) >= voices.demand(one, one)[0]]
    for place in sorted(long, key=lambda one: (-len(words[one]), one)):
        own, best = words[place], (0, place)
        near = Counter(other for run in runs[place] for other in buckets[run])
        for other, _ in near.most_common(TRIED):
            least, part, row = voices.demand(place, other)
            sizes = [size for _, _, size in _blocks(own, words[other])]
            kept = sum(sizes)
            if len(own) >= least and kept >= part * len(own) and max(sizes, default=0) >= row:
                best = max(best, (kept, other), key=lambda pair: pair[0])
        fullest[place] = best[1]
        for run in runs[place] if best[1] == place else ():
            if len(buckets[run]) < CROWDED:
                buckets[run].append(place)
    return fullest


def _overlap(text: str, whole: str) -> float:
    """Return the share of the words of the whole that a text has."""
    words = _words(whole)
    return sum(size for _, _, size in _blocks(_words(text), words)) / len(words)


def _blocks(one: Sequence[str], other: Sequence[str]) -> Iterator[tuple[int, int, int]]:
    """Yield where two or more words in a row are the same: place in each, and how many."""
    for first, second, size in SequenceMatcher(None, one, other, False).get_matching_blocks():
        if size > 1 or size == len(one):
            yield first, second, size


# ------------------------------------------------------------------------- origins and stories


def _add_origin(versions: pd.DataFrame) -> pd.DataFrame:
    """Add `origin`; rows are in order of time, so that an original stands before its copies."""
    rows = versions.sort_values("statement_id", kind="stable").itertuples()
    alike = functools.cache(same_outlet)
    together = groupby(rows, key=attrgetter("statement_id"))
    told = dict(pair for _, some in together for pair in _origins_of(list(some), alike))
    return versions.assign(origin=pd.Series(told, versions.index, dtype="str"))


def _origins_of(
    rows: Sequence[Any], alike: Callable[[str, str], bool]
) -> Iterator[tuple[int, str]]:
    """Yield the label of each version of one statement with its origin."""
    outlets = sorted({row.outlet for row in rows})

    def as_outlet(name: str) -> str:
        return next((one for one in outlets if name and alike(name, one)), name)

    public = Counter(row.channel for row in rows if row.channel not in (*OWN, "unknown"))
    event = f"{rows[0].speaker} ({public.most_common(1)[0][0]})" if public else ""
    wires, roots = {row.wire for row in rows}, {row.duplicate_of or row.article_id for row in rows}
    if "" not in wires and len(wires) == 1 or len(roots) == 1:
        copied = as_outlet(rows[0].wire or rows[0].relay) or rows[0].outlet
        yield from ((row.Index, copied) for row in rows)
        return
    told = {}
    for row in rows:
        carried = as_outlet(row.relay or row.wire)
        told[row.Index] = carried or row.outlet if row.channel in OWN else event or carried
    known = {row.outlet: told[row.Index] for row in rows if told[row.Index]}
    sure = {known.get(origin, origin) for origin in told.values() if origin}
    by_article: dict[str, str] = {}
    for row in rows:
        origin = told[row.Index]
        if not origin and len(sure) != 1:
            origin = by_article.get(row.duplicate_of, row.outlet)
        origin = known.get(origin, origin) if origin else next(iter(sure))
        by_article.setdefault(row.article_id, origin)
        yield row.Index, origin


def _add_story(versions: pd.DataFrame) -> pd.DataFrame:
    """Add `story_id`, the first of the articles that same statements tie, and its headline.

    Needs the rows in order of time; without a date an article is tied to the one before.
    """
    article, ids = pd.factorize(versions["article_id"])
    before = pd.Series(article).groupby(versions["statement_id"].to_numpy()).shift()
    days = versions.groupby("statement_id")["published"].diff()
    tied = (before.notna() & ~(days > SAME_STORY)).to_numpy()
    pairs = article[tied], before[tied].astype(int).to_numpy()
    graph = coo_array((np.ones(tied.sum()), pairs), shape=(len(ids), len(ids)))
    _, of = connected_components(graph, directed=False)
    first = versions.groupby(of[article])[["article_id", "headline"]].transform("first")
    return versions.assign(story_id=first["article_id"], about=first["headline"])


def count_statements(versions: pd.DataFrame) -> pd.DataFrame:
    """Count how far each statement went; one row is one, what most articles have first.

    Columns: statement_id, speaker, said (how the fullest version begins), articles, origins
    (at most), had_first (whose, by date) and day. Where some are dated an undated version
    is never the first.
    """
    whole = versions[versions["statement_id"] == versions["attribution_id"]].set_index(
        "statement_id"
    )
    day = versions["published"].dt.normalize()
    earliest = day.groupby(versions["statement_id"]).transform("min")
    on_it = versions[(day == earliest) | earliest.isna()]
    counts = versions.groupby("statement_id").agg(**_COUNTED)
    counts = counts.assign(
        speaker=whole["speaker"],
        said=whole["text"].map(lambda text: shorten(text, SHOWN, placeholder=" …")),
        had_first=on_it.groupby("statement_id")["outlet"].agg(_name_first),
        day=day.groupby(versions["statement_id"]).min(),
    )
    counts = counting.rank(counts.reset_index(), "articles", "outlets", then="statement_id")
    return lay_out("statements shared", counts)


_COUNTED = {
    "articles": ("article_id", "nunique"),
    "outlets": ("outlet", "nunique"),
    "origins": ("origin", "nunique"),
}


def _name_first(outlets: pd.Series) -> str:
    return enumerate_names(list(dict.fromkeys(outlets)), 3)


def count_stories(versions: pd.DataFrame) -> pd.DataFrame:
    """Count the origins of each story; one row is one story, that of most articles first.

    Columns: story_id, about, articles, outlets, shared (different statements), origins (at most)
    and whence (their names).
    """
    names = versions.groupby("story_id")["origin"].agg(_name_first)
    counts = versions.groupby("story_id").agg(
        about=("about", "first"), shared=("statement_id", "nunique"), **_COUNTED
    )
    counts = counts.assign(whence=names)[counts["articles"] > 1]
    counts = lay_out("stories", counts.reset_index())
    return counting.rank(counts, "articles", "outlets", then="story_id")


# ------------------------------------------------------------------------------- the same quotation


def count_origins(versions: pd.DataFrame) -> pd.DataFrame:
    """Count what each outlet shares with others; one row is one outlet, that with most first.

    Columns: outlet, articles (with a statement that another article has too), shared (such
    statements) and origins (of them, at most).
    """
    counted = {"articles": _COUNTED["articles"], "origins": _COUNTED["origins"]}
    counts = versions.groupby("outlet").agg(shared=("statement_id", "nunique"), **counted)
    counts = lay_out("origins of outlets", counts.reset_index())
    return counting.rank(counts, "articles", "shared", then="outlet")


def choose_statement(versions: pd.DataFrame) -> str:
    """Choose whose versions are drawn: long, of which words were left out, of most articles."""
    rows = versions.groupby("statement_id").agg(
        articles=("article_id", "nunique"), words=("words", "max"), least=("kept", "min")
    )
    rows = rows.assign(cut=rows["least"].between(MOSTLY, 1, "left"), long=rows["words"] >= LONG)
    rows = rows.sort_values(["long", "cut", "articles", "words"], ascending=False, kind="stable")
    return next(iter(rows.index), "")


def align_versions(versions: pd.DataFrame, statement: str) -> pd.DataFrame:
    """Set the versions of one statement beside the fullest; one row is one, the earliest first.

    Columns: outlet, published, attribution_id, words, kept (the share of the fullest version's
    words), said (the fullest version on one line) and spans (the places in it of what is kept).
    """
    rows = versions[versions["statement_id"] == statement]
    whole = rows.loc[rows["attribution_id"] == statement, "text"]
    said = " ".join(" ".join(whole).split())
    places = [match.span() for match in _WORD.finditer(said)]
    words = _words(said)
    spans = [
        [(places[at][0], places[at + size - 1][1]) for _, at, size in _blocks(_words(text), words)]
        for text in rows["text"]
    ]
    return lay_out("versions aligned", rows.assign(said=said, spans=spans))


# ------------------------------------------------------------------------------- concentration


def measure_concentration(attributions: pd.DataFrame) -> pd.DataFrame:
    """Measure how often statements of two articles of an outlet have the same source.

    One row is one outlet, the most concentrated first: sources (with a name), n (articles with
    one), share (the Herfindahl-Hirschman index of the articles' sources, each article weighing the
    same), low, high. Fewer than two articles have no share, fewer than five no interval.
    """
    rows = []
    for outlet, own in find_named(attributions).groupby("outlet", observed=True):
        rows.append((outlet, own["source"].nunique(), own["article_id"].nunique(), *_index_of(own)))
    found = lay_out("concentration", rows)
    return found.sort_values("share", ascending=False, kind="stable", ignore_index=True)


def find_named(attributions: pd.DataFrame) -> pd.DataFrame:
    """Find the statements that `measure_concentration` is about, with their `source`."""
    return counting.add_source(attributions[attributions["named"].astype(bool)])


def _index_of(rows: pd.DataFrame) -> tuple[float, float, float]:
    """Return the index of one outlet's sources and its interval."""
    article, source = (pd.factorize(rows[name])[0] for name in ("article_id", "source"))
    number = article.max() + 1
    if number < 2:
        return np.nan, np.nan, np.nan
    parts = coo_array((1 / np.bincount(article)[article], (article, source))).tocsr()
    whole = parts.sum(axis=0)
    own = (parts * parts).sum(axis=1)
    pairs = (whole**2).sum() - own.sum()
    index = pairs / (number * (number - 1))
    if number < MINIMUM:
        return index, np.nan, np.nan
    if pairs <= 1e-12:
        return 0.0, 0.0, float(1 - ((1 - LEVEL) / 2) ** (1 / (number // 2)))
    without = (pairs - 2 * (parts @ whole - own)) / ((number - 1) * (number - 2))
    error = np.sqrt((number - 1) / number * ((without - without.mean()) ** 2).sum())
    if index >= 1:
        return 1.0, 0.0, 1.0
    odds, reach = np.log(index / (1 - index)), Z * error / (index * (1 - index))
    return index, *(float(1 / (1 + np.exp(-end))) for end in (odds - reach, odds + reach))
