"""The country an article is at home in, and the sources that belong there."""

import pytest

from helpers.annotate.home import home_country
from helpers.text.article import Article


@pytest.mark.parametrize(
    ("article", "mentions", "country"),
    [
        (Article("x"), [], ""),
        (Article("x"), [(900, "Oslo", "GPE", "NOR"), (950, "Lima", "GPE", "PER")] * 2, "NOR"),
        (Article("x"), [(900, "Oslo", "GPE", "NOR"), (10, "Lima", "GPE", "PER")], "PER"),
        (Article("x"), [(900, "Bayombong", "GPE", "")], "PHL"),
        (Article("x"), [(900, "Bayombong", "PERSON", "")], ""),
        (Article("x", outlet="Xinhua"), [(900, "Oslo", "GPE", "NOR")] * 3, "CHN"),
        (Article("x", outlet="mexico_evening_post"), [], "MEX"),
        (Article("x", outlet="The Evening Post", url="https://post.co.nz/a"), [], "NZL"),
        (Article("x", url="https://post.com/a.nz"), [], ""),
        (Article("x", outlet="The Valley Mercury"), [], ""),
        (Article("x"), [(900, "Oslo", "GPE", "NOR")] + [(950, "Marland", "GPE", "")], "NOR"),
        (Article("x"), [(900, "Oslo", "GPE", "NOR")] + [(950, "Marland", "GPE", "")] * 2, ""),
    ],
)
def test_home_is_the_country_named_most_the_outlets_own_counted(article, mentions, country):
    assert home_country(article, mentions) == country
