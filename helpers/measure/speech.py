"""Who is mentioned and who is heard; and, where asked, by which pronouns articles refer to whom.

Referential gender is read from the pronouns that an article itself uses, never from a name.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections import defaultdict
from pathlib import Path

import numpy as np
import pandas as pd

from helpers.measure.counting import rank
from helpers.measure.intervals import wilson_interval
from helpers.measure.select import find_each
from helpers.store import tables
from helpers.text import quotations

VOICE = ["entity_id", "article_id", "start", "end", "words"]
SPOKEN = ["article_id", "start", "end", "words", "speaker_id"]
REFERENCES = ["article_id", "start", "end", "text", "pronoun", "entity_id"]
PRONOUNS = ("he", "she", "they")
UNKNOWN, MIXED = "unknown", "mixed"
COUNTED = {"articles": "articles where mentioned"}  # what `measure_gender` counts
MOST = 0.8  # the share of one pronoun from which a person is referred to by it
_FORMS = {
    **dict.fromkeys(("he", "him", "his", "himself"), "he"),
    **dict.fromkeys(("she", "her", "hers", "herself"), "she"),
}
_PRONOUN = re.compile(rf"\b(?:{'|'.join(_FORMS)})\b", re.IGNORECASE)
_STATED = re.compile(
    r"\bwho (?:uses|goes by|prefers)(?: the)?(?: pronouns?)? (?P<form>they|he|she)(?:\b|/)",
    re.IGNORECASE,
)


def each_speaker(attributions: pd.DataFrame) -> pd.DataFrame:
    """Return a row for each of those who speak as one: `entity_id` is the id of one of them."""
    alone = attributions.assign(entity_id=attributions["speaker_id"])
    joint = alone["entity_id"].str.contains(";", regex=False)
    if not joint.any():
        return alone
    ids = alone["entity_id"].where(~joint, alone["entity_id"].str.split(";"))
    return alone.assign(entity_id=ids).explode("entity_id")


def find_voice(mentions: pd.DataFrame, attributions: pd.DataFrame) -> pd.DataFrame:
    """Find where the entities of mentions are mentioned and where they speak.

    One row is one mention, or one statement of one of its speakers (`speaks`): entity_id, entity,
    label, article_id, start, end, words (spoken).
    """
    named = mentions[["entity_id", "entity", "label", "article_id", "start", "end"]]
    nameless = named["entity_id"] == ""
    named = named[~nameless] if nameless.any() else named
    names = named[["entity_id", "entity", "label"]].drop_duplicates("entity_id")
    spoken = each_speaker(attributions)[VOICE].assign(speaks=True)
    places = find_each(spoken["entity_id"], names["entity_id"])
    spoken, places = spoken[places >= 0], places[places >= 0]
    told = {name: names[name].array.take(places) for name in ("entity", "label")}
    both = [named.assign(words=0, speaks=False), spoken.assign(**told)]
    return pd.concat(both, ignore_index=True).astype({"speaks": bool})


def measure_voice(appears: pd.DataFrame) -> pd.DataFrame:
    """Measure in how many articles an entity appears and in how many of these it speaks.

    `appears` is what `find_voice` gives. One row is one entity: articles (it is mentioned or
    speaks), speaking (articles), words spoken, share (speaking of articles), low, high. What
    several say together counts for each of them.
    """
    names = appears[["entity_id", "entity", "label"]].drop_duplicates("entity_id")
    spoken = appears[appears["speaks"]]
    voice = names.set_index("entity_id").assign(
        articles=appears.groupby("entity_id")["article_id"].nunique(),
        speaking=spoken.groupby("entity_id")["article_id"].nunique(),
        words=spoken.groupby("entity_id")["words"].sum(),
    )
    voice = voice.fillna({"speaking": 0, "words": 0}).astype(
        {"articles": "int64", "speaking": "int64", "words": "int64"}
    )
    low, high = wilson_interval(voice["speaking"], voice["articles"])
    voice = voice.assign(share=voice["speaking"] / voice["articles"], low=low, high=high)
    return rank(voice.reset_index(), "articles", "speaking", then="entity")


def read_referred(
    folder: str | Path,
    mentions: pd.DataFrame,
    attributions: pd.DataFrame,
    articles: pd.DataFrame,
    asked: bool,
) -> pd.DataFrame:
    """Read what `find_referred` needs of some articles and find it; no row unless `asked`."""
    if not asked:
        return _nobody_referred()
    here = {"article_id": articles["article_id"].tolist()}
    texts = tables.read_table("articles", folder, where=here)
    sentences = tables.read_table("sentences", folder, where=here)
    return find_referred(mentions, attributions, texts, sentences)


def _nobody_referred() -> pd.DataFrame:
    none = pd.DataFrame(columns=[*VOICE, "entity", "label", "speaks", "pronoun", "mentioned"])
    return none.astype({"speaks": bool, "mentioned": bool})


def find_referred(
    mentions: pd.DataFrame,
    attributions: pd.DataFrame,
    articles: pd.DataFrame,
    sentences: pd.DataFrame,
) -> pd.DataFrame:
    """Find where people are mentioned and speak, and by which pronoun the articles refer to them.

    One row is one row of `find_voice` with `mentioned` (it is no statement of theirs) and `pronoun`
    (he, she, they, mixed, unknown). The pronouns
    are the articles' own (see `find_references`); nothing is read from a name.
    """
    people = mentions[(mentions["label"] == "PERSON") & (mentions["entity_id"] != "")]
    if people.empty:
        return _nobody_referred()
    references = find_references(articles, sentences, people)
    known = people[["entity_id", "entity"]].drop_duplicates("entity_id")
    known = measure_pronouns(known, references).set_index("entity_id")["pronoun"]
    found = find_voice(people, attributions)
    return found.assign(pronoun=found["entity_id"].map(known), mentioned=~found["speaks"])


def measure_gender(referred: pd.DataFrame) -> pd.DataFrame:
    """Tell how many people are referred to by which pronoun, and how much they speak.

    One row is one pronoun: people, articles that mention them, words they speak and the share of
    all these words, with the share of the people. Needs the rows of `find_referred`.
    """
    columns = ["pronoun", "people", "share_of_people", "articles", "words", "share_of_words"]
    if referred.empty:
        return pd.DataFrame(columns=columns)
    named = referred[~referred["speaks"]].groupby("pronoun")
    measured = pd.DataFrame(
        {
            "people": named["entity_id"].nunique(),
            "articles": named["article_id"].nunique(),
            "words": referred.groupby("pronoun")["words"].sum(),
        }
    )
    order = [*PRONOUNS, MIXED, UNKNOWN]
    measured = measured.reindex(order, fill_value=0).astype("int64")
    total = measured["words"].sum()
    measured["share_of_people"] = measured["people"] / measured["people"].sum()
    measured["share_of_words"] = measured["words"] / (total if total else np.nan)
    return measured.rename_axis("pronoun").reset_index()[columns]


def find_references(
    articles: pd.DataFrame, sentences: pd.DataFrame, mentions: pd.DataFrame
) -> pd.DataFrame:
    """Return the pronouns that can mean one person only: one row is one pronoun.

    Outside quotations, where the paragraph so far and the rest of the sentence name one person and
    no other. "They" is taken only where the article says that somebody uses it, since it mostly
    means several. `mentions` have their `entity_id`.
    """
    people = mentions[(mentions["label"] == "PERSON") & (mentions["entity_id"] != "")]
    named = _by_article(people, ["start", "end", "entity_id"])
    cut = _by_article(sentences, ["start", "end"])
    rows = []
    for article_id, text in zip(articles["article_id"], articles["text"], strict=True):
        if article_id not in named:
            continue
        for start, end, pronoun in _pronouns(text):
            entity_id = _only_person(named[article_id], cut.get(article_id, []), text, start)
            if entity_id:
                rows.append((article_id, start, end, text[start:end], pronoun, entity_id))
    return pd.DataFrame(rows, columns=REFERENCES).astype({"start": "int64", "end": "int64"})


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
        (match.start(), match.end(), _FORMS[match.group().lower()])
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
    end = sentences[place][1] if place >= 0 else at
    people = _people(named, text.rfind("\n", 0, at) + 1, max(end, at))
    before = _people(named, text.rfind("\n", 0, at) + 1, at)
    return people.pop() if len(people) == 1 and people == before else ""


def _people(named: list[tuple], start: int, end: int) -> set[str]:
    low, high = bisect_left(named, (start,)), bisect_left(named, (end,))
    return {entity_id for _, _, entity_id in named[low:high]}


def measure_pronouns(people: pd.DataFrame, references: pd.DataFrame) -> pd.DataFrame:
    """Tell by which pronoun each person is referred to; one row is one entity of `people`.

    `people` has entity_id and entity. `he`, `she` and `they` count the references; `pronoun` is
    the one that at least 80 % of them use, "mixed" when none is, "unknown" when there is none.
    """
    counts = pd.crosstab(references["entity_id"], references["pronoun"])
    counts = counts.reindex(index=people["entity_id"], columns=list(PRONOUNS), fill_value=0)
    total = counts.sum(axis=1)
    share = counts.max(axis=1) / total.where(total > 0)
    pronoun = counts.idxmax(axis=1).where(share >= MOST, MIXED).where(total > 0, UNKNOWN)
    measured = people[["entity_id", "entity"]].reset_index(drop=True)
    counts, pronoun = counts.reset_index(drop=True), pronoun.reset_index(drop=True)
    return pd.concat([measured, counts.astype("int64"), pronoun.rename("pronoun")], axis=1)
