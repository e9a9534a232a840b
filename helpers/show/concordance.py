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

from helpers.measure import counting, intervals, shares
from helpers.show.reader import MARK, isolate, write_text
from helpers.store import tables

WORD, ENTITY, SPEAKER = "word", "entity", "speaker"
KINDS = (WORD, ENTITY, SPEAKER)
HITS = ["article_id", "start", "end", "role"]
LINE_COLUMNS = ["article_id", "outlet", "published", "left", "hit", "right", "role", "start", "end"]
AROUND = 60
READ = 2_000
BLOCK = 16
LONGEST = 1 << 32
SEED = 20260101
_TOKEN = re.compile(r"\w+(?:[-’'.]\w+)*")
LETTERS = np.isin(np.arange(256), list(b"0123456789_abcdefghijklmnopqrstuvwxyz"))
REST = rb"(?:[0-9a-z_]|\xc3[\x80-\xbf]|[\xc4-\xdf][\x80-\xbf]|[\xe0\xe1\xe3-\xed][\x80-\xbf]{2})*"


class Texts:
    """The texts of chosen articles, held in memory once, to be searched many times."""

    def __init__(self, folder: str | Path, articles: pd.DataFrame):
        """Load the texts of `articles` (article_id, outlet, published) from a folder of tables."""
        self.folder = folder
        table = tables.read_arrow("articles", folder, ["article_id", "text"])
        place = pc.index_in(table["article_id"], pa.array(articles["article_id"], pa.string()))
        chosen = table if not place.null_count else table.filter(place.is_valid())
        self.ids = chosen["article_id"].to_numpy()
        texts = pc.binary_join_element_wise(chosen["text"], "\n", "")
        self._ends, self._bytes = _lay_out(texts)
        _, self._low = _lay_out(pc.ascii_lower(texts))
        self._follow = _count_following(self._bytes)
        self.articles = articles[["article_id", "outlet", "published"]].set_index("article_id")

    def text(self, place: int) -> str:
        """Return the text of the article at a place."""
        first, last = self._ends[place], self._ends[place + 1] - 1
        return bytes(self._bytes[first:last]).decode("utf-8")

    @functools.cached_property
    def places(self) -> dict[str, int]:
        """The place of each article's text."""
        return {key: number for number, key in enumerate(self.ids)}

    @functools.cached_property
    def _blocks(self) -> tuple[np.ndarray, np.ndarray, np.ndarray, list[str]]:
        """Where blocks begin (place and start as one number, in order) and end, and their role."""
        blocks = tables.read_arrow("blocks", self.folder, ["article_id", "start", "end", "role"])
        place = pc.index_in(blocks["article_id"], pa.array(self.ids, pa.string()))
        blocks, place = blocks.filter(place.is_valid()), place.drop_null().to_numpy()
        first = place.astype(np.int64) * LONGEST + blocks["start"].to_numpy()
        role = blocks["role"].combine_chunks().dictionary_encode()
        codes, names = role.indices.to_numpy(), role.dictionary.to_pylist()
        order = np.argsort(first, kind="stable")
        return first[order], blocks["end"].to_numpy()[order], codes[order], names

    def find(self, word: str, roles: Sequence[str] = ()) -> pd.DataFrame:
        """Find a word or several in a row, whatever their letter case; one row is one place.

        A star at the end stands for any ending; no role given means every role. Columns:
        article_id, start, end, role.
        """
        ending = word.endswith("*")
        wanted = word.rstrip("*").strip()
        if not wanted or not len(self._low):
            return pd.DataFrame(columns=HITS)
        first, last = self._search(wanted, ending)
        place = np.searchsorted(self._ends, first, side="right") - 1
        base = self._ends[place] - self._followers(self._ends[place])
        start, end = (side - self._followers(side) - base for side in (first, last))
        role, names = self._roles(place, start)
        if len(roles):
            kept = np.isin(role, [code for code, name in enumerate(names) if name in roles])
            place, start, end, role = place[kept], start[kept], end[kept], role[kept]
        found = {"article_id": self.ids[place], "start": start, "end": end}
        return pd.DataFrame(found).assign(role=np.array(names, dtype=object)[role])

    def _search(self, wanted: str, ending: bool) -> tuple[np.ndarray, np.ndarray]:
        """Return where in the bytes what is wanted stands as whole words, and where it ends."""
        spellings = {wanted, wanted.lower(), wanted.upper(), wanted.title(), wanted.capitalize()}
        forms = {form.encode("utf-8").lower() for form in spellings}
        forms = [rb"\s+".join(map(re.escape, form.split())) for form in sorted(forms)]
        pattern = forms[0] if len(forms) == 1 else rb"(?:" + rb"|".join(forms) + rb")"
        pattern += REST if ending else rb"(?![0-9a-z_])"
        matches = [match.span() for match in re.finditer(pattern, self._low)]
        spans = np.array(matches, dtype=np.int64).reshape(-1, 2)
        first, last = spans[~self._is_letter(spans[:, 0], -1)].T
        whole = ~self._is_letter(last, 0)
        first, last = first[whole], last[whole]
        articles = (np.searchsorted(self._ends, side, side="right") for side in (first, last - 1))
        inside = np.equal(*articles)
        return first[inside], last[inside]

    def _is_letter(self, places: np.ndarray, step: int) -> np.ndarray:
        """Say whether the sign before (-1) or at (0) each byte belongs to a word."""
        data = np.frombuffer(self._low, dtype=np.uint8)
        at = np.clip(places + step, 0, len(data) - 1)
        sign = np.where((places + step) == at, data[at], 32)
        letter = LETTERS[sign]
        for unsure in np.flatnonzero(sign >= 128):
            letter[unsure] = self._sign(int(at[unsure])).isalnum()
        return letter

    def _sign(self, at: int) -> str:
        """Return the character that the byte at `at` is part of."""
        window = bytes(self._bytes[max(at - 3, 0) : at + 4])
        start = min(at, 3)
        while start > 0 and window[start] & 0xC0 == 0x80:
            start -= 1
        return window[start:].decode("utf-8", "ignore")[:1]

    def _followers(self, places: np.ndarray) -> np.ndarray:
        """Count the bytes before each place that follow the first of their character."""
        block, rest = np.divmod(places, BLOCK)
        counted = self._follow[block].astype(np.int64)
        data = np.frombuffer(self._bytes, dtype=np.uint8)
        for some in np.array_split(np.flatnonzero(rest), max(1, len(places) // 500_000)):
            at = (block[some] * BLOCK)[:, None] + np.arange(BLOCK)
            inside = np.arange(BLOCK) < rest[some][:, None]
            signs = data[np.minimum(at, len(data) - 1)]
            counted[some] += (((signs & 0xC0) == 0x80) & inside).sum(axis=1)
        return counted

    def _roles(self, place: np.ndarray, start: np.ndarray) -> tuple[np.ndarray, list[str]]:
        """Return the code of the role of the block that each place stands in, and the roles."""
        firsts, ends, codes, names = self._blocks
        names = [*names, ""]
        if not len(firsts):
            return np.zeros(len(place), dtype=np.int64), names
        near = np.searchsorted(firsts, place * LONGEST + start, side="right") - 1
        held = np.clip(near, 0, None)
        inside = (near >= 0) & (firsts[held] // LONGEST == place) & (start < ends[held])
        return np.where(inside, codes[held], len(names) - 1), names

    def cut(self, hits: pd.DataFrame, around: int = AROUND) -> pd.DataFrame:
        """Cut each hit out of its text with what stands left and right; see `LINE_COLUMNS`."""
        texts: dict[str, str] = {}
        rows = []
        for row in hits.itertuples():
            if row.article_id not in texts:
                texts[row.article_id] = self.text(self.places[row.article_id])
            text = texts[row.article_id]
            known = self.articles.loc[row.article_id]
            rows.append(
                {
                    "article_id": row.article_id,
                    "outlet": known["outlet"],
                    "published": known["published"],
                    "left": text[max(row.start - around, 0) : row.start],
                    "hit": text[row.start : row.end],
                    "right": text[row.end : row.end + around],
                    "role": row.role,
                    "start": row.start,
                    "end": row.end,
                }
            )
        lines = pd.DataFrame(rows, columns=LINE_COLUMNS)
        return lines.astype({"published": "datetime64[us]"})


def _lay_out(column: pa.ChunkedArray | pa.Array) -> tuple[np.ndarray, memoryview]:
    """Return where each text ends in one run of bytes (from 0), and the bytes."""
    chunks = column.chunks if isinstance(column, pa.ChunkedArray) else [column]
    wide = [chunk.cast(pa.large_binary()) for chunk in chunks if len(chunk)]
    if not wide:
        return np.zeros(1, dtype=np.int64), memoryview(b"")
    one = pa.concat_arrays(wide)
    ends = np.frombuffer(one.buffers()[1], dtype=np.int64)[one.offset : one.offset + len(one) + 1]
    return ends - ends[0], memoryview(one.buffers()[2])[ends[0] : ends[-1]]


def _count_following(data: memoryview) -> np.ndarray:
    """Count, before each block of bytes, the bytes that are not the first of a character."""
    signs = np.frombuffer(data, dtype=np.uint8)
    counts = np.zeros(len(signs) // BLOCK + 2, dtype=np.int32)
    step = BLOCK * 1_048_576
    for begin in range(0, len(signs), step):
        part = (signs[begin : begin + step] & 0xC0) == 0x80
        sums = np.add.reduceat(part, np.arange(0, len(part), BLOCK), dtype=np.int64)
        counts[begin // BLOCK + 1 : begin // BLOCK + 1 + len(sums)] = sums
    return np.cumsum(counts, dtype=np.int32)


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
        return pd.DataFrame(columns=HITS)
    if kind == WORD:
        hits = texts.find(wanted, roles)
    else:
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
            '<table class="concordance"><thead><tr><th scope="col">article</th>'
            '<th scope="col" style="text-align:right">left</th><th scope="col">found</th>'
            '<th scope="col" style="text-align:left">right</th></tr></thead><tbody>'
            + "".join(map(_line, self.to_dict("records")))
            + "</tbody></table>"
        )


def _line(row: dict) -> str:
    day = "" if pd.isna(row["published"]) else f", {counting.name_day(row['published'], '%b %Y')}"
    place = f"{escape(row['article_id'])}:{row['start']}"
    where = f"{escape(isolate(row['outlet']))}{day}<br><small>{place}</small>"
    left, hit, right = (write_text(re.sub(r"\s+", " ", row[n])) for n in ("left", "hit", "right"))
    return (
        f'<tr><td style="color:#595959; white-space:nowrap">{where}</td>'
        f'<td style="text-align:right">{left}</td>'
        f'<td><mark style="{MARK}">{hit}</mark></td>'
        f'<td style="text-align:left">{right}</td></tr>'
    )


def show_lines(texts: Texts, hits: pd.DataFrame, top: int = 20, sort: str = "") -> Lines:
    """Show `top` hits in their context, evenly spaced over all of them; 0 shows all.

    `sort` orders the lines shown by what stands "left" or "right", the nearest word first.
    """
    number = min(top, len(hits)) if top else len(hits)
    chosen = hits.iloc[np.linspace(0, max(len(hits) - 1, 0), number).round().astype(int)]
    lines = texts.cut(chosen)
    if sort == "right":
        lines = lines.sort_values("right", key=lambda side: side.str.strip().str.casefold())
    if sort == "left":
        lines = lines.sort_values("left", key=lambda side: side.map(_backwards))
    return Lines(lines)


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
    return found.sort_values("share", ascending=False, kind="stable").reset_index(drop=True)


def count_over_time(hits: pd.DataFrame, articles: pd.DataFrame) -> pd.DataFrame:
    """Count per outlet and week the dated articles with a hit, zeros included.

    One row is one outlet and week: articles (with a hit), n (all), share, low, high.
    """
    weeks = counting.count_weeks(articles)
    found = articles["article_id"].isin(hits["article_id"].unique())
    held = counting.count_weeks(articles[found])
    weeks = weeks.rename(columns={"articles": "n"}).merge(held, on=["outlet", "week"], how="left")
    weeks["articles"] = weeks["articles"].fillna(0).astype("int64")
    low, high = intervals.wilson_interval(weeks["articles"], weeks["n"])
    share = weeks["articles"] / weeks["n"].where(weeks["n"] > 0)
    return weeks.assign(share=share.astype(float), low=low, high=high)


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
    columns = ["word", "near", "elsewhere", "ratio", "score"]
    if hits.empty:
        return pd.DataFrame(columns=columns)
    chance = np.random.default_rng(SEED)
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
    found = pd.DataFrame(rows, columns=columns)
    found = found[found["ratio"] > 1]
    return found.sort_values(["score", "word"], ascending=[False, True]).reset_index(drop=True)


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
    for place in np.random.default_rng(SEED).permutation(held)[:READ] if wanted else ():
        written, spans, beside = _words_near(texts, place, places, window)
        rows += [
            (written[token], texts.ids[place], *spans[token])
            for token in beside
            if written[token] in wanted
        ]
    return pd.DataFrame(rows, columns=["word", "article_id", "start", "end"])


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
