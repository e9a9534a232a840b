"""What no table of any corpus may hold, whatever was read: a list of the rows that break a law."""

from __future__ import annotations

import re

import pandas as pd

from helpers.annotate import noun_phrases

_WORD = re.compile(r"[^\W_][\w’'-]*")
_MARKUP = re.compile(r"https?:|www\.|\*\*|\]\(|##|</?\w+>")


def broken(said: pd.DataFrame) -> list[str]:
    """Return each law that a row of `attributions` breaks, with its words."""
    small = noun_phrases.words("function word")
    found = []
    for row in said.itertuples():
        speaker, content = ([*_WORD.findall(one.lower())] for one in (row.speaker, row.text))
        one_person = row.speaker_id.startswith("person-") and ";" not in row.speaker_id
        laws = {
            "a resolved speaker is more than small words": row.resolution == "none"
            or not small.issuperset(speaker),
            "a speaker is no address and no markup": not _MARKUP.search(row.speaker),
            "a content says something": bool(content)
            and (
                len(content) > 1
                or row.form != "indirect"
                or content[0] not in small
                or bool(noun_phrases.pronoun_kind(content[0]))  # "he denied it"
            ),
            "a person with a name is not unnamed": not one_person
            or (row.source_type in ("named person", "named organisation") and row.named),
            "who has an entity has a name": bool(row.speaker) or not row.speaker_id.strip(";"),
        }
        told = f"{row.speaker!r} {row.cue!r} {row.text[:60]!r}"
        found += [f"{law}: {told}" for law, holds in laws.items() if not holds]
    return found
