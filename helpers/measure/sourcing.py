"""What sourcing amounts to: reliance on state media, place in the story, anonymity, right of reply.

Each `add_*` gives every statement the value that a published
table counts, so that the statements behind a number are the rows with that value.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from helpers.measure import counting, shares, speech
from helpers.measure.intervals import wilson_interval
from helpers.store import lexicons, tables

FIRST_HAND, ITSELF = "first hand", "state media itself"
RELIANCE = {
    "state": "through state media",
    "public": "through public media",
    "private": "through private media",
    "unknown": "through an outlet of unknown owner",
}
POSITIONS = ("headline", "standfirst", "first third", "second third", "last third", "elsewhere")
SUPPORT = ("another source says it too", "other sources on other matters", "only source")
SAME, OTHER, ALONE = range(len(SUPPORT))
TOGETHER = 50_000  # statements whose texts are held together
HEARD = {"articles": "articles where reply=quoted|paraphrased"}  # what `measure_reply` counts
REPLIES = ("quoted", "paraphrased", "did not answer", "not heard")
DEMANDS = {
    "descriptor_says": "the description says something",
    "affiliation_known": "the side is known",
    "reason_given": "an anonymous source has a reason",
    "second_source": "another source says it too",
    "meets_policy": "all that the policy asks",
}
SAME_CLAIM = 0.5  # share of the words of the shorter statement that two must have in common
_WORD = re.compile(r"[^\W\d_]{4,}")
_COMMON = frozenset(
    {"that", "this", "with", "from", "have", "been", "were", "would", "could", "will", "they",
     "them", "their", "there", "which", "when", "what", "more", "than", "about", "into", "said",
     "also", "some", "other", "after", "before", "only", "over", "such", "very", "just", "because"}
)  # fmt: skip


# ------------------------------------------------------------------------------------- reliance


def add_reliance(attributions: pd.DataFrame) -> pd.DataFrame:
    """Add `reliance`: how the words came, first hand or through whose outlet.

    What a state's outlet says for itself is apart from what others say through it.
    """
    reliance = attributions["relay_ownership"].astype("str").map(RELIANCE)
    itself = attributions["affiliation"] == "state media"
    reliance = reliance.mask(reliance.isna() & itself, ITSELF).fillna(FIRST_HAND)
    kinds = pd.CategoricalDtype(sorted({*RELIANCE.values(), ITSELF, FIRST_HAND}))
    return attributions.assign(reliance=reliance.astype(kinds))


def keep_state_media(attributions: pd.DataFrame) -> pd.DataFrame:
    """Keep what state media say or carry, with the column of `add_reliance`."""
    told = add_reliance(attributions)
    return told[told["reliance"].isin([RELIANCE["state"], ITSELF])]


def measure_state_media(attributions: pd.DataFrame, articles: pd.DataFrame) -> pd.DataFrame:
    """Measure in what share of each outlet's articles state media speak or carry words.

    One row is one outlet: articles (with such a statement), n (all), share, low, high (Wilson).
    """
    state = keep_state_media(attributions)
    n = articles.groupby("outlet").size()
    found = state.groupby("outlet")["article_id"].nunique().reindex(n.index, fill_value=0)
    counts = found.rename("articles").rename_axis("outlet").reset_index()
    found = shares.add_article_share(counts, n)
    return found.sort_values("share", ascending=False, kind="stable").reset_index(drop=True)


def add_sole_relay(attributions: pd.DataFrame) -> pd.DataFrame:
    """Add `sole_relay`: whether all that a speaker says in the article came through one outlet.

    Words that one outlet alone brought stand or fall with it. False for words that came first hand.
    """
    relayed = attributions["relay"] != ""
    concerned = attributions.loc[relayed, "article_id"].drop_duplicates()
    there = tables.find_places(attributions["article_id"], concerned) >= 0
    some = attributions.loc[there, ["article_id", "speaker", "relay"]]
    outlets = some.groupby(["article_id", "speaker"])["relay"].transform("nunique")
    alone = (outlets == 1).reindex(attributions.index, fill_value=False)
    return attributions.assign(sole_relay=(relayed & alone).astype(bool))


def add_chain(attributions: pd.DataFrame) -> pd.DataFrame:
    """Keep what came through another outlet and add `chain` ("speaker → outlet → …")."""
    relayed = attributions[attributions["relay"] != ""]
    chain = [
        " → ".join([s, *c]) for s, c in zip(relayed["speaker"], relayed["relay_chain"], strict=True)
    ]
    return relayed.assign(chain=pd.Series(chain, index=relayed.index, dtype="str"))


def count_chains(chained: pd.DataFrame) -> pd.DataFrame:
    """Count the ways words took; one row is one speaker and one chain of outlets.

    Needs the rows of `add_chain`.

    Columns: speaker, affiliation, relay, relay_ownership, chain ("speaker → outlet → …"), articles,
    attributions.
    """
    keys = ["speaker", "affiliation", "relay", "relay_ownership", "chain"]
    counts = chained.groupby(keys)
    counts = counts.agg(articles=("article_id", "nunique"), attributions=("article_id", "size"))
    order = ["attributions", "articles", "chain"]
    counts = counts.reset_index().sort_values(order, ascending=[False, False, True])
    return counts.reset_index(drop=True)


# ------------------------------------------------------------------------------------- position


def add_position(attributions: pd.DataFrame, blocks: pd.DataFrame) -> pd.DataFrame:
    """Add `position`: headline, standfirst, or the third of the body in which the words begin.

    The thirds are of the body's length in characters; what stands in no such part is elsewhere.
    """
    body = blocks[blocks["role"] == "body"].groupby("article_id")
    body = body.agg(first=("start", "min"), last=("end", "max")).astype(float).reset_index()
    places = tables.find_places(attributions["article_id"], body["article_id"])
    first, last = (
        pd.Series(body[name].array.take(places, allow_fill=True), index=attributions.index)
        for name in ("first", "last")
    )
    length = (last - first).where(last > first)
    part = ((attributions["start"] - first) / length).astype(float)
    thirds = pd.cut(part, [-float("inf"), 1 / 3, 2 / 3, float("inf")], labels=POSITIONS[2:5])
    position = (
        attributions["role"]
        .astype("str")
        .where(
            attributions["role"].isin(POSITIONS[:2]),
            thirds.astype(object).where(attributions["role"] == "body"),
        )
    )
    kinds = pd.CategoricalDtype(sorted(POSITIONS))
    return attributions.assign(position=position.fillna(POSITIONS[-1]).astype(kinds))


def measure_positions(attributions: pd.DataFrame) -> pd.DataFrame:
    """Measure what kinds of source stand where; one row is one source_type in one `position`.

    Rows are in the order of the story. Needs the column of `add_position`.
    """
    found = shares.measure_shares(attributions, "source_type", by="position")
    parts = [name for name in POSITIONS if name in set(found["position"])]
    position = pd.Categorical(found["position"], parts, ordered=True)
    ordered = found.assign(position=position).sort_values("position", kind="stable")
    return ordered.reset_index(drop=True)


# ------------------------------------------------------------------------------------ anonymity


def find_support(attributions: pd.DataFrame, wanted: pd.Index) -> pd.Series:
    """Tell of some statements whether another source of their article says the same, or speaks.

    One value of SUPPORT for each label in `wanted`, which are of the index of `attributions`, whose
    labels differ. Two statements say the same when they share half of the words of the shorter one
    (words of four letters and more, common ones apart): a sign to look at, not a proof.
    """
    source, _ = pd.factorize(counting.add_source(attributions)["source"])
    article, _ = pd.factorize(attributions["article_id"])
    places = attributions.index.get_indexer(wanted)
    told = np.full(len(attributions), -1, np.int8)
    told[places] = ALONE
    order = np.argsort(article, kind="stable")
    order = order[np.isin(article[order], np.unique(article[places]))]
    for some in _whole_articles(order, article[order]):
        texts = dict(zip(some.tolist(), _take(attributions["text"], some), strict=True))
        for together in _split(some, article[some]):
            speaking = source[together].tolist()
            if len(set(speaking)) < 2:
                continue
            own = list(zip(together.tolist(), speaking, strict=True))
            words = _Words(texts)
            for place, who in own:
                if told[place] >= 0:
                    others = (words[other] for other, whose in own if whose != who)
                    same = any(_same_claim(words[place], other) for other in others)
                    told[place] = SAME if same else OTHER
    support = pd.Categorical.from_codes(told[places], SUPPORT).reorder_categories(sorted(SUPPORT))
    return pd.Series(support, index=wanted)


def _take(values: pd.Series, rows: np.ndarray) -> np.ndarray:
    """Return the values of some rows, which lie near one another as a rule."""
    low, high = rows.min(), rows.max() + 1
    if high - low > 4 * len(rows):
        return values.iloc[rows].to_numpy()
    return values.iloc[low:high].to_numpy()[rows - low]


def _split(rows: np.ndarray, article: np.ndarray) -> list[np.ndarray]:
    """Split rows, which are ordered by article, into those of each article."""
    return np.split(rows, np.flatnonzero(np.diff(article)) + 1)


def _whole_articles(rows: np.ndarray, article: np.ndarray) -> Iterator[np.ndarray]:
    """Yield some TOGETHER rows at a time, of which each article's come at once."""
    if not len(rows):
        return
    edges = np.append(np.flatnonzero(np.diff(article)) + 1, len(rows))
    wanted = np.searchsorted(edges, np.arange(TOGETHER, len(rows), TOGETHER))
    yield from np.split(rows, np.unique(edges[wanted]))


