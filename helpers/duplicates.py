"""Articles that are printed twice: the same text, or nearly the same."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

import numpy as np
import pandas as pd

SHINGLE_WORDS = 5
LEAST_JACCARD = 0.8
PERMUTATIONS = 128
BANDS = (25, 5)  # finds a pair of Jaccard 0.8 with probability 0.99995, one of 0.4 with 0.23
SEED = 20241118


def mark_duplicates(articles: pd.DataFrame) -> pd.DataFrame:
    """Fill `duplicate_of` and `duplicate_kind`; same rows, same order.

    An article is an exact duplicate of one with the same text but for white space, and a near
    duplicate of one with which it shares at least 0.8 of all runs of five words (Jaccard index,
    computed in full for the pairs that MinHash proposes). Of such articles the original is the
    one published first, then the one whose id sorts first; an original is no duplicate itself.
    """
    marked = articles.assign(duplicate_of="", duplicate_kind="")
    if marked.empty:
        return marked
    order = marked[["published", "article_id"]].reset_index(drop=True)
    order = order.sort_values(["published", "article_id"], na_position="last", kind="stable").index
    ids, texts = list(marked["article_id"]), list(marked["text"])
    of, kind = [""] * len(ids), [""] * len(ids)
    first: dict[bytes, int] = {}
    for place in order:
        original = first.setdefault(_text_hash(texts[place]), place)
        if original != place:
            of[place], kind[place] = ids[original], "exact"
    different = list(first.values())
    for place, original in _near_duplicates(different, [texts[place] for place in different]):
        of[place], kind[place] = ids[original], "near"
    originals = dict(zip(ids, of, strict=True))
    marked["duplicate_of"] = [originals.get(original) or original for original in of]
    marked["duplicate_kind"] = kind
    return marked


def _text_hash(text: str) -> bytes:
    return hashlib.sha256(" ".join(text.split()).encode("utf-8", "surrogatepass")).digest()


def _near_duplicates(places: list[int], texts: list[str]) -> Iterator[tuple[int, int]]:
    """Yield (place, place of its original) for texts given in order of preference."""
    from datasketch import MinHash, MinHashLSH  # loads scipy; not needed to read articles

    sketch = MinHash(PERMUTATIONS, seed=SEED, hashfunc=int)
    index = MinHashLSH(num_perm=PERMUTATIONS, params=BANDS)
    numbers: dict[str, int] = {}
    shingles: dict[int, np.ndarray] = {}
    for place, text in zip(places, texts, strict=True):
        own = _shingles(text, numbers)
        if not len(own):
            continue
        minhash = MinHash(
            seed=SEED, hashfunc=int, permutations=sketch.permutations, scheme=sketch.scheme,
            num_perm=PERMUTATIONS,
        )
        minhash.update_batch(own)
        rank = {other: _jaccard(own, shingles[other]) for other in index.query(minhash)}
        best = max(sorted(rank), key=rank.__getitem__, default=None)
        if best is not None and rank[best] >= LEAST_JACCARD:
            yield place, best
        else:
            index.insert(place, minhash)
            shingles[place] = own
