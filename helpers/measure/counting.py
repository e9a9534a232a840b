"""Counts of articles, names, pairs, speakers, sources, voices; a docstring says what a row is."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from helpers.measure.select import PLACE, find_each, lay_out, name_apart, types_of
from helpers.measure.shares import MINIMUM, add_article_share, add_share, name_most
from helpers.store import schema, tables

COUNTED_AT_ONCE = 20_000  # articles, of those counted as pairs
NAMINGS = ("anonymous", "named", "unnamed")
PAIRED_ENTITIES = 200
SPOKEN = [*PLACE, "words", "speaker", "speaker_id", "speaker_confidence"]
_OF_FILE = re.compile(r"#\d+$")  # the number of an article in its file


def tally(frame: pd.DataFrame, *keys: str, rows: str = "attributions", **more: Any) -> pd.DataFrame:
    """Count articles and, under the name `rows`, rows for each combination of values of `keys`.

    `more` are further columns as `DataFrameGroupBy.agg` takes them. What most articles have comes
    first, of equal ones what most rows have, then by the last key.
    """
    counts = frame.groupby(list(keys)).agg(
        articles=("article_id", "nunique"), **{rows: ("article_id", "size")}, **more
    )
    return rank(counts.reset_index(), "articles", rows, then=keys[-1])


def add_marks(articles: pd.DataFrame) -> pd.DataFrame:
    """Add whether each article is undated, a copy of another, and from_wire: an agency's."""
    return articles.assign(
        undated=articles["published"].isna(),
        copy=articles["duplicate_of"] != "",
        from_wire=articles["wire"] != "",
    )


def count_articles(articles: pd.DataFrame) -> pd.DataFrame:
    """Count what each outlet has; one row is one outlet, the one with most articles first.

    Columns: articles, words, first and last day, undated, copies (marked as duplicates), wire.
    """
    outlets = add_marks(articles).groupby("outlet")
    counts = outlets.agg(
        articles=("article_id", "size"),
        words=("words", "sum"),
        first=("published", "min"),
        last=("published", "max"),
        undated=("undated", "sum"),
        copies=("copy", "sum"),
        wire=("from_wire", "sum"),
    )
    counts = counts.astype({"words": "int64"}).sort_values("articles", ascending=False)
    days = {column: pd.to_datetime(counts[column]).dt.normalize() for column in ("first", "last")}
    return counts.assign(**days).reset_index()


def add_file(rows: pd.DataFrame) -> pd.DataFrame:
    """Add the file that each path lies in: that of "export.csv#12" is "export.csv"."""
    return rows.assign(file=rows["path"].str.replace(_OF_FILE, "", regex=True))


def count_files(
    articles: pd.DataFrame, problems: pd.DataFrame, announced: dict[str, int]
) -> pd.DataFrame:
    """Count what was read from each file; one row is one file, those with most problems first.

    Columns: file, articles, announced (how many it says that it holds, where it says so; this is
    the manifest's), incomplete (articles of which only a part is here), problems.
    """
    files = add_file(articles)["file"]
    columns = {
        "articles": files.value_counts(),
        "announced": pd.Series(announced, dtype="int64"),
        "incomplete": files[articles["complete"] == "no"].value_counts(),
        "problems": add_file(problems)["file"].value_counts(),
    }
    counts = pd.DataFrame(columns).rename_axis("file").reset_index()
    counts = counts.fillna({name: 0 for name in columns if name != "announced"})
    return rank(lay_out("files", counts), "problems", "articles", then="file")


def name_period(articles: pd.DataFrame) -> str:
    """Name the first and last day of the dated articles ("2 March 2026 to 24 May 2026")."""
    if articles["published"].isna().all():
        return "no dates"
    first, last = (name_day(articles["published"].agg(end)) for end in ("min", "max"))
    return first if first == last else f"{first} to {last}"


def name_day(day: pd.Timestamp, form: str = "%B %Y") -> str:
    """Write a day without a leading zero ("2 March 2026"), on any system."""
    return f"{day.day} {day:{form}}"


def measure_lengths(articles: pd.DataFrame) -> pd.DataFrame:
    """Measure the words of each outlet's articles; one row is one outlet, the longest first.

    Columns: articles, shortest, median, longest.
    """
    lengths = articles.groupby("outlet")["words"].agg(
        articles="size", shortest="min", median="median", longest="max"
    )
    return rank(lengths.reset_index(), "median", "longest", then="outlet")


