"""Articles that are printed twice: the same text, or nearly the same."""

from __future__ import annotations

import hashlib
import re
import zlib
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

import numpy as np
import pandas as pd

SHINGLE_WORDS = 5
LEAST_JACCARD = 0.6  # agency copy that one outlet has trimmed by a third still reaches it
PERMUTATIONS = 128
BANDS = (32, 4)  # proposes 98.8 % of the pairs at a Jaccard index of 0.6, 0.3 % of those at 0.1
SEED = 20241118
SLICE = 4096
TOGETHER = 4000  # articles whose texts are asked for at once
KEPT = 32_000_000  # hashes of runs of words that are kept in memory: 256 MB

_WORD = re.compile(r"\w+")
_ODD = np.random.default_rng(SEED).integers(1, 1 << 63, SHINGLE_WORDS, dtype=np.uint64) | 1
_MIX = np.uint64(0x9E3779B97F4A7C15)
_draw = np.random.RandomState(SEED).randint
_FACTORS = _draw(0, 1 << 31, PERMUTATIONS, np.uint32) * np.uint32(2) + np.uint32(1)
_SUMMANDS = _draw(0, 1 << 32, PERMUTATIONS, np.uint32)

Texts = Callable[[list[str]], Iterable[tuple[str, str]]]


class Sketches(NamedTuple):
    """What finding duplicates needs to know of each article; one row of every array is one article.

    `text` is a hash of the words; `bands` hashes the bands of its MinHash sketch, zeros
    when the text has fewer than five words.
    """

    article_id: np.ndarray
    published: np.ndarray
    text: np.ndarray
    bands: np.ndarray


def add_duplicates(articles: pd.DataFrame, found: dict[str, tuple[str, str]]) -> pd.DataFrame:
    """Fill `duplicate_of` and `duplicate_kind` from what `find_duplicates` found."""
    marked = articles.copy()
    for place, column in enumerate(("duplicate_of", "duplicate_kind")):
        values = [found.get(article_id, ("", ""))[place] for article_id in articles["article_id"]]
        marked[column] = pd.Series(values, index=articles.index, dtype=object)
    return marked


def sketch(articles: pd.DataFrame) -> Sketches:
    """Return the sketches of some articles, each made from that article alone."""
    codes: dict[str, int] = {}
    bands = np.zeros((len(articles), BANDS[0]), np.uint64)
    hashes = np.zeros(len(articles), np.uint64)
    for place, text in enumerate(articles["text"]):
        words = " ".join(text.split()).encode("utf-8", "surrogatepass")
        hashes[place] = int.from_bytes(hashlib.sha256(words).digest()[:8], "little")
        own = _shingles(text, codes)
        if not len(own):
            continue
        bands[place] = _bands(_minima((own ^ (own >> np.uint64(32))).astype(np.uint32)))
    published = pd.to_datetime(articles["published"]).to_numpy("datetime64[us]").astype(np.int64)
    return Sketches(articles["article_id"].to_numpy(object), published, hashes, bands)


def _minima(hashes: np.ndarray) -> np.ndarray:
    """Return the MinHash sketch of 32-bit hashes: the least of them after each permutation.

    A permutation is a·h + b modulo 2³² with an odd a, after the finalizer of MurmurHash3.
    """
    mixed = hashes ^ (hashes >> np.uint32(16))
    mixed = mixed * np.uint32(0x85EBCA6B)
    mixed ^= mixed >> np.uint32(13)
    mixed = mixed * np.uint32(0xC2B2AE35)
    mixed ^= mixed >> np.uint32(16)
    minima = np.full(PERMUTATIONS, np.iinfo(np.uint32).max, np.uint32)
    for start in range(0, len(mixed), SLICE):
        permuted = mixed[start : start + SLICE, None] * _FACTORS + _SUMMANDS
        np.minimum(minima, permuted.min(axis=0), out=minima)
    return minima


