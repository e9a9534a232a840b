"""Where the project keeps its files, and how a file is written: whole or not at all."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
NOTEBOOKS = PROJECT / "notebooks"
TEMPLATES = PROJECT / "helpers" / "templates"
DATA = PROJECT / "data"
ALIASES = DATA / "aliases.csv"  # a person's decisions about names, unless told otherwise
CODEBOOK = DATA / "codebook.yml"
LEXICONS = DATA / "lexicons"
MODELS = DATA / "models"
PEERS = DATA / "peers.csv"  # what other instruments reach on public gold
RECORDED = MODELS / "recorded.csv"  # what this one does
SAMPLE = DATA / "sample"
TABLES = DATA / "tables"  # of corpora that notebooks have opened, unless told otherwise


def printable(text: str) -> str:
    """Write control signs, such as those of terminals, and overrides of direction as escapes."""
    return "".join(
        sign if sign.isprintable() else sign.encode("unicode_escape").decode() for sign in text
    )


@contextmanager
def whole_file(path: Path, keep_mode: bool = False) -> Iterator[Path]:
    """Yield a temporary path beside `path`; it replaces `path` at the end, or leaves no trace.

    With `keep_mode` whoever may read and write `path` may do so afterwards, and nobody else.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".part", dir=path.parent)
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        kept = keep_mode and path.exists()
        temporary.chmod(path.stat().st_mode & 0o777 if kept else 0o666 & ~_umask())
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
