"""Which spellings are one outlet: case, articles, slugs of folders, addresses."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable
from functools import cache
from urllib.parse import urlsplit

import pandas as pd

from helpers.read.columns import field_names, plain
from helpers.store.lexicons import read_facts, read_lexicon, read_words

LEAST_NAME = 4  # letters of a name that "the" may stand before, written as one word
MOST_NAMED = 6

_HOST = re.compile(r"(?:[\w-]+\.)+[a-z]{2,}", re.I)
_BETWEEN = re.compile(r"[\W_]+")
_LETTERS = re.compile(r"[^\W\d_]+")
_EDITION = re.compile(
    r"(?:(?<!\s)\s*+[-–—:(]\s*+(?:online|print|web|digital)(?: edition)?\)?|\.com)$", re.I
)


@cache
def told_by_folder(name: str) -> str:
    """Return what the name of a folder tells: the "outlet", a "section", or "" nothing of either.

    A section is made of topics alone ("Arts & Culture", "02_sport"), or is a country; parts of a
    collection tell nothing (dates, "train", "batch 3", "Nexis exports", "fake").
    """
    if plain(name) in _known("outlets", "aliases") | _known("outlets", "name"):
        return "outlet"
    words = {*_LETTERS.findall(name.casefold())}
    names, months = field_names("folder"), read_words("date_words", "month")
    if words <= {*names["part"], *months, *read_words("date_words", "weekday")}:
        return ""
    topics = words <= {*names["section"], *names["part"], *field_names("outlet")["between"]}
    country = _known("places", "name", "country") | _known("demonyms", "demonym")
    return "section" if topics or plain(name) in country else "outlet"


@cache
def _known(lexicon: str, column: str, kind: str = "") -> frozenset[str]:
    written = read_words(lexicon, kind, column)
    return frozenset(plain(one) for several in written for one in several.split("|") if one)


def host_of(url: str) -> str:
    """Return the host of an address without what only says how it is served ("www.", "m.")."""
    try:
        labels = (urlsplit(url).hostname or "").split(".")
    except ValueError:  # "http://[", which is no address
        return ""
    while len(labels) > 2 and labels[0] in field_names("outlet")["served"]:
        del labels[0]
    return ".".join(labels)


def join_outlets(
    articles: pd.DataFrame, given: Collection[str] = ()
) -> tuple[dict[str, str], list[str]]:
    """Return the outlet of each article for which it is another than written, and what was joined.

    Spellings are one outlet when they differ by case, accents, signs or an article before the name,
    when one is the address under which the other appears, or when `outlets.csv` of the lexicons has
    both. An article without an outlet has that of its address. One name is two outlets where
    addresses that bear it lie in two countries. Names in `given` are kept as they are. Needs the
    columns article_id, outlet and url, which may repeat an outlet and host often.
    """
    hosts = articles["url"].map(host_of)
    written = articles["outlet"].where(articles["outlet"] != "", hosts)
    counts = Counter(zip(written, hosts, strict=True))
    outlets = _Outlets(counts, given)
    final = [outlets.name(*pair) for pair in zip(written, hosts, strict=True)]
    changed = {
        article_id: name
        for article_id, before, name in zip(
            articles["article_id"], articles["outlet"], final, strict=True
        )
        if name != before
    }
    return changed, outlets.told()


class _Outlets:
    """Groups the spellings of a corpus, each with how many articles have it at which host."""

    def __init__(self, counts: Counter[tuple[str, str]], given: Collection[str]):
        self.counts, self.given = counts, {*given}
        self.hosts: dict[str, Counter[str]] = defaultdict(Counter)
        for (outlet, host), number in counts.items():
            self.hosts[outlet][host] += number
        self.root = {outlet: outlet for outlet in self.hosts if outlet}
        for same in _alike(outlet for outlet in self.root if not _HOST.fullmatch(outlet)):
            self._join(same)
        at_home = dict(self._at_one_host())
        for same in [
            *map(list, at_home.items()),
            *_alike(one for one in self.root if one not in at_home),
        ]:
            self._join(same)
        groups: dict[str, list[str]] = defaultdict(list)
        for outlet in self.root:
            groups[self._find(outlet)].append(outlet)
        self.groups = {outlet: tuple(of) for of in groups.values() for outlet in of}
        self.names = {of: self._choose(of) for of in self.groups.values()}
        self.countries = {of: self._countries(of) for of in self.groups.values()}

    def name(self, outlet: str, host: str) -> str:
        """Return the one name of what is written so and appears there."""
        if not outlet:
            return ""
        of = self.groups[outlet]
        apart = self.countries[of].get(_country(host), "")
        return f"{self.names[of]} ({apart})" if apart else self.names[of]

    def told(self) -> list[str]:
        """Say in words which spellings are one outlet, and which outlet is two."""
        told = []
        for of, name in self.names.items():
            if others := [outlet for outlet in of if outlet != name]:
                those = ", ".join(map(repr, others[:MOST_NAMED])) + (
                    " …" if len(others) > MOST_NAMED else ""
                )
                told.append(f"one outlet: {name!r} is also written {those}; outlets.csv decides")
            if apart := self.countries[of].values():
                told.append(f"{name!r} is several outlets, by address: {', '.join(apart)}")
        return told

    def _find(self, outlet: str) -> str:
        while self.root[outlet] != outlet:
            outlet = self.root[outlet]
        return outlet

    def _join(self, same: Iterable[str]) -> None:
        """Make spellings one outlet, but never two names that were given."""
        roots = list(dict.fromkeys(map(self._find, same)))
        named = [root for root in roots if root in self.given]
        if len(named) < 2:
            for root in roots:
                self.root[root] = (named or roots)[0]

    def _at_one_host(self) -> Iterable[tuple[str, str]]:
        """Yield the addresses that are written as outlets, with the one outlet that they bear."""
        named: dict[str, set[str]] = defaultdict(set)
        for outlet, host in self.counts:
            if host and outlet and not _HOST.fullmatch(outlet):
                named[host].add(self._find(outlet))
        for outlet in self.root:
            bearers = named.get(host_of(f"//{outlet}") if _HOST.fullmatch(outlet) else "", set())
            if len(bearers) == 1:
                yield outlet, next(iter(bearers))

    def _choose(self, of: tuple[str, ...]) -> str:
        """Return the spelling to be shown: given, no address, no slug, the most frequent."""
        return max(
            of,
            key=lambda outlet: (
                outlet in self.given,
                not _HOST.fullmatch(outlet),
                outlet == _of_its_country(_EDITION.sub("", outlet)) and ", " not in outlet,
                _forms(outlet)[1] not in _listed(),
                outlet != outlet.casefold() or not outlet.isascii(),
                " " in outlet,
                outlet != outlet.upper(),
                self.hosts[outlet].total(),
                len(outlet),
                outlet,
            ),
        )

    def _countries(self, of: tuple[str, ...]) -> dict[str, str]:
        """Return the address in each country, where addresses that bear the name lie in several."""
        forms = {form for outlet in of for form in _forms(outlet)[:2]}
        bearing: dict[str, Counter[str]] = defaultdict(Counter)
        for outlet in of:
            for host, number in self.hosts[outlet].items():
                if (country := _country(host)) and any(form in plain(host) for form in forms):
                    bearing[country][host] += number
        if len(bearing) < 2 or self.given & {*of}:
            return {}
        return {country: hosts.most_common(1)[0][0] for country, hosts in bearing.items()}


@cache
def _country(host: str) -> str:
    return read_facts("domains", "domain", "country").get(host.rpartition(".")[2], "")


@cache
def _forms(outlet: str) -> tuple[str, str, str]:
    """Return a name as one word, without the article before it, and that article."""
    if _HOST.fullmatch(outlet):
        labels = host_of(f"//{outlet.lower()}").split(".")[:-1]
        level = field_names("outlet")["level"]
        outlet = next((label for label in reversed(labels) if label not in level), labels[-1])
    outlet = _of_its_country(_EDITION.sub("", outlet))
    name, comma, last = outlet.rpartition(", ")
    articles = field_names("outlet")["article"]
    outlet = f"{last} {name}" if comma and last.casefold() in articles else outlet
    words = [plain(word) for word in _BETWEEN.split(outlet)]
    words = [word for word in words if word and word not in field_names("outlet")["between"]]
    article = words[0] if len(words) > 1 and words[0] in articles else ""
    return "".join(words), "".join(words[bool(article) :]), article


def _of_its_country(outlet: str) -> str:
    """Return a name without the country or capital in brackets behind it that is its own."""
    name, bracket, place = outlet.rstrip(")").rpartition("(")
    own = _country_of_listed().get(_forms(name)[1], "") if bracket else ""
    lists = (read_facts("places", "name", "country", kind) for kind in ("capital", "country"))
    town = place.partition(",")[0].strip()
    return name.strip() if own and own in (places.get(town) for places in lists) else outlet


@cache
def _country_of_listed() -> dict[str, str]:
    listed = read_lexicon("outlets")
    return {_forms(row.name)[1]: row.country for row in listed.itertuples()}


@cache
def _listed() -> dict[str, str]:
    """Return the name of a known outlet by each of its aliases, all as one word."""
    rows = read_lexicon("outlets")[["name", "aliases"]].itertuples(index=False)
    aliases = [
        (_forms(one)[1], _forms(row.name)[1]) for row in rows for one in row.aliases.split("|")
    ]
    often = Counter(alias for alias, _ in aliases)
    return {alias: name for alias, name in aliases if alias and often[alias] == 1}


def _alike(outlets: Iterable[str]) -> Iterable[list[str]]:
    """Yield the spellings that are one name."""
    whole, short = defaultdict(list), defaultdict(list)
    articles = defaultdict(set)
    for outlet in outlets:
        as_one, bare, article = _forms(outlet)
        whole[as_one].append(outlet)
        short[_listed().get(bare, bare)].append(outlet)
        articles[_listed().get(bare, bare)].add(article)
    for as_one, same in whole.items():
        yield same
        bare = as_one.removeprefix("the")
        if bare != as_one and len(bare) >= LEAST_NAME and bare in whole:
            yield [*same, *whole[bare]]
    for bare, same in short.items():
        if len(articles[bare] - {""}) < 2:  # else "The Post" would be "Die Post"
            yield same