def _bands(minima: np.ndarray) -> np.ndarray:
    """Return one hash for each band of a MinHash sketch, never zero."""
    rows = minima[: BANDS[0] * BANDS[1]].astype(np.uint64).reshape(BANDS)
    mixed = np.zeros(BANDS[0], np.uint64)
    for column in rows.T:
        mixed = (mixed ^ column) * _MIX
        mixed ^= mixed >> np.uint64(29)
    return mixed | np.uint64(1)


def join_sketches(parts: Iterable[Sketches]) -> Sketches:
    """Return the sketches of several parts of a corpus as one."""
    nothing = sketch(pd.DataFrame(columns=["article_id", "published", "text"]))
    return Sketches(*map(np.concatenate, zip(nothing, *parts, strict=True)))


def find_duplicates(
    sketches: Sketches, texts: Texts, known: dict[int, float]
) -> tuple[dict[str, tuple[str, str]], dict[int, float]]:
    """Return (original, kind) of every article that is a duplicate, and the Jaccard indices used.

    An article is an exact duplicate of one with the same text but for white space, and a near
    duplicate of one with which it shares at least 0.6 of all runs of five words (Jaccard index,
    computed in full for the pairs that MinHash proposes). Of such articles the original is the
    one published first, then the one whose id sorts first; an original is no duplicate itself.

    Only articles that share a band with another are compared, and only their texts are asked for:
    `texts` yields (article_id, text) for a list of ids, in any order. `known` holds indices
    of an earlier call by the pair's key, which need no text.
    """
    ids, rank = sketches.article_id, _rank(sketches)
    original, kind = np.arange(len(ids)), {}
    _, first, same = np.unique(sketches.text[rank], return_index=True, return_inverse=True)
    original[rank] = rank[first[same]]
    once = rank[np.sort(first)]  # of every text the article that comes first, in order of rank
    search = _Search(sketches, texts, known)
    for place, found in search.near(once):
        original[place], kind[place] = found, "near"
    marked = {}
    for place in np.flatnonzero(original != np.arange(len(ids))).tolist():
        if place in kind:
            marked[ids[place]] = (ids[original[place]], "near")
        else:
            copied = int(original[place])
            marked[ids[place]] = (ids[original[copied]], kind.get(copied, "exact"))
    return marked, search.used


def _rank(sketches: Sketches) -> np.ndarray:
    """Return the places of the articles, the earliest published first, those without a date last.

    NaT is the lowest integer; as an unsigned number less one it is the highest.
    """
    when = sketches.published.astype(np.uint64) + np.uint64(1 << 63) - np.uint64(1)
    by_id = np.argsort(sketches.article_id, kind="stable")
    return by_id[np.argsort(when[by_id], kind="stable")]