def name_longest(lengths: pd.DataFrame) -> str:
    """Name the outlet with the longest articles, of those with several, for a title."""
    several = lengths[lengths["articles"] >= MINIMUM]
    if several.empty:
        return "How many words each article has"
    return f"Longest by the median, of five or more: {name_most(several, 'outlet', 'median')}"


def join_blocks(blocks: pd.DataFrame, articles: pd.DataFrame) -> pd.DataFrame:
    """Keep the blocks that lie in `articles` and add their number of words."""
    joined = blocks.merge(
        articles[["article_id", "text"]], on="article_id", how="inner", validate="many_to_one"
    )
    words = [
        len(text[start:end].split())
        for text, start, end in zip(joined["text"], joined["start"], joined["end"], strict=True)
    ]
    return joined.drop(columns="text").assign(words=pd.Series(words, index=joined.index, dtype=int))


def count_roles(blocks: pd.DataFrame, roles: Sequence[str] = ()) -> pd.DataFrame:
    """Count the words of each structure role; one row is one role: blocks, words, share, counted.

    `counted` says whether the role is among `roles`, the ones that other notebooks count. Needs the
    rows of `join_blocks`.
    """
    counts = blocks.groupby("role").agg(
        articles=("article_id", "nunique"), blocks=("start", "size"), words=("words", "sum")
    )
    counts = counts.astype({"words": "int64"}).sort_values("words", ascending=False).reset_index()
    total = counts["words"].sum()
    return counts.assign(
        share=counts["words"] / total if total else 0.0, counted=counts["role"].isin(roles)
    )


def pair_duplicates(articles: pd.DataFrame) -> pd.DataFrame:
    """Pair each copy with its original; one row is one copy.

    The original may lie outside the selection: its columns are then empty.
    """
    told = [*types_of("article"), "duplicate_kind", "duplicate_of"]
    copies = articles.loc[articles["duplicate_of"] != "", told]
    originals = articles[["article_id", "outlet", "published"]].add_prefix("original_")
    return copies.merge(
        originals,
        left_on="duplicate_of",
        right_on="original_article_id",
        how="left",
        validate="many_to_one",
    ).drop(columns="original_article_id")


def count_values(frame: pd.DataFrame, *columns: str) -> pd.DataFrame:
    """Count rows and articles for each combination of values, most rows first."""
    counts = frame.groupby(list(columns), dropna=False).agg(
        count=("article_id", "size"), articles=("article_id", "nunique")
    )
    return counts.sort_values("count", ascending=False, kind="stable").reset_index()


def count_entities(mentions: pd.DataFrame, by: str = "") -> pd.DataFrame:
    """Count mentions and articles of each entity; one row is one entity (in one `by`, if given).

    The entity in most articles comes first. Needs the columns of `join_entities`.
    """
    keys = [*([by] if by else []), "entity_id", "label", "entity"]
    counts = tally(mentions, *keys, rows="mentions")
    return lay_out("entities", counts, keys[:-3])


def rank(counts: pd.DataFrame, *largest: str, then: str) -> pd.DataFrame:
    """Order rows by numbers, the largest first, and rows of equal numbers by `then`."""
    order = [False] * len(largest) + [True]
    return counts.sort_values([*largest, then], ascending=order).reset_index(drop=True)


def measure_entities(
    mentions: pd.DataFrame, articles: pd.DataFrame, chosen: pd.DataFrame, by: str
) -> pd.DataFrame:
    """Measure the share of the articles of each `by` that mention each chosen entity.

    One row is one entity of `chosen` in one value of `by`, zeros included: articles, n, share,
    low, high.
    """
    n = articles.groupby(by).size()
    counts = count_entities(mentions, by).set_index([by, "entity_id"])["articles"]
    told = chosen[["entity_id", "entity"]].merge(n.rename("n").reset_index(), how="cross")
    places = pd.MultiIndex.from_frame(told[[by, "entity_id"]])
    told["articles"] = counts.reindex(places, fill_value=0).to_numpy()
    return add_article_share(told, n)


