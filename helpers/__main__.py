"""The command line, `python -m helpers COMMAND`: build, batch, codebook, bundle, train and more."""

from __future__ import annotations

import signal

if __name__ == "__main__" and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # until `main` can say what it means

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from typing import IO, Any, NamedTuple

from helpers import __version__

PROBLEMS_SHOWN = 50


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; return 0 only when everything asked for was done."""
    try:
        if signal.getsignal(signal.SIGINT) is signal.SIG_DFL:
            signal.signal(signal.SIGINT, signal.default_int_handler)
        given, rest = _parser().parse_known_args(arguments)
        if rest and given.command.options:
            _parser().parse_args(arguments)
        given.rest = rest
        code = given.command.does(given)
        sys.stdout.flush()
        return code
    except KeyboardInterrupt:
        print("Interrupted. Run the same command again to go on.", file=sys.stderr)
        return 130
    except BrokenPipeError:  # who reads has left, as `head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return 141
    except (OSError, ValueError, RuntimeError) as error:
        from helpers.store.paths import say_error

        told = say_error(error) if isinstance(error, OSError) else str(error)
        _say(*f"error: {told}".split("\n"), to=sys.stderr)
        return 2


def _say(*lines: str, to: IO[str] | None = None) -> None:
    """Print lines without control signs."""
    from helpers.store.paths import printable  # late, so that --help costs little

    for line in lines:
        print(printable(line), file=to)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="attributed" if sys.argv[0].endswith("attributed") else "python -m helpers",
        description="Attributed: who is in the news, who speaks, where the information comes from.",
    )
    parser.add_argument("--version", action="version", version=f"attributed {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for name, command in COMMANDS.items():
        one = commands.add_parser(
            name, help=command.told, description=command.more, add_help=bool(command.options)
        )
        for names, how in command.options:
            one.add_argument(*names, **how)
        one.set_defaults(command=command)
    return parser


# ------------------------------------------------------------------------------- what each does


def _build(given: argparse.Namespace) -> int:
    import gc
    from pathlib import Path

    gc.disable()  # nothing that is imported is let go
    from helpers.corpus.build import build, tables_folder
    from helpers.store.tables import read_table

    gc.freeze()
    gc.enable()
    if given.show:
        from helpers.corpus.wall import Wall
        from helpers.read.articles import preview

        with Wall(given.limits) as wall:
            shown, said = preview(given.path, _mapping(given.map), read=wall.read, met=wall.met)
        for _, article in shown.iterrows():
            _say(*article.to_string().split("\n"), "")
        _say(*said)
        return 0 if len(shown) else 1
    out = given.out or tables_folder(Path(given.path), given.codebook)
    manifest = build(
        given.path,
        out,
        mapping=_mapping(given.map),
        workers=given.workers,
        progress=not given.quiet,
        scheduler=given.scheduler,
        codebook_file=given.codebook,
        limits=given.limits,
    )
    _say(*manifest["notes"])
    problems = read_table("problems", out)
    for row in problems.head(PROBLEMS_SHOWN).itertuples():
        _say(f"problem: {row.path}: {row.problem}", to=sys.stderr)
    if len(problems) > PROBLEMS_SHOWN:
        more = len(problems) - PROBLEMS_SHOWN
        print(f"… and {more:,} more in the table problems of {out}", file=sys.stderr)
    counts = ", ".join(f"{n:,} {name}" for name, n in manifest["counts"].items())
    counts = counts.replace("left_out", "left out")
    print(f"{out}: {counts}")
    if not manifest["counts"]["articles"]:
        print(f"error: {given.path} holds no article that can be read", file=sys.stderr)
        return 1
    return 0


def _mapping(written: list[str]) -> dict[str, str]:
    pairs = [pair.partition("=") for pair in written]
    wrong = [role for role, equals, column in pairs if not (role and equals and column)]
    if wrong:
        raise ValueError(f"--map {wrong[0]}: write ROLE=COLUMN, for instance --map text=Body")
    return {role: column for role, _, column in pairs}


def _codebook(given: argparse.Namespace) -> int:
    from helpers.store import lexicons, tables

    book = lexicons.read_codebook(given.file)
    if given.kind == "choices":
        print(tables.to_csv(lexicons.coding_choices(book)), end="")
    else:
        told = lexicons.appendix if given.kind == "appendix" else lexicons.instructions
        print(told(book), end="")
    return 0


def _batch(given: argparse.Namespace) -> int:
    from helpers.batch.pool import Options, run_batch

    named = vars(given)
    options = Options(**{name: named[name] for name in Options.__dataclass_fields__})
    return run_batch(given.file, given.out, options)


def _bundle(given: argparse.Namespace) -> int:
    from helpers.corpus.bundle import write_bundle

    print(write_bundle(given.tables, given.out))
    return 0


def _restore(given: argparse.Namespace) -> int:
    from pathlib import Path

    from helpers.corpus import bundle
    from helpers.store import tables

    articles = tables.read_table("articles", given.tables, ["article_id", "text"])
    for name, frame in bundle.restore(given.bundle, articles).items():
        tables.write_bytes(bundle.to_parquet(frame), Path(given.out) / f"{name}.parquet")
    print(given.out)
    return 0


def _query(given: argparse.Namespace) -> int:
    from pathlib import Path

    from helpers.show.query import query, say
    from helpers.store import tables

    answer = query(given.question, given.tables)
    if given.out:
        tables.write_text(tables.to_csv(answer), Path(given.out))
    print(given.out or say(answer))
    return 0


def _convert(given: argparse.Namespace) -> int:
    from helpers.corpus.bundle import convert_exports

    print(convert_exports(given.folder))
    return 0


def _study(given: argparse.Namespace) -> int:
    from helpers.study.registered import run_study

    files = run_study(given.corpus, given.question, given.out, given.size, given.seed, given.coded)
    _say(f"{given.out}: {', '.join(files)}")
    return 0


def _train(given: argparse.Namespace) -> int:
    first = given.rest[0] if given.rest else ""
    if first in ("descriptions", "doubt", "statements"):
        from helpers.train import descriptions, doubt, statements

        chosen = {"descriptions": descriptions, "doubt": doubt, "statements": statements}[first]
        return chosen.main(given.rest[1:])
    try:
        from helpers.train import profiles, reading, tone

        if first in ("sources", "targets"):
            return (profiles if first == "sources" else tone).main(given.rest[1:])
    except ModuleNotFoundError as error:
        raise RuntimeError(
            f"training needs {error.name}: run `pip install -e '.[train]'` in this environment"
        ) from error
    return reading.main(given.rest)


def _bench(given: argparse.Namespace) -> int:
    if "--ablate" in given.rest:
        from helpers.bench import ablation

        return ablation.main([word for word in given.rest if word != "--ablate"])
    if "--figures" in given.rest:
        from helpers.bench import figures

        return figures.main([word for word in given.rest if word != "--figures"])
    from helpers.bench import speed

    return speed.main(given.rest)


# ---------------------------------------------------------------------------------- the commands


Option = tuple[tuple[str, ...], dict[str, Any]]


def _option(name: str, told: str = "", default: Any = "", **how: Any) -> Option:
    return (name,), {"help": told, "default": default, **how}


def _flag(name: str, told: str) -> Option:
    return (name,), {"help": told, "action": "store_true"}


def _number(kind: type) -> Callable[[str], float]:
    """Return a reader of numbers above 0, for an option."""

    def read(written: str) -> float:
        number = kind(written)
        if not 0 < number < float("inf"):
            raise ValueError(written)
        return number

    read.__name__ = "number above 0"
    return read


class Command(NamedTuple):
    """A command: what does it, what `--help` tells of it, its options; without, it has its own."""

    does: Callable[[argparse.Namespace], int]
    told: str
    more: str = ""
    options: tuple[Option, ...] = ()


QUIET = _flag("--quiet", "draw no progress bar")
TABLES = _option("tables", "folder that `build` wrote", metavar="TABLES")
FOR_BUILD = (
    _option("path", "file, folder or zip of articles", metavar="PATH"),
    _option(
        "--out",
        "folder of the tables, or the URL of a store such as s3://bucket/tables; without it, where "
        "notebooks find them",
        metavar="PLACE",
    ),
    _option(
        "--map",
        "column of a table file that holds the text, title, outlet, published, url, author, id or "
        "section; repeat for each; what is left out is guessed",
        [],
        metavar="ROLE=COLUMN",
        action="append",
    ),
    _flag("--show", "show the first five articles as they would be read, and build nothing"),
    _option("--workers", "processes that annotate (one for each processor)", 0, type=int),
    _option(
        "--scheduler",
        "a Dask scheduler whose workers annotate instead (needs the extra `cluster`)",
        metavar="tcp://HOST:PORT",
    ),
    _option("--codebook", "a codebook (YAML) instead of the project's", metavar="FILE"),
    _option(
        "--limits",
        "how many times the usual time and memory (10 seconds of the processor and as many more "
        "for each MB, 1 GB) reading one file may take (1)",
        1.0,
        type=_number(float),
    ),
    QUIET,
)
KINDS = ("instructions", "choices", "appendix")
FOR_CODEBOOK = (
    _option("file", "the project's when none", metavar="FILE", nargs="?"),
    _option("--print", "what is printed", KINDS[0], choices=KINDS, dest="kind"),
)
FOR_BATCH = (
    _option("file", "list of name, notebook, parameters", metavar="FILE.yml"),
    _option("--out", "folder of the reports", metavar="DIR", required=True),
    _option("--workers", "runs at a time (all cores)", 0, type=_number(int)),
    _flag("--resume", "run only what is missing, failed or out of date"),
    _flag("--dry-run", "say what would be run and why, and run nothing"),
    _option("--timeout", "seconds that a run may take (3600)", 3600, type=_number(float)),
    _option("--memory", "GB of a run (80 %% of all, shared out)", 0, type=_number(float)),
    _flag("--cold", "start each kernel afresh, without a warm process"),
    QUIET,
)
FOR_RESTORE = (
    _option("bundle", "the bundle", metavar="FILE.zip"),
    TABLES,
    _option("--out", "folder of the tables", metavar="DIR", required=True),
)
FOR_STUDY = (
    _option("corpus", "name under data/, or path of articles or tables", metavar="CORPUS"),
    _option("--question", "what is asked; needed once", metavar="TEXT"),
    _option("--out", "folder of the study", metavar="DIR", required=True),
    _option("--size", "statements drawn for coding (150)", 150, type=_number(int)),
    _option("--seed", "of the draw (1)", 1, type=int),
    _option("--coded", "codings of whole articles that fill the sheets", [], nargs="*"),
)
FOR_QUERY = (
    _option("question", "one SELECT over the tables, in SQL", metavar="SQL"),
    _option("--tables", "folder that `build` wrote", metavar="DIR", required=True),
    _option("--out", "write the whole answer as CSV", metavar="FILE.csv"),
)
COMMANDS = {
    "build": Command(
        _build,
        "read articles and write the tables",
        "Read a file, folder or zip of articles and write its tables to PLACE. Run it again after "
        "a change or an interruption: only what is new is annotated.",
        FOR_BUILD,
    ),
    "codebook": Command(
        _codebook,
        "check a codebook and print it for people",
        "Check a codebook and print the instructions for coders, the choices of the coding sheet "
        "(CSV) or the methods appendix.",
        FOR_CODEBOOK,
    ),
    "batch": Command(
        _batch,
        "run notebooks and write a report",
        "Run the notebooks listed in FILE.yml with their parameters and write one report page for "
        "each and an index.html over all to DIR. Relative paths in FILE.yml are looked for beside "
        "it, then in the working folder, then in the project.",
        FOR_BATCH,
    ),
    "bundle": Command(
        _bundle,
        "write a replication bundle: offsets and hashes, no article text",
        "Write the tables in TABLES without any column that repeats what articles say, with "
        "hashes, licence and citation, as one zip.",
        (TABLES, _option("--out", "the bundle", metavar="FILE.zip", required=True)),
    ),
    "query": Command(
        _query,
        "answer a question in SQL from the tables",
        "Answer one SELECT over the tables in DIR by DuckDB (`pip install duckdb`). It reads the "
        "tables and nothing else; data/README.md says what they hold, with examples.",
        FOR_QUERY,
    ),
    "restore": Command(
        _restore,
        "fill the words of a replication bundle in again from one's own articles",
        "Check that the articles in TABLES are those the bundle was made from and write its "
        "tables with their words to DIR.",
        FOR_RESTORE,
    ),
    "convert": Command(
        _convert,
        "write a notebook's CSV exports as XLSX and Parquet too",
        "Write every CSV in DIR as Parquet beside it, and all as DIR/tables.xlsx.",
        (_option("folder", "folder given to a notebook as out", metavar="DIR"),),
    ),
    "study": Command(
        _study,
        "write the plan of a study, and later its results",
        "Write a plan (measures, sample, coding sheet, seed) to DIR before anybody codes. With "
        "coders' sheets in DIR/codings, run again: results, methods, bundle and citation.",
        FOR_STUDY,
    ),
    "train": Command(
        _train,
        "train the model that finds names and attributions, or, with `train targets`, that of "
        "tone toward a target, with `train sources`, that of sources (these need the extra "
        "`train`), or, with `train descriptions`, `doubt` or `statements`, a few weights",
    ),
    "bench": Command(
        _bench,
        "measure speed, memory and safety, or, with --ablate, what each hand rule is worth, or, "
        "with --figures, the figures of README",
    ),
}


if __name__ == "__main__":
    sys.exit(main())
