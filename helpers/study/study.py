"""A reliability study, step by step as the notebook calls it: coders read, measured, told.

A unit is one statement. In a coding sheet the units were drawn from what the tool found; coders
who code whole articles find their own, which are one unit when their contents pair (see
`pairing.pair_attributions`).
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd
from jinja2 import Environment

from helpers.measure.comparisons import MEASURES, Measure
from helpers.measure.select import lay_out
from helpers.measure.shares import (
    RESAMPLES,
    SEED,
    count_of,
    enumerate_names,
    in_words,
    wilson_interval,
)
from helpers.store import schema, tables
from helpers.store.paths import PROJECT, TEMPLATES
from helpers.study import agreement, correction, pairing, sheets, unitizing
from helpers.study.agreement import NOT_ONE
from helpers.study.corpora import read_codings

TOOL = "the program"
NONE = "(none)"
LEAST_ALPHA = 0.67
ORDERS = {"tone_label": schema.POLARITIES}


@dataclass(frozen=True)
class Coded:
    """What all coders wrote.

    `ratings` has unit, article_id, coder, variable and value; `units` has unit, article_id,
    attribution_id ("" where the tool has none) and weight; `contents` the statements that each
    coder found by reading (coder, article_id, spans) within `scope` (article_id, start, end);
    `problems` what could not be used (coder, where, problem). `kinds` says what coders are, as a
    file `coders.csv` (coder, kind) beside their sheets or folders does.
    """

    ratings: pd.DataFrame
    units: pd.DataFrame
    contents: pd.DataFrame
    scope: pd.DataFrame
    problems: pd.DataFrame
    kinds: Mapping[str, str] = field(default_factory=dict)

    @property
    def told(self) -> list[str]:
        """The names, each with what it is where that is known: "pass a (language model)"."""
        kinds = {name: f" ({self.kinds[name]})" for name in self.coders if name in self.kinds}
        return [f"{in_words(name)}{kinds.get(name, '')}" for name in self.coders]

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
        One path per coder, all of one kind, or a folder of sheets; none gives a result without
        rows.
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
    paths = _locate(files)
    if not paths:
        return nobody()
    folders = [path.is_dir() for path in paths]
    if any(folders) and not all(folders):
        raise ValueError("give either coding sheets or folders of whole-article codings, not both")
    if all(folders):
        coded = _read_folders(paths, articles, attributions)
    else:
        coded = _read_sheets(paths, articles, key, passages, codebook_file)
    return replace(coded, kinds=_read_kinds(paths))


def part_codings(
    files: Sequence[str | Path], out: str | Path = ""
) -> tuple[list[Path], list[Path]]:
    """Part coders' sheets and folders from tables of units by coders that were made elsewhere.

    Such a table is a CSV with three columns or more that is no sheet of this program. Where no
    file is given, the sheets are those that were coded in `out`.
    """
    paths = _locate(files)
    other = [path for path in paths if path.is_file() and sheets.is_elsewhere(path)]
    ours = [path for path in paths if path not in other]
    return ours or sheets.find_coded(out), other


def measure_tables(files: Sequence[str | Path]) -> pd.DataFrame:
    """Measure the agreement in tables made elsewhere: one row is one variable of one of them."""
    ratings = [lay_out("ratings"), *map(agreement.read_codes, files)]
    return agreement.measure_agreement(pd.concat(ratings, ignore_index=True))


def read_sample(
    files: Sequence[str | Path], articles: pd.DataFrame, attributions: pd.DataFrame
) -> Coded:
    """Read coders back as `read_coders` does, with the key that lies beside their sheets.

    Raises FileNotFoundError where sheets lie without the key, which has the chances of the draw.
    """
    paths = _locate(files)
    nothing = lay_out("sampling key"), lay_out("sampling passages")
    key, passages = sheets.reopen(paths, *nothing)
    if any(path.is_file() for path in paths) and key is nothing[0]:
        raise FileNotFoundError(
            f"{paths[0].parent / sheets.KEY_FILE} is missing: put it back beside the coding sheets"
        )
    return read_coders(paths, articles, attributions, key, passages)


def say_coders(coded: Coded) -> str:
    """Say who has coded, and how much."""
    if not coded.coders:
        return ""
    units = coded.ratings["unit"].nunique()
    whole = coded.scope["article_id"].nunique()
    read = f", and read {count_of(whole, 'article')} in whole or in part" if whole else ""
    return f"Coded by {', '.join(coded.told)}: {count_of(units, 'statement')}{read}."


def say_uncovered(attributions: pd.DataFrame, beside: pd.DataFrame) -> str:
    """Say of which outlets nothing was coded, although others are corrected."""
    coded = attributions.loc[attributions["article_id"].isin(beside["article_id"]), "outlet"]
    missing = sorted(set(attributions["outlet"]) - set(coded))
    if beside.empty or not missing:
        return ""
    return (
        f"Nothing is coded of {enumerate_names(missing, 3)}: there the program is taken to err as "
        "it does in the others."
    )


def say_n(attributions: pd.DataFrame, beside: pd.DataFrame) -> str:
    """Say how many statements there are, and how many of them correct the rest."""
    return f"n = {count_of(len(attributions), 'statement')}, {len(beside):,} of them coded"


def _read_kinds(paths: Sequence[Path]) -> dict[str, str]:
    files = {path.parent / sheets.CODERS_FILE: None for path in paths}
    found = [tables.read_csv(file, dtype="str") for file in files if file.is_file()]
    return {row.coder: row.kind for table in found for row in table.itertuples()}


def _locate(files: Sequence[str | Path]) -> list[Path]:
    """Look from the working folder, and then from the project; a folder of sheets is its files."""
    found = []
    for file in files:
        path = Path(file).expanduser()
        path = path if path.exists() or not (PROJECT / path).exists() else PROJECT / path
        found += sheets.list_sheets(path) or [path]
    return found


# ---------------------------------------------------------------------------------------- sheets


def _read_sheets(
    paths: list[Path],
    articles: pd.DataFrame,
    key: pd.DataFrame,
    passages: pd.DataFrame,
    codebook_file: str | Path,
) -> Coded:
    read = [sheets.read_sheet(path, codebook_file) for path in paths]
    texts = articles.set_index("article_id")["text"]
    ratings, problems, contents = [], [], []
    for coding in read:
        rated, strange = sheets.to_ratings(coding, key, texts)
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
            placed.append((coding.coder, passage["article_id"], "", [span]))
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


def measure_units(coded: Coded, attributions: pd.DataFrame, variable: str) -> pd.DataFrame:
    """Measure by Krippendorff's alphas whether the same words are marked, and coded alike.

    See `unitizing.measure_units` for the rows: first those of the coders, then the program with
    each. The value of a unit is its code of `variable`; where statements are marked in passages
    they have none, and only `bu` can be told.
    """
    told = ["unit", "coder", "value"]
    codes = coded.ratings.loc[coded.ratings["variable"] == variable, told]
    marked = coded.contents.merge(codes, on=told[:2], how="left").fillna({"value": ""})
    plain = (marked["value"] == "").all()
    ours = attributions.assign(coder=TOOL, value="" if plain else attributions[variable])
    texts = coded.scope.rename(columns={"start": "first", "end": "last"})
    texts["text"] = texts["article_id"] + " " + texts["first"].astype(str)
    columns = ["coder", "article_id", "spans", "value"]
    units = pd.concat([marked[columns], ours[columns]]).explode("spans", ignore_index=True)
    units["start"], units["end"] = units["spans"].str[0], units["spans"].str[1]
    units = units.astype({"start": "int64", "end": "int64"}).merge(texts, on="article_id")
    units = units[(units["first"] <= units["start"]) & (units["start"] < units["last"])]
    units["article_id"] = units["text"]
    scope = texts.assign(article_id=texts["text"], start=texts["first"], end=texts["last"])
    choices = [coded.coders, *([TOOL, name] for name in coded.contents["coder"].unique())]
    found = [unitizing.measure_units(units[units["coder"].isin(some)], scope) for some in choices]
    told = pd.concat(found, ignore_index=True)
    return told[told["coefficient"] == "bu"].reset_index(drop=True) if plain else told


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
    that only coders found are not here: `measure_finding` counts them. None where nobody coded it.
    """
    ours = attributions.assign(variable=variable, value=attributions[variable])
    ours = _alike(ours)[["attribution_id", "value"]].rename(columns={"value": "found"})
    units = coded.units[coded.units["attribution_id"] != ""]
    units = units.merge(ours, on="attribution_id", how="inner", validate="many_to_one")
    settled = agreement.settle(_alike(coded.ratings))
    value = settled[settled["variable"] == variable].set_index("unit")["value"]
    if value.empty:
        return lay_out("beside")
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


