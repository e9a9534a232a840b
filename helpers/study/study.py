"""A reliability study, step by step as the notebook calls it: coders read, measured, told.

A unit is one statement. In a coding sheet the units were drawn from what the tool found; coders
who code whole articles find their own, which are one unit when their contents pair (see
`pairing.pair_attributions`).
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd
from jinja2 import Environment

from helpers.measure.select import lay_out
from helpers.measure.shares import RESAMPLES, SEED, wilson_interval
from helpers.store import schema, tables
from helpers.store.paths import PROJECT, TEMPLATES
from helpers.study import agreement, pairing, sheets
from helpers.study.agreement import NOT_ONE
from helpers.study.agreement import count_confusion as count_confusion
from helpers.study.agreement import measure_corrected as measure_corrected
from helpers.study.corpora import read_codings
from helpers.study.sheets import draw_passages as draw_passages
from helpers.study.sheets import draw_statements as draw_statements
from helpers.study.sheets import reopen as reopen
from helpers.study.sheets import write_sheets as write_sheets

TOOL = "the program"
NONE = "(none)"
ORDERS = {"tone_label": schema.POLARITIES}


@dataclass(frozen=True)
class Coded:
    """What all coders wrote.

    `ratings` has unit, article_id, coder, variable and value; `units` has unit, article_id,
    attribution_id ("" where the tool has none) and weight; `contents` the statements that each
    coder found by reading (coder, article_id, spans) within `scope` (article_id, start, end);
    `problems` what could not be used (coder, where, problem).
    """

    ratings: pd.DataFrame
    units: pd.DataFrame
    contents: pd.DataFrame
    scope: pd.DataFrame
    problems: pd.DataFrame

    @property
    def coders(self) -> list[str]:
        """The coders' names."""
        return list(dict.fromkeys([*self.ratings["coder"], *self.contents["coder"]]))


def nobody() -> Coded:
    """Return what is there before anybody has coded."""
    names = ("ratings", "units", "contents", "scope", "coding problems")
    return Coded(*map(lay_out, names))


def read_coders(
    files: Sequence[str | Path],
    articles: pd.DataFrame,
    attributions: pd.DataFrame,
    key: pd.DataFrame,
    passages: pd.DataFrame,
    codebook_file: str | Path = "",
) -> Coded:
    """Read the coders back: filled-in sheets (XLSX or CSV), or folders of whole-article codings.

    Parameters
    ----------
    files
        One path per coder, all of one kind; none gives a result without rows.
    articles, attributions
        The tables that the sample was drawn from.
    key, passages
        What `sheets` drew, or what was read back from `sampling_key.csv` and
        `sampling_passages.csv`; not looked at for whole-article codings.
    codebook_file
        The codebook whose categories the sheets offered; "" for the project's own.

    Raises
    ------
    ValueError
        When sheets and folders are mixed, and what `sheets.read_sheet` and
        `read_codings` raise.
    """
    paths = [_locate(file) for file in files]
    if not paths:
        return nobody()
    folders = [path.is_dir() for path in paths]
    if any(folders) and not all(folders):
        raise ValueError("give either coding sheets or folders of whole-article codings, not both")
    if all(folders):
        return _read_folders(paths, articles, attributions)
    return _read_sheets(paths, articles, key, passages, codebook_file)


def _locate(file: str | Path) -> Path:
    """Look from the working folder, and then from the project."""
    path = Path(file).expanduser()
    return path if path.exists() or not (PROJECT / path).exists() else PROJECT / path


# ---------------------------------------------------------------------------------------- sheets


def _read_sheets(
    paths: list[Path],
    articles: pd.DataFrame,
    key: pd.DataFrame,
    passages: pd.DataFrame,
    codebook_file: str | Path,
) -> Coded:
    read = [sheets.read_sheet(path, codebook_file) for path in paths]
    ratings, problems, contents = [], [], []
    for coding in read:
        rated, strange = sheets.to_ratings(coding, key)
        placed, lost = _place(coding, passages, articles)
        ratings.append(rated)
        contents.append(placed)
        problems += [coding.problems, strange, lost]
    ratings = pd.concat(ratings, ignore_index=True)
    known = [coding.coder for coding in read]
    twice = ratings.duplicated(["unit", "coder", "variable"])
    if twice.any():
        raise ValueError(
            f"{ratings.loc[twice, 'coder'].iloc[0]!r} coded {ratings.loc[twice, 'unit'].iloc[0]} "
            f"twice: give each coder's file a name of its own (read: {', '.join(known)})"
        )
    return Coded(
        ratings,
        lay_out("units", key),
        pd.concat(contents, ignore_index=True),
        lay_out("scope", passages),
        pd.concat(problems, ignore_index=True),
    )


