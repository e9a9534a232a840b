"""Hand rules by name: each can be turned off, so that what it is worth can be measured."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

Function = TypeVar("Function", bound=Callable[..., Any])

_known: dict[str, str] = {}  # the module of each rule, by the rule's name
_off: set[str] = set()
_felt: set[str] | None = None  # where it is noted which rules changed something


def rule(name: str, otherwise: Callable[..., Any]) -> Callable[[Function], Function]:
    """Name the hand rule that a function is; turned off, it gives what `otherwise` gives.

    `otherwise` takes the same arguments: `lambda text, found: found` leaves the names found as
    they are. What a rule does is what it returns: it leaves its arguments as they are. Raises
    ValueError when another rule has the name.

    >>> @rule("shouted names", otherwise=lambda name: name)
    ... def calm(name):
    ...     return name.title()
    >>> calm("ADA LEE")
    'Ada Lee'
    >>> with without("shouted names"):
    ...     calm("ADA LEE")
    'ADA LEE'
    """

    def named(function: Function) -> Function:
        if _known.get(name, function.__module__) != function.__module__:
            raise ValueError(f"{_known[name]} and {function.__module__} both name a rule {name!r}")
        _known[name] = function.__module__

        @functools.wraps(function)
        def either(*given: Any, **named: Any) -> Any:
            if name in _off:
                return otherwise(*given, **named)
            result = function(*given, **named)
            if _felt is not None and name not in _felt and result != otherwise(*given, **named):
                _felt.add(name)
            return result

        return either

    return named


def list_rules() -> dict[str, str]:
    """Return the module of each rule that was imported so far, by the rule's name."""
    return dict(_known)


@contextmanager
def without(*names: str) -> Iterator[None]:
    """Turn rules off for a while.

    Raises KeyError for a name that no rule has.
    """
    for name in names:
        _known[name]
    added = set(names) - _off
    _off.update(added)
    try:
        yield
    finally:
        _off.difference_update(added)


@contextmanager
def felt() -> Iterator[set[str]]:
    """Give a set that holds, when the block has ended, the rules that changed something in it.

    Where a rule changed nothing, nothing comes out otherwise with it turned off.
    """
    global _felt
    before, noted = _felt, set()
    _felt = noted
    try:
        yield noted
    finally:
        _felt = before
