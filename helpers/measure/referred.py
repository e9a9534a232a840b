"""As what articles refer to people: a woman, a man, or neither. Read from words, never from names.

The words are pronouns ("she", "his"), titles ("Mr") and nouns ("spokeswoman", "his wife"). Who is
referred to by none of them is unknown. Whom a "she" means that speaks is what the program found,
which weighs first names too where several could be meant (`annotate.antecedents`).
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from helpers.annotate.noun_phrases import describe, gender, pronoun_of
from helpers.measure import comparisons
from helpers.measure.counting import find_voice
from helpers.measure.select import PLACE, lay_out
from helpers.measure.shares import count_of, percent
from helpers.store import lexicons, tables
from helpers.text import quotations

WOMAN, MAN, THEY = "woman", "man", "they"
MIXED, UNKNOWN = "mixed", "unknown"
TOLD = (WOMAN, MAN, THEY)
PEOPLE = ("named person", "unnamed person", "anonymous source")
SAID = ["article_id", "source_spans", "source_text", "speaker_id", "resolution"]
COUNTED = {"articles": "articles where mentioned"}  # what `measure_mentioned` counts
MOST = 0.8  # the part of all words for somebody from which they are referred to so
_MEANS = {"he": MAN, "she": WOMAN, "they": THEY, "male": MAN, "female": WOMAN}
_PRONOUN = re.compile(r"\b(?:(?P<he>he|him|his|himself)|(?P<she>she|hers?|herself))\b", re.I)
_BESIDE = re.compile(r"(?<![\w’'.-])[\w’'.-]+(?=,?[ ]+\Z)")  # the word before a name
_STATED = re.compile(
    r"\bwho (?:uses|goes by|prefers)(?: the)?(?: pronouns?)? (?P<form>they|he|she)(?:\b|/)",
    re.IGNORECASE,
)


def read_references(folder: str | Path, mentions: pd.DataFrame, asked: bool) -> pd.DataFrame:
    """Read the articles of some mentions and find their references; none unless `asked`."""
    if not asked or mentions.empty:
        return lay_out("references")
    here = {"article_id": mentions["article_id"].unique().tolist()}
    texts = tables.read_table("articles", folder, ["article_id", "text"], here)
    sentences = tables.read_table("sentences", folder, PLACE, here)
    said = tables.read_table("attributions", folder, SAID, here)
    return find_references(texts, sentences, mentions, said)


def find_references(
    articles: pd.DataFrame,
    sentences: pd.DataFrame,
    mentions: pd.DataFrame,
    attributions: pd.DataFrame,
) -> pd.DataFrame:
    """Return the words that tell as what articles refer to a person; one row is one such word.

    A *pronoun* outside quotations, where the paragraph so far and the rest of the sentence name one
    person and no other, or which speaks and was found to mean a person; "they" only where the
    article says that somebody uses it, since it mostly means several. A *word* right before a name:
    "Mr", "the spokeswoman, ". `mentions` have their `entity_id`.
    """
    people = mentions[(mentions["label"] == "PERSON") & (mentions["entity_id"] != "")]
    named = _by_article(people, ["start", "end", "entity_id"])
    cut = _by_article(sentences, ["start", "end"])
    rows = [*_speaking(attributions, set(people["entity_id"]))]
    for article_id, text in zip(articles["article_id"], articles["text"], strict=True):
        if article_id not in named:
            continue
        own = named[article_id]
        for start, end, pronoun in _pronouns(text):
            if entity_id := _only_person(own, cut.get(article_id, []), text, start):
                means = _MEANS[pronoun]
                rows.append((article_id, start, end, text[start:end], "pronoun", means, entity_id))
        for at, _, entity_id in own:
            word = _BESIDE.search(text, max(0, at - 24), at)
            if word and (means := _told_by(word.group())):
                rows.append((article_id, *word.span(), word.group(), "word", means, entity_id))
    found = pd.DataFrame(rows, columns=list(lay_out("references")))
    return lay_out("references", found.drop_duplicates([*PLACE, "entity_id"]))


def _speaking(attributions: pd.DataFrame, people: set[str]) -> Iterator[tuple]:
    """Yield the "he" and "she" that speak and were found to mean a person with a name."""
    said = attributions[attributions["resolution"] == "pronoun"]
    for article_id, spans, written, entity_id, _ in said[SAID].itertuples(index=False, name=None):
        means = _MEANS.get(pronoun_of(written.lower()))
        if means in (WOMAN, MAN) and entity_id in people:
            yield article_id, spans[0][0], spans[-1][1], written, "pronoun", means, entity_id


def _by_article(frame: pd.DataFrame, columns: list[str]) -> dict[str, list[tuple]]:
    found: dict[str, list[tuple]] = defaultdict(list)
    for article_id, *cells in frame[["article_id", *columns]].itertuples(index=False, name=None):
        found[article_id].append(tuple(cells))
    return {article_id: sorted(rows) for article_id, rows in found.items()}


def _pronouns(text: str) -> list[tuple[int, int, str]]:
    """Return the pronouns outside quotations, and those a person is said to use."""
    quoted = bytearray(len(text))
    for quotation in quotations.find_quotations(text):
        quoted[quotation.start : quotation.end] = b"\x01" * (quotation.end - quotation.start)
    found = [
        (*match.span(), str(match.lastgroup))
        for match in _PRONOUN.finditer(text)
        if not quoted[match.start()]
    ]
    stated = [(*m.span("form"), m.group("form").lower()) for m in _STATED.finditer(text)]
    return sorted({*found, *stated})


def _only_person(named: list[tuple], sentences: list[tuple], text: str, at: int) -> str:
    """Return the one person named in the paragraph as far as the end of the sentence at a place.

    That person must be named before it.
    """
    place = bisect_right(sentences, (at, 1 << 60)) - 1
    end = max(sentences[place][1], at) if place >= 0 else at
    start = text.rfind("\n", 0, at) + 1
    people, before = (
        {entity_id for _, _, entity_id in named[slice(*(bisect_left(named, (n,)) for n in ends))]}
        for ends in ((start, end), (start, at))
    )
    return people.pop() if len(people) == 1 and people == before else ""


def _told_by(word: str) -> str:
    """Return as what a title or noun refers to somebody: "Ms.", "spokeswoman", "mother"; or ""."""
    listed = lexicons.read_facts("gendered_nouns", "noun", "gender")
    surname = word[:1].isupper() and word.lower().endswith("man") and word.lower() not in listed
    return "" if surname else _MEANS.get(gender(word), "")


def tell_people(references: pd.DataFrame) -> pd.Series:
    """Tell as what each person is referred to: woman, man, they or mixed, by `entity_id`.

    That is what at least 80 % of the pronouns for them say, or, of who has no pronoun, of the other
    words: a "chairman" may be a woman.
    """
    of = references["kind"] == "pronoun"
    pronouns, words = map(_most, (references[of], references[~of]))
    return pd.concat([pronouns, words[~words.index.isin(pronouns.index)]])


def _most(references: pd.DataFrame) -> pd.Series:
    if references.empty:
        return pd.Series(dtype="str")
    counts = pd.crosstab(references["entity_id"], references["referred_as"])
    clear = counts.max(axis=1) >= MOST * counts.sum(axis=1)
    return counts.idxmax(axis=1).where(clear, MIXED)


# ------------------------------------------------------------------------------------ who speaks


def find_quoted(
    attributions: pd.DataFrame, references: pd.DataFrame, asked: bool = True
) -> pd.DataFrame:
    """Return the statements of people with `referred_as`: woman, man, they, mixed or unknown.

    No row unless `asked`. Of several who speak together it is what all of them are. One without a
    name is what the source as written says: "she", "a spokeswoman".
    """
    said = attributions[attributions["source_type"].isin(PEOPLE) & asked]
    known = tell_people(references)
    own = said["source_text"].map(_told_by_source)
    ids = said["speaker_id"].str.split(";")
    told = [
        _together(known.get(one, UNKNOWN) for one in several) if several != [""] else source
        for several, source in zip(ids, own, strict=True)
    ]
    return said.assign(referred_as=pd.Series(told, index=said.index, dtype="str"))


def _told_by_source(source: str) -> str:
    read = describe(source)
    means = _MEANS.get(pronoun_of(read.pronoun)) if read.pronoun else _told_by(read.head)
    return means if means in (WOMAN, MAN) and not read.plural else UNKNOWN


def _together(told: Iterable[str]) -> str:
    several = set(told)
    return several.pop() if len(several) == 1 else UNKNOWN if UNKNOWN in several else MIXED


def keep_told(quoted: pd.DataFrame) -> pd.DataFrame:
    """Keep the statements whose speakers are referred to in some way; `holds` of women's."""
    told = quoted[quoted["referred_as"] != UNKNOWN]
    return told.assign(holds=told["referred_as"] == WOMAN)