class _Search:
    """The search for near duplicates: originals in buckets by band, texts as they are needed."""

    def __init__(self, sketches: Sketches, texts: Texts, known: dict[int, float]):
        self.sketches = sketches
        self.texts = texts
        self.known = known
        self.used: dict[int, float] = {}
        self.codes: dict[str, int] = {}
        self.shingles: dict[int, np.ndarray] = {}

    def near(self, places: np.ndarray) -> Iterator[tuple[int, int]]:
        """Yield (place, place of its original) for places that stand in order of rank."""
        bands = range(BANDS[0])
        shared = np.column_stack([_repeated(self.sketches.bands[places, one]) for one in bands])
        suspects = np.flatnonzero(shared.any(axis=1))
        buckets: dict[tuple[int, int], list[int]] = defaultdict(list)
        for start in range(0, len(suspects), TOGETHER):
            chunk = suspects[start : start + TOGETHER]
            self._prefetch(places, shared, chunk, buckets)
            for row in chunk.tolist():
                place = int(places[row])
                keys = self._keys(place, shared[row])
                others = dict.fromkeys(other for key in keys for other in buckets[key])
                best, most = -1, 0.0
                for other in sorted(others):
                    likeness = self._likeness(place, int(places[other]))
                    if likeness > most:
                        best, most = other, likeness
                if most >= LEAST_JACCARD:
                    yield place, int(places[best])
                else:
                    for key in keys:
                        buckets[key].append(row)

    def _prefetch(
        self,
        places: np.ndarray,
        shared: np.ndarray,
        chunk: np.ndarray,
        buckets: dict[tuple[int, int], list[int]],
    ) -> None:
        """Ask at once for the texts that the articles of a chunk will be compared by.

        Which of them will be originals is guessed: those not known to be like an earlier one.
        """
        here: dict[tuple[int, int], list[int]] = defaultdict(list)
        wanted: set[int] = set()
        for row in chunk.tolist():
            place = int(places[row])
            keys = self._keys(place, shared[row])
            standing = {other for key in keys for other in buckets.get(key, ())}
            guessed = standing.union(*(here[key] for key in keys))
            likeness = {
                other: self.known.get(self._key(place, int(places[other]))) for other in guessed
            }
            copied = any((one or 0.0) >= LEAST_JACCARD for one in likeness.values())
            for other in standing if copied else guessed:
                if likeness[other] is None:
                    wanted |= {place, int(places[other])}
            for key in () if copied else keys:
                here[key] = here[key][:3] + [row]
        if sum(map(len, self.shingles.values())) > KEPT:
            self.shingles.clear()
        self._load(wanted)

    def _keys(self, place: int, shared: np.ndarray) -> list[tuple[int, int]]:
        """Return the buckets of an article, by the bands that it shares with another."""
        bands = np.flatnonzero(shared).tolist()
        return list(zip(bands, self.sketches.bands[place, bands].tolist(), strict=True))

    def _likeness(self, one: int, other: int) -> float:
        """Return the Jaccard index of the runs of words of two articles."""
        key = self._key(one, other)
        if key not in self.used:
            self.used[key] = self.known.get(key, -1.0)
        if self.used[key] < 0:
            self._load({one, other})
            own, its = self.shingles[one], self.shingles[other]
            both = len(np.intersect1d(own, its, assume_unique=True))
            self.used[key] = both / max(len(own) + len(its) - both, 1)
        return self.used[key]

    def _key(self, one: int, other: int) -> int:
        text = self.sketches.text
        low, high = sorted((int(text[one]), int(text[other])))
        return (low * 0x9E3779B97F4A7C15 ^ high) & 0x7FFFFFFFFFFFFFFF

    def _load(self, places: set[int]) -> None:
        ids = self.sketches.article_id
        by_id = {ids[place]: place for place in sorted(places - self.shingles.keys())}
        for article_id, text in self.texts(list(by_id)) if by_id else ():
            self.shingles[by_id[article_id]] = _shingles(text, self.codes)


def _repeated(values: np.ndarray) -> np.ndarray:
    """Mark the values, zero excepted, that stand in an array more than once."""
    _, same, counts = np.unique(values, return_inverse=True, return_counts=True)
    return (counts[same] > 1) & (values != 0)


def _shingles(text: str, codes: dict[str, int]) -> np.ndarray:
    """Return the sorted 64-bit hashes of every run of five words, each once."""
    return np.unique(hash_runs(_WORD.findall(text.casefold()), codes))


def hash_runs(words: list[str], codes: dict[str, int]) -> np.ndarray:
    """Return a 64-bit hash of every run of five words, in order; `codes` keeps those of words."""
    for word in set(words).difference(codes):
        codes[word] = zlib.crc32(word.encode("utf-8", "surrogatepass"))
    if len(words) < SHINGLE_WORDS:
        return np.empty(0, np.uint64)
    numbers = np.fromiter(map(codes.__getitem__, words), np.uint64, len(words))
    runs = np.lib.stride_tricks.sliding_window_view(numbers, SHINGLE_WORDS)
    return (runs * _ODD).sum(axis=1, dtype=np.uint64)
