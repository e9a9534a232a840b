"""The quotations: every statement with its words, and what can be said of them all in a line."""

from __future__ import annotations

from itertools import compress

import pandas as pd

from helpers.annotate import doubt
from helpers.measure.select import find_each, lay_out
from helpers.measure.shares import count_of, percent

UNSURE = 0.5


def list_quotations(attributions: pd.DataFrame, articles: pd.DataFrame) -> pd.DataFrame:
    """List statements with their words; one row is one statement, in the order of publication.

    `attributions` are rows as `select.join_articles` gives them. The columns are those of
    "quotations" in data/columns.csv: who speaks, the source as written, the words and their cue,
    what kind of source it is, which of these is less than half sure, the tone with its doubt,
    and where the sentence stands: the article, its file or address, and the characters in its text.
    Statements of articles without a date come last. Raises MergeError when an article stands twice.
    """
    told = ("headline", "url", "path")
    places = find_each(attributions["article_id"], articles["article_id"])
    known = {name: articles[name].array.take(places) for name in told}
    doubted = (attributions[[*doubt.Sure._fields]] < doubt.UNCLEAR).to_numpy()
    coded = [name.removesuffix("_confidence") for name in doubt.Sure._fields]
    unclear = [", ".join(compress(coded, row)) for row in doubted]
    rows = attributions.assign(**known, words=attributions["text"], unclear=unclear)
    order = ["published", "outlet", "article_id", "start"]
    rows = rows.sort_values(order, kind="stable", na_position="last", ignore_index=True)
    return lay_out("quotations", rows)


def say_quotations(rows: pd.DataFrame) -> list[str]:
    """Say in a few sentences, each with its n, what the rows of `list_quotations` are."""
    if rows.empty:
        return ["No statement of anybody was found in these articles."]
    n = len(rows)
    named = rows["source_type"].isin(["named person", "named organisation"])
    quoted = rows["form"] != "indirect"
    doubted = rows["confidence"] < UNSURE
    speaker = rows["unclear"].str.startswith("speaker")
    return [
        f"{count_of(n, 'statement')} in {count_of(rows['article_id'].nunique(), 'article')}; "
        f"{percent(named.mean())} of them from people and bodies that are named.",
        f"{percent(quoted.mean())} of {n:,} are in quotation marks, wholly or in part; the others "
        "are in the reporter's words.",
        f"Of {count_of(int(doubted.sum()), 'statement')} the program is less than half sure that "
        f"they are somebody's words, and of {int(speaker.sum()):,} that it has the right speaker.",
    ]


def rank_doubted(rows: pd.DataFrame) -> pd.DataFrame:
    """Return statements with those first of which the program is least sure; all of them."""
    known = rows.dropna(subset=["confidence"])
    return known.sort_values("confidence", kind="stable", ignore_index=True)
