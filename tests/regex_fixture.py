"""The regular expressions of the project, and texts made from each that are the worst for it."""

from __future__ import annotations

import importlib
import pkgutil
import random
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any

import helpers

ROOT = Path(helpers.__file__).parent
SIGNS = (" ", "\n", "\xa0", "A", "a", "1", ".", ",", "-", "“", '"', "(", "’", "_", "&", "#", ":")
LEAST = 0.008  # seconds of what is long enough to be compared
APART = ("train", "bench")  # rooms that read no article of a user
METHODS = {"search", "finditer", "findall", "sub", "split", "match", "fullmatch"}


def collect() -> Iterator[tuple[str, str, re.Pattern[str]]]:
    """Yield the file, the name and the pattern of every expression that a module names."""
    for module in pkgutil.walk_packages([str(ROOT)], "helpers."):
        if module.name.endswith("__main__") or module.name.split(".")[1] in APART:
            continue
        file = module.name.removeprefix("helpers.").replace(".", "/") + ".py"
        for name, value in vars(importlib.import_module(module.name)).items():
            if isinstance(value, re.Pattern) and isinstance(value.pattern, str):
                yield file, name, value


def method_of(file: str, name: str) -> str:
    """Return how a module uses an expression: "match", "fullmatch", or "search" in a text."""
    used = {*re.findall(rf"(?<!\w){name}\.(\w+)", (ROOT / file).read_text())} & METHODS
    return next(iter(used)) if used and used <= {"match", "fullmatch"} else "search"


def write(tree: Any, chance: random.Random, most: int = 3) -> str:
    """Return a text that a parsed pattern matches, or nearly."""
    out = ""
    for code, value in tree:
        name = str(code)
        if name in ("LITERAL", "NOT_LITERAL"):
            out += chr(value) if name == "LITERAL" else "x"
        elif name == "ANY":
            out += "x"
        elif name == "IN":
            out += _one_of(value, chance)
        elif name in ("MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"):
            least, _, inner = value
            times = least if chance.random() < 0.3 else max(least, 1)
            out += "".join(write(inner, chance) for _ in range(min(times, most)))
        elif name == "SUBPATTERN":
            out += write(value[3], chance)
        elif name == "ATOMIC_GROUP":
            out += write(value, chance)
        elif name == "BRANCH":
            out += write(chance.choice(value[1]), chance)
        elif name == "ASSERT" and value[0] > 0:
            out += write(value[1], chance)
    return out


def _one_of(value: Any, chance: random.Random) -> str:
    picked = chance.choice(value)
    name = str(picked[0])
    if name == "NEGATE":
        refused = {chr(one[1]) for one in value[1:] if str(one[0]) == "LITERAL"}
        return next(sign for sign in "xA1 .\n" if sign not in refused)
    if name == "LITERAL":
        return chr(picked[1])
    if name == "RANGE":
        return chr(chance.randint(*picked[1]))
    kinds = {"CATEGORY_SPACE": " ", "CATEGORY_DIGIT": "1", "CATEGORY_WORD": "A"}
    return kinds.get(str(picked[1]), "x" if "WORD" not in str(picked[1]) else ",")


def units(pattern: re.Pattern[str], seed: int = 1, some: int = 6) -> Iterator[str]:
    """Yield what is to be repeated: single signs, what the pattern matches, beginnings of that."""
    yield from SIGNS
    chance = random.Random(seed)
    tree = parser.parse(pattern.pattern, pattern.flags & ~re.UNICODE)
    for _ in range(some):
        whole = write(tree, chance)
        yield from {whole, whole[: len(whole) // 2], whole[:-1], whole[1:], whole + " "} - {""}


def seconds(use: Callable[[str], object], text: str, tries: int = 2) -> float:
    """Return the processor time of the faster of some tries."""
    best = float("inf")
    for _ in range(tries):
        begun = time.process_time()
        use(text)
        best = min(best, time.process_time() - begun)
    return best


def user(pattern: re.Pattern[str], method: str) -> Callable[[str], object]:
    if method in ("match", "fullmatch"):
        return getattr(pattern, method)
    return lambda text: sum(1 for _ in pattern.finditer(text))


def grows(pattern: re.Pattern[str], method: str, unit: str, size: int = 2000) -> float:
    """Return how much longer a text four times as long takes at the worst; 4 is linear.

    Times too short to be compared count as linear.
    """
    use = user(pattern, method)
    long = (unit * (4 * size // len(unit) + 1))[: 4 * size]
    if seconds(use, long, 1) < LEAST:
        return 4.0
    return seconds(use, long) / max(seconds(use, long[:size]), LEAST / 40)
