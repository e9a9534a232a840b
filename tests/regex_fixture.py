"""The regular expressions of the project, and texts made from each that are the worst for it."""

from __future__ import annotations

import ast
import importlib
import inspect
import pkgutil
import random
import re
import signal
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any

import helpers
from helpers.annotate import mentions
from helpers.store.lexicons import read_lexicon
from helpers.text.furniture import form

ROOT = Path(helpers.__file__).parent
SIGNS = (" ", "\n", "\xa0", "A", "a", "1", ".", ",", "-", "“", '"', "(", "’", "_", "&", "#", ":")
LIMIT = 0.03  # seconds that an expression may take for a thousand characters
LEAST = 0.008  # seconds of what is long enough to be compared
APART = ("train", "bench")  # rooms that read no article of a user
METHODS = {"search", "finditer", "findall", "sub", "split", "match", "fullmatch"}


def collect() -> Iterator[tuple[str, str, re.Pattern[str]]]:
    """Yield the file, the name and the pattern of every expression: named, made once, written."""
    for module in pkgutil.walk_packages([str(ROOT)], "helpers."):
        if module.ispkg or "__main__" in module.name or module.name.split(".")[1] in APART:
            continue
        file = module.name.removeprefix("helpers.").replace(".", "/") + ".py"
        for name, value in vars(importlib.import_module(module.name)).items():
            if getattr(value, "__module__", "") == module.name and hasattr(value, "cache_info"):
                given = inspect.signature(value)
                made = not given.parameters and "Pattern" in str(given.return_annotation)
                value = value() if made else None
            for one in value if isinstance(value, tuple | list) else (value,):
                if isinstance(one, re.Pattern) and isinstance(one.pattern, str):
                    yield file, name, one
        yield from _written_in(file)
    for name in read_lexicon("furniture_forms")["form"]:
        yield "text/furniture.py", f"form {name}", form(name)
    kinds = set(read_lexicon("name_uses")["kind"])
    for kind in sorted(one for one in kinds if not one.endswith(("before", "after"))):
        for number, pattern in enumerate(mentions.patterns(kind)):
            yield "annotate/mentions.py", f"{kind} {number}", pattern


def _written_in(file: str) -> Iterator[tuple[str, str, re.Pattern[str]]]:
    """Yield the expressions that a module writes where it uses them."""
    for call in ast.walk(ast.parse((ROOT / file).read_text())):
        if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Attribute):
            continue
        used, at = call.func, f"line {call.lineno}"
        whole = isinstance(used.value, ast.Name) and used.value.id == "re" and used.attr in METHODS
        if whole and isinstance(call.args[0], ast.Constant):
            yield file, f"{at} {used.attr}", re.compile(call.args[0].value)


def method_of(file: str, name: str) -> str:
    """Return how a module uses an expression: "match", "fullmatch", or "search" in a text."""
    used = {name.split()[-1]} if name.startswith("line ") else set()
    called = rf'form\("{name.removeprefix("form ")}"\)' if name.startswith("form ") else name
    for one in (ROOT / file).parent.glob("*.py") if called != name else [ROOT / file]:
        used |= {*re.findall(rf"(?<!\w){called}\.(\w+)", one.read_text())} & METHODS
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


class TooLong(Exception):
    """An expression has had the processor for longer than it may."""


@contextmanager
def at_most(limit: float) -> Iterator[None]:
    """Raise TooLong where something takes more seconds of the processor."""

    def end(*_: object) -> None:
        raise TooLong

    before = signal.signal(signal.SIGVTALRM, end)
    signal.setitimer(signal.ITIMER_VIRTUAL, limit)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


def seconds(use: Callable[[str], object], text: str, tries: int = 3) -> float:
    """Return the processor time of the middle of some tries; what is given up took for ever.

    A virtual machine may count a try ten times too short, as well as too long.
    """
    spent = []
    for _ in range(tries):
        with suppress(TooLong), at_most(LIMIT * len(text) / 1000):
            begun = time.process_time()
            use(text)
            spent.append(time.process_time() - begun)
    return statistics.median(spent + [float("inf")] * (tries - len(spent)))


def user(pattern: re.Pattern[str], method: str) -> Callable[[str], object]:
    if method in ("match", "fullmatch"):
        return getattr(pattern, method)
    return lambda text: sum(1 for _ in pattern.finditer(text))


def grows(pattern: re.Pattern[str], method: str, unit: str, size: int = 2000) -> float:
    """Return how much longer a text four times as long takes at the worst; 4 is linear.

    Times too short to be compared count as linear, what took too long for its length as endless.
    """
    use = user(pattern, method)
    long = (unit * (4 * size // len(unit) + 1))[: 4 * size]
    spent = seconds(use, long, 1)
    if spent < LEAST or spent == float("inf"):
        return 4.0 if spent < LEAST else spent
    return seconds(use, long) / max(seconds(use, long[:size]), LEAST / 40)
