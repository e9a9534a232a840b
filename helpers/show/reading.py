"""An article to choose by outlet, day and kind of source, and views that follow the choice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

from helpers.measure.shares import count_of
from helpers.show import grids, reader
from helpers.show.forms import EVERY, Form, View, field_of, same
from helpers.store import tables

LISTED = 300
DOUBTED = 3
FILTERS = ("outlet", "type", "since", "until")


class Reading(Form):
    """A form that chooses an article; its views show things about the article chosen."""

    def __init__(
        self, articles: pd.DataFrame, attributions: pd.DataFrame, folder: str | Path, wanted: str
    ):
        self.articles, self.attributions, self.folder = articles, attributions, folder
        first = reader.choose_article(articles, attributions, wanted)
        self.begin = first["article_id"].iloc[0] if len(first) else ""
        types = sorted(attributions["source_type"].astype(str).unique())
        outlets = sorted(articles["outlet"].unique())
        fields = [field_of("article", "Article", self.choices) | {"empties": "words"}]
        fields.append(field_of("words", "or words of the headline, path or id") | {"wide": True})
        fields.append(field_of("outlet", "of", same([EVERY, *outlets])))
        fields.append(field_of("type", "with", same([EVERY, *types])))
        fields += [field_of("since", "since"), field_of("until", "until")]
        values = {"article": self.begin, "words": "", "outlet": EVERY, "type": EVERY}
        shown = [field for field in fields if len(articles) or field["name"] == "words"]
        super().__init__(shown, values | {"since": "", "until": ""}, self._read, self._step)

    def among(self, values: Mapping[str, str]) -> pd.DataFrame:
        """Return the articles that the filters leave, in the order of the list."""
        chosen = tables.keep_dates(self.articles, values.get("since", ""), values.get("until", ""))
        if values.get("outlet", EVERY) != EVERY:
            chosen = chosen[chosen["outlet"] == values["outlet"]]
        if values.get("type", EVERY) != EVERY:
            of_type = self.attributions["source_type"] == values["type"]
            chosen = chosen[chosen["article_id"].isin(self.attributions[of_type]["article_id"])]
        return chosen.sort_values(["outlet", "published", "headline"])

    def choices(self, values: Mapping[str, str]) -> list[list[str]]:
        """Return the first articles that the filters leave, by outlet and headline."""
        try:
            among = self.among(values)
        except ValueError:  # a day that is none: the page says so
            among = self.articles
        own = among[among["article_id"] == values.get("article")]
        listed = pd.concat([own, among.head(LISTED)]).drop_duplicates("article_id")
        return [
            [row.article_id, f"{row.outlet}: {row.headline[:80] or row.path}"]
            for row in listed.loc[among.index.intersection(listed.index, sort=False)].itertuples()
        ]

    def chosen(self, values: Mapping[str, str]) -> pd.DataFrame:
        """Return the article chosen, as a frame of one row, or of none."""
        asked = values.get("words", "").strip() or values.get("article") or ""
        if asked or not len(self.articles):
            return reader.choose_article(self.articles, self.attributions, asked)
        return self.among(values).head(1)

    def statements(self, columns: Sequence[str]) -> View:
        """Return a view of the statements of the article chosen; one row is one statement."""
        return self.follow(lambda values: grids.write(self._said(values)[list(columns)]))

    def sentences(self, told: Sequence[str], number: int = 0) -> View:
        """Return a view of its least sure statements where they stand, or of that of a number."""

        def show(values: Mapping[str, str]) -> str:
            said = self._said(values)
            unsure = said.sort_values("confidence", kind="stable").head(DOUBTED)
            said = said[said["no"] == number] if number else unsure
            return reader.evidence(said, self.folder, told=told)._repr_html_()

        return self.follow(show)

    def _said(self, values: Mapping[str, str]) -> pd.DataFrame:
        said = reader.attributions_of(self.chosen(values), self.folder)
        return said[said["attribution_id"].isin(self.attributions["attribution_id"])]

    def _read(self, values: Mapping[str, str]) -> str:
        left = f"<p>{count_of(len(self.among(values)), 'article')} to choose from.</p>"
        filtered = any(values.get(name, EVERY) not in (EVERY, "") for name in FILTERS)
        return left * filtered + reader.reader(self.chosen(values), self.folder).html

    def _step(self, values: Mapping[str, str], by: int) -> dict[str, str]:
        ids = self.among(values)["article_id"].tolist()
        now = self.chosen(values)["article_id"].tolist()
        place = ids.index(now[0]) + by if now and now[0] in ids else 0
        return {"words": "", "article": ids[min(max(place, 0), len(ids) - 1)]} if ids else {}


def read_article(
    articles: pd.DataFrame, attributions: pd.DataFrame, folder: str | Path, wanted: str = ""
) -> Reading:
    """Choose an article and read it with its marks; begins with `wanted` as `choose_article` does.

    Up to 300 articles are listed by headline, fewer by outlet, day or kind of source; words of the
    headline can be typed. Whichever was used last is read. Its neighbours are a step away.
    """
    return Reading(articles, attributions, folder, wanted)
