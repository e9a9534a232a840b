"""The project's own files: where they lie, what their hashes are, how one is written whole."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import signal
import sys
import tempfile
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from functools import cache
from importlib.metadata import PackageNotFoundError, distribution, version
from pathlib import Path
from typing import Any

from helpers import __version__

PACKAGE = Path(__file__).resolve().parents[1]
INSTALLED = (PACKAGE / "data").is_dir()  # from a wheel, which has data and notebooks in the package
PROJECT = PACKAGE if INSTALLED else PACKAGE.parent
NOTEBOOKS = PROJECT / "notebooks"
TEMPLATES = PACKAGE / "templates"
DATA = PROJECT / "data"
CODEBOOK = DATA / "codebook.yml"
LEXICONS = DATA / "lexicons"
MODELS = DATA / "models"
PEERS = DATA / "peers.csv"  # what other instruments reach on public gold
RECORDED = MODELS / "recorded.csv"  # what this one does
SAMPLE = DATA / "sample"
WRITTEN = Path.cwd() if INSTALLED else PROJECT  # where what no place is named for goes
TABLES = (WRITTEN if INSTALLED else DATA) / "tables"  # of corpora that notebooks have opened
ENGINE_ROOMS = ("store", "read", "text", "model", "annotate", "corpus")
ENGINE_FILES = (
    *(f"helpers/{room}/*.py" for room in ENGINE_ROOMS),
    "data/lexicons/*.csv", "data/models/*/*", "data/codebook.yml", "data/schema.csv",
)  # fmt: skip
ENGINE_PACKAGES = ("nltk", "onnxruntime", "tokenizers", "trafilatura", "vadersentiment")


SAID_AFTER = 5.0  # seconds of silence, before it is said what is waited for
_FREE = "free some space and run the same command again: what is finished is kept"
_OTHER = "choose another folder or change its permissions"
_ADVICE = {
    errno.ENOSPC: _FREE,
    errno.EDQUOT: _FREE,
    errno.EFBIG: _FREE,
    errno.EACCES: _OTHER,
    errno.EPERM: _OTHER,
    errno.EROFS: "choose another folder: this one is on a read-only disk",
}


def own_file(name: str) -> Path:
    """Return where one of the project's own files lies, by its name in the repository."""
    top, _, inner = name.partition("/")
    return PACKAGE / inner if top == "helpers" else PROJECT / name


def own_notice(name: str) -> bytes:
    """Return the licence or the citation, which a wheel keeps beside the package."""
    kept = None if not INSTALLED else distribution("attributed").read_text(f"licenses/{name}")
    return kept.encode() if kept else (PROJECT / name).read_bytes()


def say_error(error: OSError, otherwise: str = "") -> str:
    """Say what a system refused, of which file, and what to do about it.

    >>> say_error(OSError("AF_UNIX path too long")).partition("; ")[2]
    'set TMPDIR to a shorter one'
    """
    if not error.errno:
        said = str(error) or "no answer"
        if said.startswith("AF_UNIX"):  # where the sockets of worker processes lie
            folder = tempfile.gettempdir()
            return f"{folder}: too long a path for temporary files; set TMPDIR to a shorter one"
        return f"{said}; {otherwise}" if otherwise else said
    named = f"{error.filename}: " if error.filename else ""
    advice = _ADVICE.get(error.errno, otherwise)
    return f"{named}{error.strerror}" + (f"; {advice}" if advice else "")


def start_forkserver() -> None:
    """Start what processes are forked from, deaf to Ctrl-C, which would cut its imports short."""
    from multiprocessing import forkserver  # which other systems do not have

    main = threading.current_thread() is threading.main_thread()
    heard = signal.signal(signal.SIGINT, signal.SIG_IGN) if main else None
    try:
        forkserver.ensure_running()
    finally:
        if main:
            signal.signal(signal.SIGINT, heard or signal.SIG_DFL)


def start_whole(start: Callable[[], None]) -> None:
    """Start a process in a thread, so that Ctrl-C never leaves it with half of its orders.

    Python interrupts its main thread alone, which only waits here. Raises what `start` raises.
    """
    begun: Future[None] = Future()

    def begin() -> None:
        try:
            start()
            begun.set_result(None)
        except BaseException as error:
            begun.set_exception(error)

    threading.Thread(target=begin, daemon=True).start()
    begun.result()


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


class Ticking(threading.Thread):
    """Does something every few seconds until it is left: a sign of life while another works."""

    def __init__(self, tick: Callable[[], object], seconds: float):
        super().__init__(daemon=True)
        self.tick, self.seconds, self.left = tick, seconds, threading.Event()

    def run(self) -> None:
        """Tick until the end."""
        while not self.left.wait(self.seconds):
            self.tick()

    def __enter__(self) -> None:
        self.start()

    def __exit__(self, *_: object) -> None:
        self.left.set()
        self.join()


def say_waiting(what: str) -> Ticking:
    """Say on standard error what is waited for, every few seconds of a `with`."""
    said = f"waiting for {printable(what)}"
    return Ticking(lambda: print(said, file=sys.stderr, flush=True), SAID_AFTER)


# ---------------------------------------------------------- what decides the rows of the tables


class EngineError(RuntimeError):
    """A process has another version of this package than the build it works for."""


def engine_hashes() -> dict[str, str]:
    """Return a SHA-256 per file that decides what the tables hold: code, lexicons, models."""
    hashes = {}
    for top, _, pattern in (pattern.partition("/") for pattern in ENGINE_FILES):
        folder = own_file(top)
        for file in sorted(folder.glob(pattern)):
            if file.is_file():
                name = f"{top}/{file.relative_to(folder).as_posix()}"
                hashes[name] = _file_hash(file, file.stat().st_mtime_ns)
    return hashes


@cache
def engine_version() -> str:
    """Return the version of this package with a fingerprint of its engine, as this process has it.

    Read once: a process goes on with the code it has loaded, whatever becomes of the files.
    """
    return f"{__version__}+{fingerprint(engine_hashes())[:12]}"


def check_engine(expected: str) -> None:
    """Raise EngineError when this process would not annotate as the build expects."""
    if expected and engine_version() != expected:
        raise EngineError(
            f"a worker has version {engine_version()} of this package and the build has "
            f"{expected}: install the same version on every worker and start them again"
        )


def package_versions(packages: Iterable[str] = ENGINE_PACKAGES) -> dict[str, str]:
    """Return the version of each of these packages that is installed."""
    versions = {}
    for name in packages:
        with suppress(PackageNotFoundError):
            versions[name] = version(name)
    return versions


@cache
def _file_hash(file: Path, changed: int) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def fingerprint(*values: Any) -> str:
    """Return the SHA-256 of values that JSON can hold."""
    written = json.dumps(values, sort_keys=True, default=str, ensure_ascii=False)
    return hashlib.sha256(written.encode("utf-8", "surrogatepass")).hexdigest()