class _Words(dict):
    """The words of statements that tell claims apart, by their place; read when asked for."""

    def __init__(self, texts: Mapping[int, str]):
        super().__init__()
        self.texts = texts

    def __missing__(self, place: int) -> frozenset[str]:
        words = frozenset(_WORD.findall(self.texts[place].lower())) - _COMMON
        self[place] = words
        return words


def _same_claim(one: frozenset[str], other: frozenset[str]) -> bool:
    shorter = min(len(one), len(other))
    return shorter >= 3 and len(one & other) >= SAME_CLAIM * shorter


def audit_unnamed(attributions: pd.DataFrame, codebook_file: str | Path = "") -> pd.DataFrame:
    """Hold every source without a name against the house policy of a lexicons.

    Parameters
    ----------
    attributions
        Attributions; those of unnamed and anonymous people are audited.
    codebook_file
        A codebook with a `house_policy`; "" takes the project's own.

    Returns
    -------
    One row per statement of a source without a name, with the columns of `attributions` but its
    text, and support, descriptor_says (the description says more than "officials"),
    affiliation_known, reason_given, second_source, meets_policy, and falls_short (what the policy
    asks and the article does not give, "" where it meets the policy). A reason is asked for
    anonymous sources.
    """
    policy = lexicons.read_codebook(codebook_file).house_policy
    kinds = ("anonymous source", "unnamed person", "unnamed group")
    unnamed = attributions["source_type"].isin(kinds)
    support = find_support(attributions, attributions.index[unnamed])
    rows = attributions.drop(columns="text")[unnamed].assign(support=support)
    empty = {word.casefold() for word in policy.empty_descriptors} | {""}
    described = rows["speaker"].str.casefold().str.replace(r"^(?:the|an?) ", "", regex=True)
    anonymous = rows["source_type"] == "anonymous source"
    tests = {
        "descriptor_says": ("says who it is", True, ~described.isin(empty)),
        "affiliation_known": (
            "its side",
            policy.affiliation_known,
            rows["affiliation"] != "unknown",
        ),
        "reason_given": (
            "why no name",
            policy.reason_given,
            (rows["anonymity_reason"] != "") | ~anonymous,
        ),
        "second_source": (
            "a second source",
            policy.second_source,
            rows["support"] == SUPPORT[SAME],
        ),
    }
    short = pd.Series("", index=rows.index, dtype="str")
    for _, (asked, wanted, met) in tests.items():
        if wanted:
            short = short.where(met, short + asked + "; ")
    checks = {name: met.astype(bool) for name, (_, _, met) in tests.items()}
    short = short.str.removesuffix("; ")
    return rows.assign(**checks, meets_policy=(short == "").astype(bool), falls_short=short)


