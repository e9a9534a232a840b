"""Which encoding bytes are in that are not UTF-8: that in which their words are spelled as words.

Every encoding in use is tried. A word with letters beside a to z is explained by a language that
has all of them (data/lexicons/alphabets.csv), best by one of a country that the text names; a
letter of two languages, a capital within a word or a sign between letters is not explained. Where
two explain the same, the first of the list wins: Windows-1252.
"""

from __future__ import annotations

import re
from functools import cache
from itertools import islice
from typing import NamedTuple

from helpers.store.lexicons import read_facts, read_lexicon

MOST_WORDS = 400
UNEXPLAINED = 10
POWER = 3  # a sign above the line behind a word, as in km²
_SIGNS = "“”‘’„‚«»‹›–—…•€£¥¢§°±½¼¾©®™¡¿´×·¶†\xa0\xad"
_GLUED = re.compile(r"[…†•®™·](?=\w)|(?<=\w)[†·]")  # signs, where letters stand
_ENDS = _SIGNS + "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"
_SPECIAL = re.compile(r"(?<![!-~])[!-~]*+[^\x00-\x7f]\S*")
_BETWEEN = re.compile(r"[-–—’'‘`´/.,;:()\[\]\xa0]+")
_LAST_LATIN = "ɏ"


class _Alphabet(NamedTuple):
    letters: re.Pattern[str]
    latin: bool
    encodings: list[str]
    cost: int
    countries: frozenset[str]


@cache
def _alphabets() -> list[_Alphabet]:
    return [
        _Alphabet(
            re.compile(row.pattern),
            row.pattern[1] <= _LAST_LATIN,
            row.encodings.split("|"),
            int(row.cost),
            frozenset(row.countries.split("|")),
        )
        for row in read_lexicon("alphabets").itertuples()
    ]


def likeliest(sample: bytes) -> tuple[str, bool]:
    """Return the encoding that explains the words of a sample best, and whether that is sure.

    Sure are Latin letters that explain most words. "" where no encoding has all of the bytes.
    """
    named = _countries(sample.decode("ascii", "replace"))
    best, least = ("", False), -1
    for name in dict.fromkeys(name for one in _alphabets() for name in one.encodings):
        try:
            words = dict.fromkeys(_SPECIAL.findall(sample.decode(name)))
        except UnicodeDecodeError:
            continue
        own = [
            (one, 0 if one.countries & named else one.cost)
            for one in _alphabets()
            if name in one.encodings
        ]
        costs = [_costs(word, own) for word in islice(words, MOST_WORDS)]
        each = [min(row) for row in costs]
        of_one_language = min(map(sum, zip(*costs, strict=True)), default=0)
        found = sum(each) + of_one_language + (least >= 0)
        if least < 0 or found < least:
            sure = own[0][0].latin and each.count(UNEXPLAINED) * 2 <= len(each)
            best, least = (name, sure), found
        if not least:
            break
    return best


def _countries(text: str) -> set[str]:
    words = set(re.findall(r"[A-Z][a-z]+", text))
    lists = read_facts("demonyms", "demonym", "country"), read_facts("places", "name", "country")
    return {known[word] for known in lists for word in words & known.keys()}


def _costs(word: str, alphabets: list[tuple[_Alphabet, int]]) -> list[int]:
    """Return what it costs to take a word with special characters for one of each language."""
    pieces = [one for one in _BETWEEN.split(word.strip(_ENDS)) if not one.isascii()]
    glued = int(bool(_GLUED.search(word)))
    if any(one[1:] != one[1:].lower() and one != one.upper() for one in pieces):
        return [UNEXPLAINED] * len(alphabets)
    return [max([glued, *(_cost(piece, one, cost) for piece in pieces)]) for one, cost in alphabets]


def _cost(piece: str, alphabet: _Alphabet, cost: int) -> int:
    left = alphabet.letters.sub("", piece.lower())
    if not left or alphabet.latin and left.isascii():
        return cost
    return POWER if piece[:-1].isascii() and piece[-1] in "²³¹" else UNEXPLAINED