def check_agreement(agreed: pd.DataFrame, variable: str) -> str:
    """Say why codes of a variable cannot correct anything; "" where they can.

    `agreed` is what `measure_coders` gives. Below 0.67 not even tentative conclusions rest on the
    codes (Krippendorff 2019, ch. 12); with one coder, or without variation, alpha is not known.
    """
    known = agreed[(agreed["variable"] == variable) & (agreed["alpha"] < LEAST_ALPHA)]
    if known.empty:
        return ""
    return (
        f"Nothing is corrected: the coders' alpha for {in_words(variable)} is "
        f"{known['alpha'].iloc[0]:.2f}, below {LEAST_ALPHA}. What they disagree on cannot "
        "tell where the program is wrong: make the codebook clearer and code again."
    )


def trust(beside: pd.DataFrame, agreed: pd.DataFrame, variable: str) -> pd.DataFrame:
    """Return the coded units that can correct: none where the coders do not agree."""
    return beside.head(0) if check_agreement(agreed, variable) else beside


def compare_measure(
    coded: Coded, attributions: pd.DataFrame, measure: str
) -> tuple[pd.DataFrame, pd.DataFrame, str]:
    """Return the statements, and the coded ones, by whether a measure of `comparisons` holds.

    Columns are those of `compare`, with `holds` of the statements "yes" or "no"; and the reason
    why nothing can be corrected, or "".
    """
    chosen = MEASURES[measure]
    if not chosen.variable:
        reason = f"Nothing is corrected: a sheet of statements does not tell {measure}."
        return attributions.head(0).assign(holds=""), lay_out("beside"), reason
    rows = attributions.assign(holds=_hold(chosen, attributions[chosen.variable]))
    beside = compare(coded, attributions, chosen.variable)
    reason = check_agreement(measure_coders(coded), chosen.variable)
    beside = beside.assign(**{side: _hold(chosen, beside[side]) for side in agreement.SIDES})
    if not reason and beside.empty:
        reason = f"Nothing is corrected: no sheet in codings tells the {in_words(chosen.variable)}."
    return rows, beside.head(0) if reason else beside, reason


