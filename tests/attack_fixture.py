"""What an attack counts: how much of a kind was tried, and what broke.

`make attack` sets ATTRIBUTED_ATTACK to the folder of its report and tries each kind whole, or the
part that ATTRIBUTED_SHARE says; the ordinary tests try a little of each. ATTRIBUTED_SEED begins
chance elsewhere.
"""

from __future__ import annotations

import csv
import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from filelock import FileLock

SEED = int(os.environ.get("ATTRIBUTED_SEED", "1"))
REPORT = os.environ.get("ATTRIBUTED_ATTACK", "")
SHARE = float(os.environ.get("ATTRIBUTED_SHARE", "1"))


def how_many(short: int, whole: int) -> int:
    """Return how many of a kind are tried: few in the tests, all in the attack."""
    return max(short, int(whole * SHARE)) if REPORT else short


class Attack:
    """One kind of attack: what of it was tried, and what broke how."""

    def __init__(self) -> None:
        self.kind, self.floor, self.notes = "", 0.0, ""
        self.tried = 0
        self.broken: list[tuple[str, str]] = []
        self.began = time.monotonic()

    def on(self, kind: str, floor: float = 0) -> Attack:
        self.kind, self.floor = kind, floor
        return self

    def take(self, case: object, *broke: str) -> None:
        """Count a case, and each of what broke in it that is said."""
        self.tried += 1
        self.broken += [(str(case), one) for one in broke if one]

    def check(self) -> None:
        assert self.tried, self.kind
        assert len(self.broken) <= self.floor, self.broken[:20]

    def write(self, folder: Path) -> None:
        seconds = round(time.monotonic() - self.began)
        row = [self.kind, self.tried, len(self.broken), self.floor, seconds, SEED, self.notes]
        head = ["kind", "tried", "broke", "floor", "seconds", "seed", "notes"]
        _append(folder / "attack.csv", head, [row])
        rows = [[self.kind, *one] for one in self.broken]
        _append(folder / "broken.csv", ["kind", "case", "broke"], rows)


def _append(file: Path, head: list[str], rows: list[list]) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(f"{file}.lock"), file.open("a", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerows([head, *rows] if not stream.tell() else rows)


@pytest.fixture
def attack() -> Iterator[Attack]:
    """What a test fills with what it tried; written to the report of `make attack`."""
    one = Attack()
    yield one
    if REPORT and one.kind:
        one.write(Path(REPORT))