def find_demands(audit: pd.DataFrame) -> pd.DataFrame:
    """Hold each statement of a source without a name against each demand that concerns it.

    One row is one row of `audit_unnamed` and one `demand`, with `met`: article_id, start, end,
    words, demand, met.
    """
    found = [held.assign(demand=demand) for demand, held in _by_demand(audit)]
    return pd.concat(found, ignore_index=True)


def _by_demand(audit: pd.DataFrame) -> Iterator[tuple[str, pd.DataFrame]]:
    held = audit[["article_id", "start", "end", "words"]]
    anonymous = audit["source_type"] == "anonymous source"
    for name, demand in DEMANDS.items():
        asked = held.assign(met=audit[name].astype(bool))
        yield demand, asked[anonymous] if name == "reason_given" else asked


def measure_policy(audit: pd.DataFrame) -> pd.DataFrame:
    """Measure how far sources without a name meet each demand; one row is one demand.

    Columns: demand, count (statements that meet it), n, articles, share, low, high; needs the rows
    of `audit_unnamed`. The last row is the policy as a whole.
    """
    found = []
    for demand, held in _by_demand(audit):
        measured = shares.measure_shares(held, "met")
        row = measured[measured["met"].astype(bool)].drop(columns="met")
        if row.empty:
            row = pd.DataFrame(
                [{"count": 0, "n": len(held), "articles": 0, "share": 0.0, "low": 0.0}]
            )
            row["high"] = wilson_interval(0, max(len(held), 1))[1]
        if len(held):
            found.append(row.assign(demand=demand))
    columns = ["demand", "count", "n", "articles", "share", "low", "high"]
    if not found:
        return pd.DataFrame(columns=columns).astype({"share": float, "low": float, "high": float})
    return pd.concat(found, ignore_index=True)[columns]


