"""The command line, `python -m helpers COMMAND`: build, batch, codebook, bundle, train and more."""

from __future__ import annotations

import argparse
import importlib
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from helpers import __version__

PROBLEMS_SHOWN = 50
TRAINED = {"targets": "tone"}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; return 0 only when everything asked for was done."""
    given, rest = _parser().parse_known_args(arguments)
    if rest and given.run not in (_train, _bench):
        _parser().parse_args(arguments)
    given.rest = rest
    try:
        return given.run(given)
    except KeyboardInterrupt:
        print("Interrupted. Run the same command again to go on.", file=sys.stderr)
        return 130
    except (OSError, ValueError, RuntimeError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m helpers",
        description="Attributed: who is in the news, who speaks, where the information comes from.",
    )
    parser.add_argument("--version", action="version", version=f"attributed {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    build = commands.add_parser(
        "build",
        help="read articles and write the tables",
        description="Read a file, folder or zip of articles and write its tables to PLACE. "
        "Run it again after a change or an interruption: only what is new is annotated.",
    )
    build.add_argument("path", metavar="PATH", help="file, folder or zip of articles")
    build.add_argument(
        "--out",
        metavar="PLACE",
        help="folder of the tables, or the URL of a store such as s3://bucket/tables; without it, "
        "where notebooks find them",
    )
    build.add_argument(
        "--map",
        metavar="ROLE=COLUMN",
        action="append",
        default=[],
        help="column of a table file that holds the text, title, outlet, published, url, author, "
        "id or section; repeat for each; what is left out is guessed",
    )
    build.add_argument(
        "--workers", type=int, default=0, help="processes that annotate (one for each processor)"
    )
    build.add_argument(
        "--scheduler",
        metavar="tcp://HOST:PORT",
        default="",
        help="a Dask scheduler whose workers annotate instead (needs the extra `cluster`)",
    )
    build.add_argument(
        "--codebook", metavar="FILE", default="", help="a codebook (YAML) instead of the project's"
    )
    build.add_argument("--quiet", action="store_true", help="draw no progress bar")
    build.set_defaults(run=_build)

    book = commands.add_parser(
        "codebook",
        help="check a codebook and print it for people",
        description="Check a codebook and print the instructions for coders, the choices of the "
        "coding sheet (CSV) or the methods appendix.",
    )
    book.add_argument("file", metavar="FILE", nargs="?", default="", help="the project's when none")
    kinds = ("instructions", "choices", "appendix")
    book.add_argument("--print", choices=kinds, default="instructions", dest="kind")
    book.set_defaults(run=_codebook)

    batch = commands.add_parser(
        "batch",
        help="run notebooks and write a report",
        description="Run the notebooks listed in FILE.yml with their parameters and write one "
        "report page for each and an index.html over all to DIR.",
    )
    batch.add_argument("file", metavar="FILE.yml", help="list of name, notebook, parameters")
    batch.add_argument("--out", metavar="DIR", required=True, help="folder of the reports")
    batch.add_argument("--workers", type=_number(int), default=0, help="runs at a time (all cores)")
    batch.add_argument(
        "--resume", action="store_true", help="run only what is missing, failed or out of date"
    )
    batch.add_argument(
        "--dry-run", action="store_true", help="say what would be run and why, and run nothing"
    )
    batch.add_argument(
        "--timeout", type=_number(float), default=3600, help="seconds that a run may take (3600)"
    )
    batch.add_argument(
        "--memory", type=_number(float), default=0, help="GB of a run (80 %% of all, shared out)"
    )
    batch.add_argument(
        "--cold", action="store_true", help="start each kernel afresh, without a warm process"
    )
    batch.add_argument("--quiet", action="store_true", help="draw no progress bar")
    batch.set_defaults(run=_batch)

    bundle = commands.add_parser(
        "bundle",
        help="write a replication bundle: offsets and hashes, no article text",
        description="Write the tables in TABLES without any column that repeats what articles "
        "say, with hashes, licence and citation, as one zip.",
    )
    bundle.add_argument("tables", metavar="TABLES", help="folder that `build` wrote")
    bundle.add_argument("--out", metavar="FILE.zip", required=True, help="the bundle")
    bundle.set_defaults(run=_bundle)

    restore = commands.add_parser(
        "restore",
        help="fill the words of a replication bundle in again from one's own articles",
        description="Check that the articles in TABLES are those the bundle was made from and "
        "write its tables with their words to DIR.",
    )
    restore.add_argument("bundle", metavar="FILE.zip", help="the bundle")
    restore.add_argument("tables", metavar="TABLES", help="folder that `build` wrote")
    restore.add_argument("--out", metavar="DIR", required=True, help="folder of the tables")
    restore.set_defaults(run=_restore)

    convert = commands.add_parser(
        "convert",
        help="write a notebook's CSV exports as XLSX and Parquet too",
        description="Write every CSV in DIR as Parquet beside it, and all as DIR/tables.xlsx.",
    )
    convert.add_argument("folder", metavar="DIR", help="folder given to a notebook as out")
    convert.set_defaults(run=_convert)

    train = commands.add_parser(
        "train",
        help="train the model that finds names and attributions, or, with `train targets`, that of "
        "tone toward a target (needs the extra `train`)",
        add_help=False,
    )
    train.set_defaults(run=_train)

    bench = commands.add_parser(
        "bench",
        help="measure speed, memory and safety, or, with --ablate, what each hand rule is worth",
        add_help=False,
    )
    bench.set_defaults(run=_bench)
    return parser


def _build(given: argparse.Namespace) -> int:
    from helpers.build import corpus
    from helpers.store import tables

    out = given.out or corpus.tables_folder(Path(given.path), given.codebook)
    manifest = corpus.build(
        given.path,
        out,
        mapping=_mapping(given.map),
        workers=given.workers,
        progress=not given.quiet,
        scheduler=given.scheduler,
        codebook_file=given.codebook,
    )
    for note in manifest["notes"]:
        print(note)
    problems = tables.read_table("problems", out)
    for row in problems.head(PROBLEMS_SHOWN).itertuples():
        print(f"problem: {row.path}: {row.problem}", file=sys.stderr)
    if len(problems) > PROBLEMS_SHOWN:
        more = len(problems) - PROBLEMS_SHOWN
        print(f"… and {more:,} more in the table problems of {out}", file=sys.stderr)
    counts = ", ".join(f"{count:,} {name}" for name, count in manifest["counts"].items())
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
    from helpers.store import codebook

    book = codebook.read_codebook(given.file)
    printed = {
        "instructions": codebook.instructions,
        "choices": lambda book: codebook.coding_choices(book).to_csv(index=False),
        "appendix": codebook.appendix,
    }
    print(printed[given.kind](book), end="")
    return 0


def _batch(given: argparse.Namespace) -> int:
    from helpers.batch import pool

    options = pool.Options(
        workers=given.workers,
        timeout=given.timeout,
        memory=given.memory,
        resume=given.resume,
        dry_run=given.dry_run,
        cold=given.cold,
        quiet=given.quiet,
    )
    return pool.run_batch(given.file, given.out, options)


def _number(kind: type) -> Callable[[str], float]:
    """Return a reader of numbers above 0, for an option."""

    def read(written: str) -> float:
        number = kind(written)
        if not 0 < number < float("inf"):
            raise ValueError(written)
        return number

    read.__name__ = "number above 0"
    return read


def _bundle(given: argparse.Namespace) -> int:
    from helpers.build import bundle

    print(bundle.write_bundle(given.tables, given.out))
    return 0


def _restore(given: argparse.Namespace) -> int:
    from helpers.build import bundle
    from helpers.store import tables

    articles = tables.read_table("articles", given.tables, ["article_id", "text"])
    for name, frame in bundle.restore(given.bundle, articles).items():
        tables.write_bytes(bundle.to_parquet(frame), Path(given.out) / f"{name}.parquet")
    print(given.out)
    return 0


def _convert(given: argparse.Namespace) -> int:
    from helpers.build import bundle

    print(bundle.convert_exports(given.folder))
    return 0


def _train(given: argparse.Namespace) -> int:
    module = TRAINED.get("".join(given.rest[:1]), "reading")
    try:
        train = importlib.import_module(f"helpers.train.{module}")
    except ModuleNotFoundError as error:
        raise RuntimeError(
            f"training needs {error.name}: run `pip install -e '.[train]'` in this environment"
        ) from error
    return train.main(given.rest[module != "reading" :])


def _bench(given: argparse.Namespace) -> int:
    module = "ablation" if "--ablate" in given.rest else "speed"
    bench = importlib.import_module(f"helpers.bench.{module}")
    return bench.main([word for word in given.rest if word != "--ablate"])


if __name__ == "__main__":
    sys.exit(main())