def count_aliases(mentions: pd.DataFrame, entities: pd.DataFrame) -> pd.DataFrame:
    """Count the ways each entity is written; one row is one entity that is written in several.

    `written` lists them with their mentions, `merge_reason` says why they are one name.
    """
    counts = mentions.groupby(["entity_id", "text"]).size().rename("mentions").reset_index()
    counts = counts[counts["entity_id"] != ""]
    counts = counts.sort_values(["entity_id", "mentions", "text"], ascending=[True, False, True])
    counts["written"] = counts["text"] + " (" + counts["mentions"].astype(str) + ")"
    merged = counts.groupby("entity_id").agg(
        written=("written", "; ".join), ways=("text", "size"), mentions=("mentions", "sum")
    )
    merged = merged[merged["ways"] > 1].reset_index()
    merged = merged.merge(entities, on="entity_id", validate="one_to_one")
    return rank(lay_out("aliases", merged), "mentions", "ways", then="entity")


def count_pairs(mentions: pd.DataFrame, n_articles: int) -> pd.DataFrame:
    """Count the articles that mention both of two entities; one row is one pair.

    `expected` is the number if the two were mentioned independently of one another, `ratio` how
    many times more often they meet. The 200 most widely mentioned entities are paired.
    """
    widest = count_entities(mentions).drop_duplicates("entity").head(PAIRED_ENTITIES)
    names = np.sort(widest["entity"].to_numpy(str))
    named = mentions[mentions["entity"].isin(names)]
    place, articles = pd.factorize(named["article_id"])
    present = np.zeros((len(articles), len(names)), bool)
    present[place, tables.find_places(named["entity"], pd.Series(names))] = True
    both = np.zeros((len(names), len(names)))
    for low in range(0, len(present), COUNTED_AT_ONCE):
        part = present[low : low + COUNTED_AT_ONCE].astype(np.float32)
        both += part.T @ part
    first, second = np.nonzero(np.triu(both, 1))
    alone = present.sum(0, dtype=float)
    expected = alone[first] * alone[second] / max(n_articles, 1)
    met = both[first, second]
    pairs = pd.DataFrame({"entity": names[first], "entity_with": names[second]})
    pairs = pairs.assign(articles=met.astype(int), expected=expected, ratio=met / expected)
    return rank(pairs, "articles", "ratio", then="entity")


def find_pairs(mentions: pd.DataFrame, pairs: pd.DataFrame) -> pd.DataFrame:
    """Find what is behind `count_pairs`: where two entities are first named in a common article.

    One row is one of the two in one article: entity, entity_with, article_id, start, end.
    """
    keys = ["entity", "entity_with"]
    named = mentions["entity"].isin(pd.unique(pairs[keys].to_numpy().ravel()))
    first = mentions.loc[named, [*PLACE, "entity"]].drop_duplicates(["article_id", "entity"])
    met = first.merge(first, on="article_id", suffixes=("", "_with"), validate="many_to_many")
    met = met[met["entity"] < met["entity_with"]].merge(pairs[keys], validate="many_to_one")
    columns = [*keys, *PLACE]
    other = met[[*keys, "article_id", "start_with", "end_with"]].set_axis(columns, axis=1)
    return pd.concat([met[columns], other], ignore_index=True)


def count_speakers(attributions: pd.DataFrame, by: str = "") -> pd.DataFrame:
    """Count what each speaker says; one row is one speaker (in one `by`, if given).

    Columns: articles, attributions, words, direct, mixed, indirect. A source without a name is
    one row per description as written, with `named` false: "officials" in two articles need not
    be the same officials.
    """
    forms = {form: attributions["form"] == form for form in schema.FORMS}
    sums: dict[str, Any] = {name: (name, "sum") for name in ("words", *forms)}
    keys = [*([by] if by else []), "speaker_id", "named", "speaker"]
    counts = tally(attributions.assign(**forms), *keys, **sums)
    return lay_out("speakers", counts, keys[:-3])


def keep_names(rows: pd.DataFrame) -> pd.DataFrame:
    """Keep the rows whose speaker has a name of its own: "police" are others in each place."""
    described = rows["speaker"].str.islower().astype(bool)
    return rows[rows["named"].astype(bool) & ~described]


def count_relays(attributions: pd.DataFrame, by: str = "") -> pd.DataFrame:
    """Count what reached the article through another outlet; one row is one relaying outlet.

    Columns: relay, relay_ownership, carrier (both in one), articles, attributions, words,
    speakers. With `by`, for instance "speaker", one row is one value of it and one relay.
    """
    relayed = attributions[attributions["relay"] != ""]
    keys = [*([by] if by else []), "relay_ownership", "relay"]
    more: dict[str, Any] = {"words": ("words", "sum"), "speakers": ("speaker", "nunique")}
    counts = tally(relayed, *keys, **more)
    carrier = counts["relay"] + " (" + counts["relay_ownership"].astype("str") + ")"
    return lay_out("relays", counts.assign(carrier=carrier), keys[:-2])