# --------------------------------------------------------------------------------- right of reply


def find_criticised(
    aimed: pd.DataFrame, attributions: pd.DataFrame, replies: pd.DataFrame
) -> pd.DataFrame:
    """Find who is criticised in which article, and whether they are heard there.

    Parameters
    ----------
    aimed
        Statements about somebody, as from `attitudes.join_targets`; the negative ones count.
    attributions, replies
        Of the same articles.

    Returns
    -------
    One row per criticised entity and article: target, entity_id, article_id, outlet, start and end
    (of the first criticism), criticisms, and reply: *quoted* (in their own words), *paraphrased*,
    *did not answer* (the article says that they were asked), or *not heard*.
    """
    against = aimed[(aimed["polarity"] == "negative")].sort_values(["article_id", "start"])
    keys = ["target", "entity_id", "article_id", "outlet"]
    found = against.groupby(keys, sort=False).agg(
        start=("start", "first"), end=("end", "first"), criticisms=("article_id", "size")
    )
    found = found.reset_index()
    criticised = found["article_id"].drop_duplicates()
    said = attributions[["article_id", "speaker_id", "form"]]
    spoken = speech.each_speaker(
        said[tables.find_places(said["article_id"], criticised) >= 0]
    ).dropna(subset=["entity_id"])
    pairs = list(zip(found["article_id"], found["entity_id"], strict=True))
    heard = {
        "quoted": spoken[spoken["form"].isin(["direct", "mixed"])],
        "paraphrased": spoken[spoken["form"] == "indirect"],
        "did not answer": replies,
    }
    reply = pd.Series(REPLIES[-1], index=found.index, dtype="str")
    for name, rows in reversed(heard.items()):
        there = set(zip(rows["article_id"], rows["entity_id"], strict=True))
        reply = reply.mask(pd.Series([pair in there for pair in pairs], index=found.index), name)
    return found.assign(reply=reply.astype("str"))


def measure_reply(criticised: pd.DataFrame) -> pd.DataFrame:
    """Measure how often the criticised are heard; one row is one of them, most criticised first.

    Columns: target, n (articles in which they are criticised), articles (of these, heard: quoted or
    paraphrased), quoted, paraphrased, did_not_answer, not_heard, share (heard), low, high (Wilson).
    """
    kinds = {name.replace(" ", "_"): criticised["reply"] == name for name in REPLIES}
    counts = criticised.assign(**kinds).groupby(["target", "entity_id"])
    counts = counts.agg(n=("article_id", "nunique"), **{name: (name, "sum") for name in kinds})
    counts = counts.astype({name: "int64" for name in kinds})
    counts["articles"] = counts["quoted"] + counts["paraphrased"]
    low, high = wilson_interval(counts["articles"], counts["n"])
    counts = counts.assign(share=counts["articles"] / counts["n"], low=low, high=high)
    ordered = counts.reset_index().sort_values(["n", "target"], ascending=[False, True])
    return ordered.reset_index(drop=True)
