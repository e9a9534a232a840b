"""What sourcing amounts to: reliance on state media, place in the story, anonymity, right of reply.

Each `add_*` gives every statement the value that a published table counts, so that the statements
behind a number are the rows with that value.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

from helpers.measure import counting, shares
from helpers.measure.select import PLACE, lay_out, set_unclear_apart, types_of
from helpers.measure.shares import UNTOLD
from helpers.store import lexicons, schema, tables

FIRST_HAND, ITSELF = "first hand", "state media itself"
RELIANCE = {
    owner: f"through {owner} media" if owner != "unknown" else "through an outlet of unknown owner"
    for owner in filter(None, schema.OWNERSHIPS)
}
POSITIONS = ("headline", "standfirst", "first third", "second third", "last third", "elsewhere")
SUPPORT = ("another source says it too", "other sources on other matters", "only source")
SAME, OTHER, ALONE = range(len(SUPPORT))
SURE = 0.9  # probability from which a criticism is taken for one: 95 % right on held-out news
REPLIES = ("quoted", "paraphrased", "did not answer", "not heard")
DEMANDS = {
    "descriptor_says": "the description says something",
    "affiliation_known": "the side is known",
    "reason_given": "an anonymous source has a reason",
    "second_source": "another source says it too",
    "meets_policy": "all that the policy asks",
}
LACKING = ("says who it is", "its side", "why no name", "a second source")  # of the first four
SAME_CLAIM = 0.5  # share of the words of the shorter statement that two must have in common
_WORD = re.compile(r"[^\W\d_]{4,}")


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
    return found.sort_values("share", ascending=False, kind="stable", ignore_index=True)


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

    Needs the rows of `add_chain`. Columns: speaker, affiliation, relay, relay_ownership, chain
    ("speaker → outlet → …"), articles, attributions.
    """
    keys = list(types_of("chains"))[:-2]
    return counting.rank(counting.tally(chained, *keys), "attributions", "articles", then="chain")


# ------------------------------------------------------------------------------------- position


def add_position(attributions: pd.DataFrame, blocks: pd.DataFrame) -> pd.DataFrame:
    """Add `position`: headline, standfirst, or the third of the body in which the words begin.

    The thirds are of the body's length in characters; what stands in no such part is elsewhere.
    """
    own = blocks.loc[blocks["role"] == "body", ["article_id", "start", "end"]]
    own = pa.Table.from_pandas(own, preserve_index=False).group_by("article_id")
    body = own.aggregate([("start", "min"), ("end", "max")]).to_pandas()
    body = body.rename(columns={"start_min": "first", "end_max": "last"})
    body = body.astype({"first": float, "last": float})
    places = tables.find_places(attributions["article_id"], body["article_id"])
    first, last = (
        pd.Series(body[name].array.take(places, allow_fill=True), index=attributions.index)
        for name in ("first", "last")
    )
    length = (last - first).where(last > first)
    part = ((attributions["start"] - first) / length).astype(float)
    thirds = pd.cut(part, [-float("inf"), 1 / 3, 2 / 3, float("inf")], labels=POSITIONS[2:5])
    role = attributions["role"].astype("str")
    in_body = thirds.astype(object).where(role == "body")
    position = role.where(role.isin(POSITIONS[:2]), in_body)
    kinds = pd.CategoricalDtype(sorted(POSITIONS))
    return attributions.assign(position=position.fillna(POSITIONS[-1]).astype(kinds))


def measure_positions(attributions: pd.DataFrame) -> pd.DataFrame:
    """Measure what kinds of source stand where; one row is one source_type in one `position`.

    Rows are in the order of the story. Needs the column of `add_position`.
    """
    found = shares.measure_shares(attributions, "source_type", by="position")
    parts = [name for name in POSITIONS if name in set(found["position"])]
    found = found.assign(position=pd.Categorical(found["position"], parts, ordered=True))
    return found.sort_values("position", kind="stable", ignore_index=True)


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
    common = lexicons.read_words("common_words", "claims")
    for together in np.split(order, np.flatnonzero(np.diff(article[order])) + 1):
        if len(set(source[together])) < 2:
            continue
        texts = attributions["text"].iloc[together].str.lower()
        words = [set(_WORD.findall(text)) - common for text in texts]
        own = list(zip(together, source[together], words, strict=True))
        for place, who, said in own:
            if told[place] >= 0:
                same = any(_same_claim(said, other) for _, whose, other in own if whose != who)
                told[place] = SAME if same else OTHER
    support = pd.Categorical.from_codes(told[places], SUPPORT).reorder_categories(sorted(SUPPORT))
    return pd.Series(support, index=wanted)


