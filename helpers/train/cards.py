"""What seals a model: the hashes of its files, its settings, its card."""

from __future__ import annotations

import hashlib
import json
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

from helpers.store.paths import fingerprint


def hash_file(path: Path) -> str:
    """Return the sha256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write_card(folder: Path, settings: dict) -> None:
    """Write what seals a model: its hashes, its settings, its card, and the hash of these."""
    text = json.dumps(settings | {"sealed": fingerprint(settings)}, indent=1) + "\n"
    (folder / "model.json").write_text(text, encoding="utf-8")


def make_card(settings: Any) -> dict:
    """Return a model's card: the settings it was trained with, and the day."""
    return {"settings": asdict(settings), "trained": time.strftime("%Y-%m-%d")}
