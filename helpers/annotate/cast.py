"""The cast of one article: everybody and everything it names, and what each of them is.

A name is read here once more with the article's eyes: a "person" that has a chief executive is a
body, a surname stands for the one who bears it, a name that no mention covers is added.
"""

from __future__ import annotations

import calendar
import re
from bisect import bisect_left, insort
from itertools import pairwise
from typing import NamedTuple

from helpers.annotate import descriptions, names, relays
from helpers.annotate.pronouns import (
    Discourse,
    Referent,
    gender_after,
    gender_before,
    given_name,
    read_gender,
)

REACH = 6000  # characters back in which names are sought
KINDS = {"PERSON": "person", "ORG": "body", "GPE": "place"}
NAMES = ("PERSON", "ORG", "GPE", "FAC", "LOC")
SPEAKERS = " and "  # between the names of several who speak as one
IDS = ";"  # between their entity_ids

_PAIR = re.compile(r"(?:,[^,.\n]{2,60})?,?\s+and\s+(?:[\w.’'-]+\s+){0,4}")
_OWNS = re.compile(
    r"[’']s?\s+(?:\w+\s+){0,2}?(?:chief executive|managing director|chief|director|chair\w*|boss|"
    r"leader|founder|spokes\w+|shares|headquarters|owner|employees|staff|workers|website|report|board|"
    r"lawyers?|engineers?|members)\b"
)
_BODY_BEFORE = re.compile(r"\b(?P<noun>[a-z]+),?\s+(?:called\s+)?$")
_BODY_AFTER = re.compile(r",\s+(?:the|an?)\s+(?P<words>[^,.;\n]{2,60})")
_CAPITALS = r"[A-Z][\w&-]*(?:[ ][A-Z][\w&-]*)*"
_BODY_NAMED = re.compile(rf"(?<![\w’'])(?P<noun>[a-z]+),?[ ](?P<name>{_CAPITALS})")
BROADCASTERS = frozenset({"broadcaster", "network", "channel", "station"})
PAPERS = frozenset({"newspaper", "paper", "daily", "weekly", "tabloid"})
COMPANIES = frozenset({"company", "firm", "business", "manufacturer"})
OUTLET_NOUNS = BROADCASTERS | PAPERS | {"magazine", "agency", "outlet", "website", "service"}
_BODY_APPOSED = re.compile(
    rf"(?<![\w’'])(?P<name>{_CAPITALS}),[ ](?=(?:the|an?|its)[ ](?P<words>[^,.;:\n]{{2,60}}))"
)
_BODY_WHICH = re.compile(rf"(?:^|(?<=[.\n]\s)|(?<=\n))(?P<name>[A-Z][\w&-]*[ ]{_CAPITALS}), which ")
_TAKEN_UP = re.compile(r"(?:The|It)\b")
_DAYS = frozenset([*calendar.day_name, *calendar.month_name])
_PERSON_AFTER = re.compile(r",\s+(?:aged\s+)?\d{1,3}\b|\s+\(\d{1,3}\)|,\s+who\b")


class Mention(NamedTuple):
    """A name where it stands, and whom it names."""

    start: int
    end: int
    text: str
    label: str
    referent: Referent