def _place(
    coding: sheets.Sheet, passages: pd.DataFrame, articles: pd.DataFrame
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Find the words that a coder copied out of each passage; what is not found is a problem."""
    texts = articles.set_index("article_id")["text"]
    there = passages.set_index("passage")
    placed, lost = [], []
    for row in coding.marked.itertuples():
        span = None
        if row.passage in there.index:
            passage = there.loc[row.passage]
            text = texts[passage["article_id"]][passage["start"] : passage["end"]]
            words = r"\s+".join(map(re.escape, row.words.split()))
            match = re.search(words, text) or re.search(words, text, re.IGNORECASE)
            span = match and [passage["start"] + match.start(), passage["start"] + match.end()]
        if span:
            placed.append((coding.coder, passage["article_id"], [span]))
        else:
            told = f"{row.words[:60]!r} does not stand in the passage"
            lost.append((coding.coder, f"passage {row.passage}", told))
    return lay_out("contents", placed), lay_out("coding problems", lost)


# ------------------------------------------------------------------------ whole-article codings


def _read_folders(paths: list[Path], articles: pd.DataFrame, attributions: pd.DataFrame) -> Coded:
    texts, ids = _by_path(articles)
    pool = lay_out("pool")
    ratings, contents, read = [], [], set()
    for path in paths:
        found = read_codings(path, texts).attributions
        found = found.assign(article_id=found["path"].map(ids), coder=path.name)
        found["path"] = found["article_id"]
        read |= set(found["article_id"])
        pairs = pairing.pair_attributions(pool, found)
        unit = pd.Series(pool.loc[pairs["first"], "unit"].to_numpy(), index=pairs["second"])
        own = (
            found["article_id"] + "-" + found["start"].astype(str) + "-" + found["end"].astype(str)
        )
        found["unit"] = unit.reindex(found.index).fillna(own)
        new = found[~found["unit"].isin(pool["unit"])]
        pool = pd.concat([pool, new[list(pool)]], ignore_index=True)
        contents.append(lay_out("contents", found))
        known = [name for name in sheets.VARIABLES if name in found]
        long = found.melt(["unit", "article_id", "coder"], known, "variable", "value")
        ratings.append(lay_out("ratings", long))
    ours = attributions[attributions["article_id"].isin(read)]
    pairs = pairing.pair_attributions(pool, ours.assign(path=ours["article_id"]))
    told = pd.Series(ours.loc[pairs["second"], "attribution_id"].to_numpy(), index=pairs["first"])
    units = pool.assign(attribution_id=told.reindex(pool.index).fillna(""), weight=1.0)
    spurious = ours[~ours["attribution_id"].isin(units["attribution_id"])]
    extra = spurious.assign(unit=spurious["attribution_id"], weight=1.0)
    lengths = articles.set_index("article_id")["text"].str.len()
    scope = pd.DataFrame({"article_id": sorted(read), "start": 0})
    scope["end"] = scope["article_id"].map(lengths)
    return Coded(
        pd.concat(ratings, ignore_index=True),
        pd.concat([lay_out("units", some) for some in (units, extra)], ignore_index=True),
        pd.concat(contents, ignore_index=True),
        lay_out("scope", scope),
        lay_out("coding problems"),
    )


def _by_path(articles: pd.DataFrame) -> tuple[dict[str, str], dict[str, str]]:
    """Return text and id of each article under its path and under its path without each folder."""
    texts, ids = {}, {}
    for row in articles[["article_id", "path", "text"]].itertuples(index=False):
        parts = row.path.split("/")
        for start in range(len(parts)):
            name = "/".join(parts[start:])
            texts.setdefault(name, row.text)
            ids.setdefault(name, row.article_id)
    return texts, ids


# ------------------------------------------------------------------------------------- measuring


def measure_finding(coded: Coded, attributions: pd.DataFrame) -> pd.DataFrame:
    """Measure who found the same statements in what was read whole; one row is one pair.

    Coders are paired with one another, and the program with each coder: found_by_both,
    only_first, only_second, f1, content_exact (the share of the pairs with the same content); and
    precision and recall of the first, the second taken as right, with 95 % Wilson intervals.
    """
    spans = {name: part for name, part in coded.contents.groupby("coder", sort=False)}
    pairs = list(combinations(spans, 2)) + [(TOOL, name) for name in spans]
    spans[TOOL] = _inside(attributions, coded.scope)
    rows = []
    for first, second in pairs:
        one, other = (
            spans[name].assign(path=spans[name]["article_id"]).reset_index(drop=True)
            for name in (first, second)
        )
        row = pairing.measure_unitising(one, other).iloc[0]
        told = [first, second, *row]
        for total in (len(one), len(other)):
            low, high = wilson_interval(row["found_by_both"], total)
            told += [row["found_by_both"] / total if total else np.nan, float(low), float(high)]
        rows.append(told)
    return lay_out("finding", rows)


def _inside(attributions: pd.DataFrame, scope: pd.DataFrame) -> pd.DataFrame:
    """Keep the attributions whose content begins in a part that coders read."""
    parts = scope.rename(columns={"start": "first", "end": "last"})
    joined = attributions.reset_index(drop=True).merge(parts, on="article_id", how="inner")
    held = (joined["first"] <= joined["start"]) & (joined["start"] < joined["last"])
    return joined.loc[held, ["article_id", "spans"]]


def measure_coders(coded: Coded) -> pd.DataFrame:
    """Measure the coders' agreement on each variable, as `agreement.measure_agreement` does."""
    return agreement.measure_agreement(_alike(coded.ratings), ORDERS)


def compare(coded: Coded, attributions: pd.DataFrame, variable: str) -> pd.DataFrame:
    """Put the settled code of each unit beside the program's; one row is one unit of both.

    Columns: unit, article_id, attribution_id, found (the program's value), value (settled by
    majority; "" where divided; NOT_ONE where the coders find no statement), weight. Statements
    that only coders found are not here: `measure_finding` counts them.
    """
    ours = attributions.assign(variable=variable, value=attributions[variable])
    ours = _alike(ours)[["attribution_id", "value"]].rename(columns={"value": "found"})
    units = coded.units[coded.units["attribution_id"] != ""]
    units = units.merge(ours, on="attribution_id", how="inner", validate="many_to_one")
    settled = agreement.settle(_alike(coded.ratings))
    value = settled[settled["variable"] == variable].set_index("unit")["value"]
    denied = settled[(settled["variable"] == "statement") & (settled["value"] == sheets.NO)]
    rated = set(coded.ratings["unit"])
    units["value"] = units["unit"].map(value)
    read_whole = ~units["unit"].isin(rated) & (units["unit"] == units["attribution_id"])
    none = units["unit"].isin(denied["unit"]) | read_whole
    units["value"] = units["value"].mask(none, NOT_ONE).fillna("").astype("str")
    written = none | (units["unit"].map(value).notna())
    return lay_out("beside", units.loc[written].reset_index(drop=True))


def _alike(ratings: pd.DataFrame) -> pd.DataFrame:
    """Write names alike, whatever their letter case and article; no name is an answer too."""
    names = ratings["variable"].isin(sheets.WRITTEN)
    alike = ratings["value"].str.casefold().str.replace(r"^(?:the|an?)\s+", "", regex=True)
    value = ratings["value"].mask(names, alike.str.strip())
    return ratings.assign(value=value.mask(names & (value == ""), NONE))


def measure_program(beside: pd.DataFrame) -> pd.DataFrame:
    """Measure the program against the coders where they settled on a code of a statement.

    `beside` is what `compare` gives; see `agreement.measure_accuracy` for the rows.
    """
    return agreement.measure_accuracy(beside[~beside["value"].isin(["", NOT_ONE])])


# --------------------------------------------------------------------------- methods appendix


@dataclass(frozen=True)
class Text:
    """A text in Markdown that a notebook shows."""

    markdown: str

    def _repr_markdown_(self) -> str:
        return self.markdown


def describe(
    folder: str | Path,
    coded: Coded,
    log: pd.DataFrame,
    agreed: pd.DataFrame,
    finding: pd.DataFrame,
    variable: str,
    corrected: pd.DataFrame,
) -> Text:
    """Write the methods appendix from a run's own frames; nothing in it is typed by hand.

    `log` is that of `sheets`, `agreed` of `measure_coders`, `finding` of
    `measure_finding`, `corrected` of `agreement.measure_corrected` for `variable`.
    """
    manifest = tables.read_manifest(folder)
    engine = json.dumps(manifest.get("engine", {}), sort_keys=True).encode()
    template = Environment(trim_blocks=True, lstrip_blocks=True).from_string(
        (TEMPLATES / "methods.md.j2").read_text("utf-8")
    )
    known = corrected.dropna(subset=["corrected"])
    told = template.render(
        manifest=manifest,
        engine=hashlib.sha256(engine).hexdigest()[:12],
        log=log.itertuples(),
        coded=coded,
        agreed=agreed.itertuples(),
        finding=list(finding.itertuples()),
        tool=TOOL,
        variable=variable,
        corrected=list(known.itertuples()),
        resamples=RESAMPLES,
        seed=SEED,
    )
    return Text(told.strip())