def _same_claim(one: set[str], other: set[str]) -> bool:
    shorter = min(len(one), len(other))
    return shorter >= 3 and len(one & other) >= SAME_CLAIM * shorter


def audit_unnamed(attributions: pd.DataFrame, codebook_file: str | Path = "") -> pd.DataFrame:
    """Hold every source without a name against the house policy of a codebook.

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
    given = (rows["anonymity_reason"] != "") | (rows["source_type"] != "anonymous source")
    known, second = rows["affiliation"] != "unknown", rows["support"] == SUPPORT[SAME]
    met_each = ~described.isin(empty), known, given, second
    checks = {name: met.astype(bool) for name, met in zip(DEMANDS, met_each, strict=False)}
    short = pd.Series("", index=rows.index, dtype="str")
    for (name, met), lacking in zip(checks.items(), LACKING, strict=True):
        if getattr(policy, name, True):
            short = short.where(met, short + lacking + "; ")
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
    held = audit[[*PLACE, "words"]]
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
        met = shares.measure_shares(held, "met")
        met = met[met["met"].astype(bool)].assign(demand=demand)
        if met.empty and len(held):
            none = pd.DataFrame({"articles": [0], "n": len(held), "count": 0, "demand": demand})
            met = shares.add_share(none)
        found.append(met)
    return lay_out("shares", pd.concat(found, ignore_index=True), ["demand"])


# --------------------------------------------------------------------------------- right of reply


def keep_sure_criticism(aimed: pd.DataFrame, entities: pd.DataFrame) -> pd.DataFrame:
    """Keep the criticism that asks for a reply: sure, by somebody known, of who can answer.

    `aimed` are the rows of `attitudes.join_targets`. Kept are negative ones with a probability of
    at least 0.9, of people named in full and of bodies, said by a known source that is neither the
    one criticised nor speaks with them.
    """
    aimed = set_unclear_apart(aimed)
    told = entities.set_index("entity_id")["label"].reindex(aimed["entity_id"]).to_numpy()
    answers = (told == "ORG") | ((told == "PERSON") & aimed["target"].str.contains(" "))
    pairs = zip(aimed["entity_id"], aimed["speaker_id"], strict=True)
    itself = np.array([one in joint.split(";") for one, joint in pairs], dtype=bool)
    sure = (aimed["polarity"] == "negative") & (aimed["confidence"] >= SURE)
    return aimed[sure & answers & ~itself & ~aimed["speaker"].isin(UNTOLD)]


def find_unheard(blamed: pd.DataFrame, criticised: pd.DataFrame) -> pd.DataFrame:
    """Find the criticism of those who are not heard in the same article, with who says it of whom.

    One row is one of `blamed`, with `about`: "A about B". `criticised` is of `find_criticised`.
    """
    unheard = criticised.loc[criticised["reply"] == REPLIES[-1], ["article_id", "entity_id"]]
    found = blamed.merge(unheard, on=["article_id", "entity_id"])
    about = found["speaker"].astype("str") + " about " + found["target"].astype("str")
    return found.assign(about=about)


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
    keys = list(types_of("criticised"))[:-3]
    first = {name: (name, "first") for name in PLACE[1:]}
    grouped = against.groupby(keys, sort=False)
    found = grouped.agg(**first, criticisms=("article_id", "size")).reset_index()
    criticised = found["article_id"].drop_duplicates()
    said = attributions[["article_id", "speaker_id", "form"]]
    said = said[tables.find_places(said["article_id"], criticised) >= 0]
    spoken = counting.each_speaker(said).dropna(subset=["entity_id"])
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