class Cast:
    """The names of an article, in order, and the memory that pronouns are resolved in."""

    def __init__(
        self, text: str, mentions: list[tuple], canonical: dict[str, str], outlet: str
    ) -> None:
        self.text = text
        self.discourse = Discourse(text)
        self.mentions: list[Mention] = []
        referents: dict[str, Referent] = {}
        for start, end, written, label, entity_id in mentions:
            key = entity_id or f"{label} {written}"
            if key not in referents:
                name = canonical.get(entity_id, written)
                referents[key] = Referent(name, entity_id, KINDS.get(label, ""))
            self.mentions.append(Mention(start, end, written, label, referents[key]))
        self.referents = list(referents.values())
        self._outlets = [
            outlet
            for outlet in relays.find_outlets(text)
            if text[outlet.start].isupper() and not _TAKEN_UP.match(text, outlet.start)
        ]
        self._settle()
        self._starts = [mention.start for mention in self.mentions]
        self._mark_outlets(outlet)
        for mention in self.mentions:
            self.discourse.add(mention.start, mention.end, mention.referent)
        self._add_pairs()
        self._enlist_bodies()
        self._read_gender()

    # --------------------------------------------------------------------------- what they are

    def _settle(self) -> None:
        """Let what stands beside a name decide what it is, and surnames stand for their bearers."""
        for referent in self.referents:
            if referent.kind == "person" and self._only_a_role(referent):
                referent.kind = ""
        bodies = self._bodies_called_people()
        bearers: dict[str, set[int]] = {}
        by_id = {id(referent): referent for referent in self.referents}
        for referent in self.referents:
            if referent.kind == "person" and referent not in bodies:
                for family in names.family_names(referent.speaker):
                    bearers.setdefault(family, set()).add(id(referent))
        for place, mention in enumerate(self.mentions):
            if mention.referent in bodies:
                mention.referent.kind = "body"
                self.mentions[place] = mention._replace(label="ORG")
            elif mention.referent.kind == "" and mention.label == "PERSON":
                self.mentions[place] = mention._replace(label="")
            elif mention.label not in NAMES and len(bearers.get(mention.text, ())) == 1:
                bearer = by_id[next(iter(bearers[mention.text]))]
                self.mentions[place] = mention._replace(label="PERSON", referent=bearer)

    def _only_a_role(self, referent: Referent) -> bool:
        """Tell whether a "name" is a word for people that nobody in the article bears: Mum."""
        word = referent.speaker
        if " " in word or not (descriptions.kind(word) == "person" or descriptions.gender(word)):
            return False
        return not any(
            word in other.speaker.split() and other is not referent for other in self.referents
        )

    def _bodies_called_people(self) -> set[Referent]:
        """Return those marked as people whom the article treats as a body."""
        families: dict[str, set[str]] = {}
        for referent in self.referents:
            if referent.kind == "person":
                for family in names.family_names(referent.speaker):
                    families.setdefault(family, set()).add(referent.speaker)
        evidence = {
            referent: int(_named_after(referent.speaker, families))
            for referent in self.referents
            if referent.kind == "person"
        }
        for mention in self.mentions:
            if mention.label != "PERSON":
                continue
            after = self.text[mention.end : mention.end + 70]
            told = evidence.get(mention.referent, 0)
            told += bool(_OWNS.match(after)) + 2 * self._called_a_body(mention, after)
            person = gender_before(self.text, mention.start) or _PERSON_AFTER.match(after)
            evidence[mention.referent] = told - (3 if person else 0)
        return {
            referent
            for referent, told in evidence.items()
            if told > 0 and not given_name(referent.speaker)
        }

    def _called_a_body(self, mention: Mention, after: str) -> bool:
        before = _BODY_BEFORE.search(self.text[max(0, mention.start - 30) : mention.start])
        if before and descriptions.kind(before.group("noun")) == "organisation":
            mention.referent.outlet |= before.group("noun") in OUTLET_NOUNS
            return True
        apposed = _BODY_AFTER.match(after)
        head = descriptions.head_noun(apposed.group("words")) if apposed else ""
        return descriptions.kind(head) == "organisation"

    def _mark_outlets(self, outlet: str) -> None:
        """Mark the outlets: only one that has spoken is what "it" or "they" may mean."""
        title = set(outlet.lower().split())
        spelled = {names.plain(name) for found in self._outlets for name in found.names(self.text)}
        for place, mention in enumerate(self.mentions):
            referent, plain = mention.referent, names.plain(mention.referent.speaker)
            if plain in spelled and referent.kind in ("person", "body"):
                referent.kind, referent.outlet = "body", True
                self.mentions[place] = mention._replace(label="ORG")
            elif title and referent.kind == "body" and set(plain.lower().split()) <= title:
                referent.outlet = True

    def _add_pairs(self) -> None:
        """Remember two people named together as those whom "they" may mean."""
        for first, second in pairwise(self.mentions):
            two = first.label == second.label == "PERSON" and first.referent is not second.referent
            if two and _PAIR.fullmatch(self.text[first.end : second.start]):
                pair = together([first.referent, second.referent])
                self.discourse.add(first.start, second.end, pair)

    def _enlist_bodies(self) -> None:
        """Add bodies that no mention covers: "the operator, Castellan Ports", "Radio Marland"."""
        found = [(outlet.start, outlet.end) for outlet in self._outlets]
        for match in _BODY_NAMED.finditer(self.text):
            noun, name = match.group("noun", "name")
            known = noun == "owner" or descriptions.kind(noun) == "organisation"
            alone = "," not in match.group() and " " not in name
            if known and (not alone or noun in OUTLET_NOUNS or noun in COMPANIES):
                found.append(match.span("name"))
        for match in _BODY_APPOSED.finditer(self.text):
            head = descriptions.head_noun(match.group("words"))
            if descriptions.kind(head) == "organisation":
                found.append(match.span("name"))
        found += [match.span("name") for match in _BODY_WHICH.finditer(self.text)]
        missing = dict.fromkeys(
            self.text[start:end] for start, end in sorted(found) if not self._covered(start, end)
        )
        for name in missing:
            titled = names.titles().match(f"{name} ") or name.split()[0] in _DAYS
            if not titled and self.find(name) is None:
                self.enlist(name, "body")

    def _covered(self, start: int, end: int) -> bool:
        at = bisect_left(self._starts, start)
        near = self.mentions[max(0, at - 1) : at + 2]
        return any(mention.start < end and start < mention.end for mention in near)

    def _read_gender(self) -> None:
        for referent in self.referents:
            if referent.kind == "person":
                referent.male += given_name(referent.speaker)
        for mention in self.mentions:
            if mention.label == "PERSON":
                mention.referent.male += gender_before(self.text, mention.start)
                mention.referent.male += gender_after(self.text, mention.end)
        read_gender(self.discourse)

    # ------------------------------------------------------------------------------ where they are

    def within(self, low: int, high: int) -> list[Mention]:
        """Return the names inside a span."""
        found = self.mentions[bisect_left(self._starts, low) : bisect_left(self._starts, high)]
        return [mention for mention in found if mention.end <= high]

    def before(self, offset: int, reach: int = REACH) -> list[Mention]:
        """Return the names in the `reach` characters before an offset, in order."""
        low = bisect_left(self._starts, offset - reach)
        return self.mentions[low : bisect_left(self._starts, offset)]

    def after(self, offset: int) -> list[Mention]:
        """Return the names from an offset on."""
        return self.mentions[bisect_left(self._starts, offset) :]

    def which(self, person: Mention) -> Referent:
        """Return the person whom a short name means where several bear it: the last named fully."""
        short = person.referent.speaker
        if " " in short:
            return person.referent
        sign = gender_before(self.text, person.start)
        for earlier in reversed(self.before(person.start)):
            full = earlier.referent
            bears = full.kind == "person" and short in names.family_names(full.speaker)
            if bears and full is not person.referent and full.male * sign >= 0:
                return full
        return person.referent

    def find(self, name: str) -> Referent | None:
        """Return who bears a name or surname."""
        plain = names.plain(name)
        for referent in self.referents:
            if plain in (referent.speaker, *names.family_names(referent.speaker)):
                return referent
        return None

    def enlist(self, name: str, kind: str) -> Referent:
        """Add a name that no mention covers, wherever it and its surname stand."""
        label = {"person": "PERSON", "body": "ORG"}.get(kind, "")
        referent = Referent(names.plain(name), "", kind, listed=True)
        referent.outlet = kind == "body" and any(
            name in outlet.names(self.text) for outlet in self._outlets
        )
        self.referents.append(referent)
        spellings = [name, *(names.family_names(referent.speaker) if kind == "person" else ())]
        for spelling in spellings:
            for start in names.places(self.text, spelling, ("_",)):
                end = start + len(spelling)
                if not self._covered(start, end):
                    at = bisect_left(self._starts, start)
                    self.mentions.insert(at, Mention(start, end, spelling, label, referent))
                    insort(self._starts, start)
                    self.discourse.add(start, end, referent)
                    referent.male += gender_before(self.text, start) if label == "PERSON" else 0
        referent.male += given_name(referent.speaker) if kind == "person" else 0
        return referent


def _named_after(name: str, families: dict[str, set[str]]) -> bool:
    """Tell whether a name begins with somebody else's surname: a firm called after its owner."""
    first, _, rest = name.partition(" ")
    bearers = families.get(first, set()) - {name}
    return rest != "" and bool(bearers) and first not in names.family_names(name)


def together(parts: list[Referent]) -> Referent:
    """Return several who speak as one: names joined by " and ", ids by ";" in the same order."""
    return Referent(
        SPEAKERS.join(part.speaker for part in parts),
        IDS.join(part.speaker_id for part in parts),
        parts[0].kind,
        plural=True,
    )