def _hold(measure: Measure, codes: pd.Series) -> pd.Series:
    """Say of each code whether the measure holds: yes or no, or the code where it is no answer."""
    rows = pd.DataFrame({measure.variable: codes.replace(NONE, "")})
    answer = pd.Series(np.where(measure.holds(rows), sheets.YES, sheets.NO), codes.index)
    open_ = codes == NOT_ONE if measure.variable == "relay" else codes.isin(["", NOT_ONE])
    return answer.mask(open_, codes).astype("str")


def correct_all(coded: Coded, attributions: pd.DataFrame, agreed: pd.DataFrame) -> pd.DataFrame:
    """Correct the shares of every categorical variable that was coded; see `measure_corrected`.

    One row is one category of one `variable`; `note` says why it is not corrected.
    """
    told = []
    for variable in sheets.CHOSEN[1:]:
        beside = compare(coded, attributions, variable)
        if len(beside):
            usable = trust(beside, agreed, variable)
            found = correction.measure_corrected(attributions, usable, variable)
            found = found.rename(columns={variable: "category"})
            note = check_agreement(agreed, variable).partition(":")[0]
            told.append(found.assign(variable=variable, note=note))
    if not told:
        return lay_out("corrected", keys=["variable", "category"]).assign(note="")
    return pd.concat(told, ignore_index=True)[["variable", *told[0].columns.drop("variable")]]


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
    named = {side: finding[side].map(in_words) for side in ("first", "second")}
    told = template.render(
        manifest=manifest,
        engine=hashlib.sha256(engine).hexdigest()[:12],
        log=log.itertuples(),
        coded=coded,
        agreed=agreed.assign(variable=agreed["variable"].map(in_words)).itertuples(),
        finding=list(finding.assign(**named).itertuples()),
        tool=TOOL,
        variable=in_words(variable),
        corrected=list(known.itertuples()),
        resamples=RESAMPLES,
        seed=SEED,
    )
    return Text(told.strip())
