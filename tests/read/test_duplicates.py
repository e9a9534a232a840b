"""Articles that are printed twice are marked, the earliest as the original."""

from __future__ import annotations

import random

import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import strategies as st
from reading_fixture import mark_duplicates

from helpers.read import duplicates
from helpers.read.duplicates import LEAST_JACCARD

WORDS = [f"word{number}" for number in range(3000)]


def corpus(*texts: str, days: list[str] | None = None) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "article_id": [f"a{number:04d}" for number in range(len(texts))],
            "text": list(texts),
            "published": pd.to_datetime(pd.Series(days or ["2025-03-04"] * len(texts))),
            "duplicate_of": "",
            "duplicate_kind": "",
        }
    )


def story(seed: int, words: int = 400) -> list[str]:
    return random.Random(seed).choices(WORDS, k=words)


def marks(frame: pd.DataFrame) -> list[tuple[str, str]]:
    return list(zip(frame["duplicate_of"], frame["duplicate_kind"], strict=True))


def jaccard(one: str, other: str) -> float:
    first, second = (
        {tuple(words[n : n + 5]) for n in range(len(words) - 4)}
        for words in (one.split(), other.split())
    )
    return len(first & second) / len(first | second)


def test_a_sketch_holds_the_least_hash_of_each_permutation():
    hashes = np.array([7, 1 << 31, 0xFFFFFFFF], np.uint32)
    mixed = [_finalized(int(value)) for value in hashes]
    pairs = zip(duplicates._FACTORS.tolist(), duplicates._SUMMANDS.tolist(), strict=True)
    least = [min((factor * one + more) % 2**32 for one in mixed) for factor, more in pairs]
    assert duplicates._minima(hashes).tolist() == least


def _finalized(value: int) -> int:
    for shift, factor in ((16, 0x85EBCA6B), (13, 0xC2B2AE35), (16, 1)):
        value = (value ^ value >> shift) * factor % 2**32
    return value


def test_the_same_text_is_an_exact_duplicate():
    marked = mark_duplicates(corpus("One  story.\n", "One story.", "Another story."))
    assert marks(marked) == [("", ""), ("a0000", "exact"), ("", "")]


def test_the_earliest_is_the_original_and_no_date_comes_last():
    days = ["", "2025-03-05", "2025-03-04"]
    marked = mark_duplicates(corpus("One story.", "One story.", "One story.", days=days))
    assert marks(marked) == [("a0002", "exact"), ("a0002", "exact"), ("", "")]


def test_a_text_with_a_few_words_changed_is_a_near_duplicate():
    first = story(1)
    near, far = first.copy(), first.copy()
    near[100], near[300] = "changed", "too"
    far[::10] = ["changed"] * 40
    marked = mark_duplicates(corpus(*map(" ".join, (first, near, far, story(2)))))
    assert marks(marked) == [("", ""), ("a0000", "near"), ("", ""), ("", "")]


def test_quotation_marks_and_capitals_make_no_difference():
    text = " ".join(story(1))
    marked = mark_duplicates(corpus(f"“{text}”", f'"{text.upper()}"'))
    assert marks(marked)[1] == ("a0000", "near")


def test_an_exact_copy_of_a_near_duplicate_points_to_the_original():
    first = " ".join(story(1))
    marked = mark_duplicates(corpus(first, f"{first} indeed", f"{first}  indeed"))
    assert marks(marked) == [("", ""), ("a0000", "near"), ("a0000", "near")]


def test_short_texts_are_no_near_duplicates():
    assert marks(mark_duplicates(corpus("Swans return.", "Swans return!"))) == [("", "")] * 2


def test_no_articles():
    assert mark_duplicates(corpus().astype({"text": str})).empty


@st.composite
def corpora(draw: st.DrawFn) -> pd.DataFrame:
    seeds = draw(st.lists(st.integers(0, 4), max_size=8))
    texts = []
    for seed in seeds:
        words = story(seed, 60)
        for place in draw(st.lists(st.integers(0, 59), max_size=3)):
            words[place] = "changed"
        texts.append(" ".join(words))
    days = draw(st.lists(st.sampled_from(["2025-03-04", "2025-03-05", ""]), min_size=len(texts)))
    return corpus(*texts, days=days[: len(texts)])


@given(articles=corpora())
def test_marks_obey_the_laws(articles: pd.DataFrame):
    before = articles.copy(deep=True)
    marked = mark_duplicates(articles)
    pd.testing.assert_frame_equal(articles, before)
    pd.testing.assert_frame_equal(mark_duplicates(marked), marked)
    columns = ["article_id", "text", "published"]
    pd.testing.assert_frame_equal(marked[columns], before[columns])
    shuffled = mark_duplicates(articles.sample(frac=1, random_state=0)).sort_index()
    pd.testing.assert_frame_equal(shuffled, marked)
    rows = marked.set_index("article_id")
    for row in rows[rows["duplicate_of"] != ""].itertuples():
        original = rows.loc[row.duplicate_of]
        assert original["duplicate_of"] == "" and row.duplicate_kind in ("exact", "near")
        assert jaccard(row.text, original["text"]) >= LEAST_JACCARD


def test_only_texts_near_a_changed_one_are_read_again():
    stories = [story(seed) for seed in (1, 2)]
    texts = [" ".join([*one, f"copy{n}"]) for one in stories for n in range(20)]
    read: list[str] = []

    def find(articles: pd.DataFrame, known: dict[int, float]):
        def ask(wanted: list[str]):
            read.extend(wanted)
            own = articles[articles["article_id"].isin(wanted)]
            return zip(own["article_id"], own["text"], strict=True)

        return duplicates.find_duplicates(duplicates.sketch(articles), ask, known)

    found, known = find(corpus(*texts), {})
    assert len(found) == 38 and len(set(read)) == 40
    read.clear()
    texts[30] += " and another line"
    again, _ = find(corpus(*texts), known)
    assert again.keys() == found.keys()
    assert set(read) == {"a0020", "a0030"}


def test_of_two_thousand_articles_few_pairs_are_compared():
    texts = [" ".join(story(number)) for number in range(1900)]
    texts += [f"{text} and one more" for text in texts[:100]]
    articles = corpus(*texts)
    by_id = dict(zip(articles["article_id"], articles["text"], strict=True))

    def ask(wanted: list[str]):
        return ((one, by_id[one]) for one in wanted)

    found, used = duplicates.find_duplicates(duplicates.sketch(articles), ask, {})
    assert len(found) == 100
    assert len(used) < 200