def measure_periods(quoted: pd.DataFrame, step: str) -> pd.DataFrame:
    """Measure women's part of the statements of which it is known, by outlet and month or year.

    See `comparisons.measure_periods`.
    """
    return comparisons.measure_periods(keep_told(quoted), step)


def say_unknown(quoted: pd.DataFrame) -> str:
    """Say of how many statements it is not known, and how many of the others are women's."""
    if quoted.empty:
        return ""
    told = keep_told(quoted)
    unknown = f"Not known, as no article says it, in {percent(1 - len(told) / len(quoted))}"
    said = f"{unknown} of {count_of(len(quoted), 'statement')} of people"
    if told.empty:
        return f"{said}."
    numbers = [int((told["referred_as"] == one).sum()) for one in (WOMAN, MAN)]
    women, men = (f"{number:,} ({percent(number / len(told))})" for number in numbers)
    return f"{said}; of the other {len(told):,} women make {women} and men {men}."


# --------------------------------------------------------------------------------- who is named


def find_mentioned(
    mentions: pd.DataFrame, attributions: pd.DataFrame, references: pd.DataFrame, asked: bool
) -> pd.DataFrame:
    """Find where people are mentioned and speak; no row unless `asked`.

    One row is one row of `counting.find_voice` with `mentioned` (it is no statement of theirs) and
    `referred_as`.
    """
    people = mentions[(mentions["label"] == "PERSON") & (mentions["entity_id"] != "")]
    if people.empty or not asked:
        return lay_out("referred")
    found = find_voice(people, attributions)
    told = found["entity_id"].map(tell_people(references)).astype(object).fillna(UNKNOWN)
    return found.assign(referred_as=told, mentioned=~found["speaks"])


def measure_mentioned(referred: pd.DataFrame) -> pd.DataFrame:
    """Tell how many people are referred to as what, and how much they speak.

    One row is one of woman, man, they, mixed and unknown: people, articles that mention them, words
    they speak and the share of all these words, with the share of the people. Needs the rows of
    `find_mentioned`.
    """
    if referred.empty:
        return lay_out("people referred")
    named = referred[~referred["speaks"]].groupby("referred_as")
    measured = named[["entity_id", "article_id"]].nunique().set_axis(["people", "articles"], axis=1)
    measured["words"] = referred.groupby("referred_as")["words"].sum()
    measured = measured.reindex([*TOLD, MIXED, UNKNOWN]).fillna(0).astype("int64")
    total = measured["words"].sum()
    measured["share_of_people"] = measured["people"] / measured["people"].sum()
    measured["share_of_words"] = measured["words"] / (total if total else np.nan)
    return lay_out("people referred", measured.rename_axis("referred_as").reset_index())