def name_replies(replies: pd.DataFrame, entities: pd.DataFrame) -> pd.DataFrame:
    """Put the name of who was asked into `who`: "(not named)" where the article names nobody."""
    names = name_apart(entities)[["entity_id", "entity"]]
    named = replies.merge(names, on="entity_id", how="left", validate="many_to_one")
    return named.assign(who=named["entity"].fillna("(not named)"))


def count_replies(replies: pd.DataFrame) -> pd.DataFrame:
    """Count who did not answer, and how; one row is one body and kind of reply.

    Needs the rows of `name_replies`.
    """
    return lay_out("replies counted", tally(replies, "kind", "who", rows="replies"))


def add_source(attributions: pd.DataFrame) -> pd.DataFrame:
    """Add `source`, by which the sources of an article are told apart: an id or else a name."""
    source = attributions["speaker_id"]
    unknown = source == ""
    if unknown.any():
        folded = attributions.loc[unknown, "speaker"].str.casefold()
        source = source.where(~unknown, folded.reindex(source.index))
    return attributions.assign(source=source)


def count_sources(articles: pd.DataFrame, attributions: pd.DataFrame) -> pd.DataFrame:
    """Count the sources of each article, fewest first but none last; one row is one article.

    Columns: article_id, outlet, published, headline, attributions, sources, named_sources. A
    source is a speaker; all words without a known speaker count as one source of their article.
    """
    said = attributions if "source" in attributions else add_source(attributions)
    said = said.assign(name=said["source"].where(said["named"]))
    counts = said.groupby("article_id").agg(
        attributions=("source", "size"),
        sources=("source", "nunique"),
        named_sources=("name", "nunique"),
    )
    told = articles[list(types_of("article"))].merge(counts, on="article_id", how="left")
    told = told.fillna(dict.fromkeys(counts, 0)).astype(dict.fromkeys(counts, "int64"))
    told = told.assign(none=told["sources"] == 0).sort_values(["none", "sources", "article_id"])
    return told.drop(columns="none").reset_index(drop=True)


def count_single_source(sources: pd.DataFrame) -> pd.DataFrame:
    """Count per outlet the articles that rest on one source; needs the rows of `count_sources`.

    One row is one outlet: articles (with one source), n (with any source), share, low, high.
    """
    sourced = sources[sources["sources"] > 0]
    single = sourced.assign(single=sourced["sources"] == 1)
    counts = single.groupby("outlet").agg(articles=("single", "sum"), n=("single", "size"))
    shares = add_article_share(counts.reset_index()[["outlet", "articles"]], counts["n"])
    return shares.sort_values("share", ascending=False, kind="stable").reset_index(drop=True)


def add_naming(attributions: pd.DataFrame) -> pd.DataFrame:
    """Add `naming`: whether the source is named, unnamed, or anonymous (its name is withheld)."""
    unnamed = np.where(attributions["named"].astype(bool), 1, 2)
    codes = np.where(attributions["source_type"] == "anonymous source", 0, unnamed)
    return attributions.assign(naming=pd.Categorical.from_codes(codes, NAMINGS))


# --------------------------------------------------------------------------- mention and voice


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
    keys = ["entity_id", "entity", "label"]
    nameless = mentions["entity_id"] == ""
    named = (mentions[~nameless] if nameless.any() else mentions)[[*keys, *PLACE]]
    names = named[keys].drop_duplicates("entity_id")
    spoken = each_speaker(attributions)[["entity_id", *PLACE, "words"]].assign(speaks=True)
    places = find_each(spoken["entity_id"], names["entity_id"])
    spoken, places = spoken[places >= 0], places[places >= 0]
    told = {name: names[name].array.take(places) for name in keys[1:]}
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
    voice = add_share(lay_out("voices", voice.fillna(0).reset_index()), "speaking", "articles")
    return rank(voice, "articles", "speaking", then="entity")


def name_heard(voice: pd.DataFrame) -> str:
    """Name who is heard in most articles, or in few articles speaks most words, for a title."""
    if voice["articles"].max() >= MINIMUM:
        return f"Heard in most articles: {name_most(voice, 'entity', 'speaking')}"
    return f"Speaking most words: {name_most(voice, 'entity', 'words')}"
