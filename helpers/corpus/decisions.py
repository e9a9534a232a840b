"""A person's decisions about names: read from a CSV, checked, applied; and merges to decide on.

The file is edited by hand or by the alias desk of `entity_counts` and is kept from one run to the
next. It lies beside the tables of one corpus, or is that of a project. One row is one decision:

| action | name | target |
|---|---|---|
| merge | an entity | the entity it is |
| split | an entity | a form joined to it that is not it, and becomes an entity of its own |
| ignore | an entity that is none | |
| rename | an entity | its new name |
| relabel | an entity | its new label |

`label` tells entities of one name apart and may stay empty where there is one only. `note` is free.
"""

from __future__ import annotations

import csv
import hashlib
import io
import os
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd
from filelock import FileLock

from helpers.annotate import bodies, names, persons
from helpers.annotate.entities import key_of, new_id
from helpers.annotate.speakers import Resolved
from helpers.store import schema, tables
from helpers.store.paths import TABLES, whole_file

EFFECTS = {
    "merge": "“{name}” is called “{target}”",
    "split": "“{target}” is parted from “{name}”",
    "ignore": "“{name}” is no name any more",
    "rename": "“{name}” is renamed “{target}”",
    "relabel": "“{name}” becomes {target}",
}
ACTIONS = tuple(EFFECTS)
COLUMNS = ["action", "name", "label", "target", "note"]
NEEDED, DECIDING = COLUMNS[:2], COLUMNS[:4]
LONGEST_WAIT = 60  # seconds for others who write decisions
VARIABLE, BESIDE = "ATTRIBUTED_ALIASES", ".decisions.csv"
PROPOSED = [
    "name", "label", "target", "target_label", "reason", "mentions", "articles", "target_mentions",
    "target_articles", "article_id", "start", "end", "entity_id", "target_id",
]  # fmt: skip


class AliasError(ValueError):
    """The file of decisions cannot be read; the message says where and what to do."""


# ------------------------------------------------------------------------------------ the file


def decisions_file(folder: str | Path) -> Path:
    """Return where the decisions about the names of a folder of tables are kept.

    That is beside it, `<folder>.decisions.csv`; or, for all corpora of a project, the file that the
    environment variable ATTRIBUTED_ALIASES names.
    """
    place = str(folder).rstrip("/")
    if "://" in place:  # a store, whose decisions are kept with the tables of this computer
        place = str(TABLES / place.rpartition("/")[2])
    return Path(os.environ.get(VARIABLE) or f"{place}{BESIDE}")


def read_decisions(path: str | Path) -> pd.DataFrame:
    """Return the decisions in a CSV, one a row, with the `line` each stands on.

    A file that does not exist holds no decision. Commas or semicolons part the columns; `label`,
    `target` and `note` may be missing. Raises AliasError when the file is no UTF-8 CSV, has a
    column that means nothing here, or lacks `action` or `name`.
    """
    path = Path(path)
    if not path.exists():
        return pd.DataFrame(columns=[*COLUMNS, "line"])
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise AliasError(f"{path} is not UTF-8: save it as “CSV UTF-8” ({error.reason})") from None
    first = text.partition("\n")[0]
    reader = csv.reader(
        io.StringIO(text, newline=""), delimiter=";" if first.count(";") > first.count(",") else ","
    )
    header, rows = [], []
    for cells in reader:
        row = [tables.unguard(cell.strip()) for cell in cells]
        if any(row) and not header:
            header = [cell.lower() for cell in row]
            _check_header(header, path)
        elif any(row[len(header) :]):
            line = reader.line_num
            raise AliasError(f"{path}, line {line}: more cells than columns; quote commas")
        elif any(row):
            rows.append({**dict(zip(header, row, strict=False)), "line": reader.line_num})
    found = pd.DataFrame(rows, columns=[*COLUMNS, "line"])
    found[COLUMNS] = found[COLUMNS].astype(object).fillna("")
    return found.assign(action=found["action"].str.lower(), label=found["label"].str.upper())


def _check_header(header: list[str], path: Path) -> None:
    unknown = [column for column in header if column not in COLUMNS]
    missing = [column for column in NEEDED if column not in header]
    repeated = [column for column in COLUMNS if header.count(column) > 1]
    if unknown or missing or repeated:
        wrong = [f"unknown {c!r}" for c in unknown] + [f"missing {c!r}" for c in missing]
        wrong += [f"repeated {c!r}" for c in repeated]
        raise AliasError(
            f"{path}: columns {', '.join(wrong)}; its first line must be {','.join(COLUMNS)}"
        )


def write_decisions(decisions: pd.DataFrame, path: str | Path) -> None:
    """Write decisions as a CSV, whole or not at all, to where links lead; the mode stays."""
    written = tables.to_csv(decisions.reindex(columns=COLUMNS).fillna(""))
    with whole_file(Path(path).resolve(), keep_mode=True) as temporary:
        temporary.write_bytes(written.encode("utf-8", "surrogatepass"))


def add_decisions(path: str | Path, decided: pd.DataFrame) -> int:
    """Add decisions to a file, leaving out those it holds already; return how many were new.

    Others who add at the same time wait for one another. Raises TimeoutError, an OSError, where
    one holds the file for longer than a minute.
    """
    with _alone(path) as file:
        there = read_decisions(file)[COLUMNS]
        added = decided.reindex(columns=COLUMNS).astype(object).fillna("")
        both = pd.concat([there, added], ignore_index=True).drop_duplicates(DECIDING)
        if len(both) > len(there):
            write_decisions(both, file)
        return len(both) - len(there)


def remove_decision(path: str | Path, decided: Mapping[str, str]) -> bool:
    """Take one decision back; return whether it was there. Waits and raises as `add_decisions`."""
    with _alone(path) as file:
        there = read_decisions(file)[COLUMNS]
        same = (there[DECIDING] == pd.Series(decided)[DECIDING]).all(axis=1)
        if same.any():
            write_decisions(there[~same], file)
        return bool(same.any())


@contextmanager
def _alone(path: str | Path) -> Iterator[Path]:
    """Hold a file of decisions against others who write to it; yield where links lead."""
    file = Path(path).resolve()
    file.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(file.with_name(f".{file.name}.lock"), timeout=LONGEST_WAIT):
        yield file


def foresee(decided: pd.DataFrame, folder: str | Path) -> list[str]:
    """Say what each decision would change in a folder of tables, as it now is.

    Raises AliasError for a decision about a name that is not there, or into one that is not.
    """
    entities = tables.read_table("entities", folder)
    names_of = entities[["entity", "label"]].itertuples(index=False)
    known = {key_of(name, label) for name, label in names_of}
    for row in decided.to_dict("records"):
        there = {key_of(row["target"], label) for label in schema.LABELS} & known
        if row["action"] == "merge" and row["target"] and not there:
            raise AliasError(f"no name {row['target']!r} to merge into: rename {row['name']!r}")
    applied = apply_decisions(entities, decided.assign(line=range(1, len(decided) + 1)))
    if len(applied.reports):
        raise AliasError("; ".join(applied.reports["problem"]))
    mentions = tables.read_table("mentions", folder, ["entity_id", "text"])
    ids = tables.read_table("attributions", folder, ["speaker_id"])["speaker_id"].str.split(";")
    spoken, finder = ids.explode().value_counts(), _Application(entities, "")
    said = []
    for row in decided.to_dict("records"):
        entity_id = finder.find(row["name"], row["label"])[0]
        held = mentions[mentions["entity_id"] == entity_id]
        if row["action"] == "split":
            held = held[held["text"] == row["target"]]
        count, statements = len(held), int(spoken.get(entity_id, 0))
        told = f"{count:,} mentions, {statements:,} statements"
        said.append(f"{EFFECTS[row['action']].format(**row)}: {told}")
    return said


def file_hash(path: str | Path) -> str:
    """Return the SHA-256 of a file of decisions, "" when there is none."""
    path = Path(path)
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.exists() else ""


# --------------------------------------------------------------------------------- applying them


@dataclass
class Decided:
    """Entities after a person's decisions, where each mention's entity went, and what failed.

    `moved` maps an entity_id to the one it now is ("" when ignored); `split` maps an entity_id and
    a form (see `key_of`) to the entity that form now is. `reports` are rows of `problems`.
    """

    entities: pd.DataFrame
    moved: dict[str, str] = field(default_factory=dict)
    split: dict[tuple[str, str], str] = field(default_factory=dict)
    reports: pd.DataFrame = field(default_factory=lambda: schema.empty("problems"))

    def add_decided(self, mentions: pd.DataFrame) -> pd.DataFrame:
        """Return mentions that have their `entity_id` with the decisions applied to it."""
        if not self.moved and not self.split:
            return mentions.copy()
        halved = {entity_id for entity_id, _ in self.split}
        ids = []
        for entity_id, text in zip(mentions["entity_id"], mentions["text"], strict=True):
            if entity_id in halved:
                form = _form(text, entity_id)
                entity_id = self.split.get((entity_id, form), entity_id)
            ids.append(self.moved.get(entity_id, entity_id))
        return mentions.assign(entity_id=pd.Series(ids, index=mentions.index, dtype=object))

    def apart(self, before: pd.DataFrame) -> tuple[Decided, dict[str, str]]:
        """Return these decisions without the merges, and what is merged into what.

        The entities of the first are those of `before`, with those that were split off.
        """
        merged = {one: now for one, now in self.moved.items() if now}
        ignored = dict.fromkeys((one for one, now in self.moved.items() if not now), "")
        new = self.entities[~self.entities["entity_id"].isin(before["entity_id"])]
        entities = pd.concat([before[list(new)], new], ignore_index=True)
        return Decided(entities, ignored, self.split), merged


def rename_speaker(
    one: Resolved, separate: Mapping[str, str], names: Mapping[str, str], merged: Mapping[str, str]
) -> Resolved:
    """Call a speaker, or each of several, by the name that theirs was merged into.

    `separate` and `names` are the entities' names without the merges and with them.
    """
    if not merged or merged.keys().isdisjoint(ids := one.speaker_id.split(";")):
        return one
    now = [merged.get(entity_id, entity_id) for entity_id in ids]
    speaker = one.speaker
    for before, after in zip(ids, now, strict=True):
        if before != after and names.get(after) and separate.get(before):
            speaker = speaker.replace(separate[before], names[after])
    return one._replace(speaker=speaker, speaker_id=";".join(now))


def _form(text: str, entity_id: str) -> str:
    return key_of(text, entity_id.partition("-")[0].upper())


def apply_decisions(
    entities: pd.DataFrame, decisions: pd.DataFrame, path: str = "aliases.csv"
) -> Decided:
    """Apply decisions to the entities of a corpus.

    Rows that cannot be applied are left out and reported: an unknown action or label, a name that
    the corpus does not have or has twice, names merged in a circle, a name merged into two, an
    ignored name that is also merged. A merge into a name the corpus does not have renames.
    """
    return _Application(entities, path).run(decisions)


class _Application:
    """Decisions being applied to entities."""

    def __init__(self, entities: pd.DataFrame, path: str) -> None:
        self.rows = {row["entity_id"]: row for row in entities.to_dict("records")}
        self.columns = list(entities.columns)
        self.path = path
        self.reports: list[dict[str, str]] = []
        self.by_name: dict[str, list[str]] = defaultdict(list)
        for entity_id, row in self.rows.items():
            self.by_name[key_of(row["entity"], row["label"])].append(entity_id)
            row["aliases"] = list(row["aliases"])

    def run(self, decisions: pd.DataFrame) -> Decided:
        by_action: dict[str, list[tuple[str, dict]]] = defaultdict(list)
        for row in decisions.drop_duplicates(DECIDING).to_dict("records"):
            entity_id = self._checked(row)
            if entity_id:
                by_action[row["action"]].append((entity_id, row))
        split = dict(self._split(by_action["split"]))
        self._relabel(self._single("relabel", by_action["relabel"]))
        ignored = {entity_id for entity_id, _ in by_action["ignore"]}
        moved = self._merge(self._single("merge", by_action["merge"]), ignored)
        self._rename(self._single("rename", by_action["rename"]), moved)
        moved |= dict.fromkeys(ignored, "")
        kept = [row for entity_id, row in self.rows.items() if entity_id not in moved]
        reports = pd.DataFrame(self.reports, columns=schema.TABLES["problems"].columns.names)
        return Decided(pd.DataFrame(kept, columns=self.columns), moved, split, reports)

    def _report(self, row: Mapping, problem: str) -> None:
        told = f"line {row['line']}: {row['action'] or 'no action'} {row['name']!r}: {problem}"
        self.reports.append(schema.row("problems", "", self.path, "aliases", told))

    def _checked(self, row: Mapping) -> str:
        """Return the entity a decision is about, "" after a report of what is wrong with it."""
        if row["action"] not in ACTIONS:
            self._report(row, f"the action must be one of {', '.join(ACTIONS)}")
        elif row["label"] and row["label"] not in schema.LABELS:
            self._report(row, f"{row['label']!r} is no label; there is: {', '.join(schema.LABELS)}")
        elif not row["name"] or (not row["target"] and row["action"] != "ignore"):
            self._report(row, "name or target is empty")
        else:
            found = self.find(row["name"], row["label"])
            if len(found) == 1:
                return found[0]
            if found:
                labels = " and ".join(sorted(self.rows[one]["label"] for one in found))
                self._report(row, f"there is a {labels} of that name: give its label")
            else:
                self._report(row, "this corpus has no such name; nothing was changed")
        return ""

    def find(self, name: str, label: str) -> list[str]:
        """Return the entities of a name, of one label or of any."""
        labels = [label] if label else schema.LABELS
        found = {
            entity_id
            for each in labels
            for entity_id in self.by_name.get(key_of(name, each), ())
            if self.rows[entity_id]["label"] == each
        }
        exact = [entity_id for entity_id in found if self.rows[entity_id]["entity"] == name]
        return sorted(exact if len(exact) == 1 else found)

    def _single(self, action: str, found: list[tuple[str, dict]]) -> dict[str, dict]:
        """Return one decision an entity; two that differ are reported and neither is applied."""
        by_entity: dict[str, list[dict]] = defaultdict(list)
        for entity_id, row in found:
            by_entity[entity_id].append(row)
        single = {}
        for entity_id, rows in by_entity.items():
            if len({row["target"] for row in rows}) > 1:
                told = " and ".join(f"{row['target']!r} (line {row['line']})" for row in rows)
                self._report(rows[0], f"{action} to {told}: neither was applied, keep one")
            else:
                single[entity_id] = rows[0]
        return single

    def _split(self, found: list[tuple[str, dict]]) -> Iterator[tuple[tuple[str, str], str]]:
        taken = set(self.rows)
        for entity_id, row in found:
            entity, form = self.rows[entity_id], _form(row["target"], entity_id)
            leaving = [alias for alias in entity["aliases"] if _form(alias, entity_id) == form]
            if not leaving:
                self._report(row, f"{row['target']!r} is not joined to it; nothing was changed")
                continue
            entity["aliases"] = [alias for alias in entity["aliases"] if alias not in leaving]
            new = {
                **entity,
                "entity_id": new_id(entity["label"], row["target"], taken),
                "entity": row["target"],
                "aliases": sorted(set(leaving) - {row["target"]}),
                "merge_reason": f"split from {entity['entity']}: decision, {self.path}",
            }
            self.rows[new["entity_id"]] = new
            yield (entity_id, form), new["entity_id"]

    def _relabel(self, found: Mapping[str, dict]) -> None:
        for entity_id, row in found.items():
            label = row["target"].upper()
            if label in schema.LABELS:
                self.rows[entity_id]["label"] = label
            else:
                self._report(row, f"{label!r} is no label; there is: {', '.join(schema.LABELS)}")

    def _merge(self, found: Mapping[str, dict], ignored: set[str]) -> dict[str, str]:
        """Merge entities and return where each went; circles and ignored targets are reported."""
        into: dict[str, str] = {}
        renamed: dict[str, dict] = {}
        first: dict[tuple[str, str], str] = {}
        for entity_id, row in found.items():
            label = self.rows[entity_id]["label"]
            targets = self.find(row["target"], label) or self.find(row["target"], "")
            if entity_id in ignored:
                self._report(row, "it is also to be ignored: it was ignored")
            elif targets == [entity_id]:
                self._report(row, "it is that name already")
            elif len(targets) > 1:
                self._report(row, f"several entities are called {row['target']!r}: rename one")
            elif not targets and (row["target"], label) in first:
                into[entity_id] = first[row["target"], label]
            elif not targets:
                first[row["target"], label] = entity_id
                renamed[entity_id] = row
            else:
                into[entity_id] = targets[0]
        self._rename(renamed, {})
        moved = {}
        for entity_id in sorted(into):
            target = moved[entity_id] = _last(entity_id, into)
            if not target:
                told = "the merges lead in a circle; none of it was applied"
                self._report(found[entity_id], told)
                del moved[entity_id]
            elif target in ignored:
                self._report(found[entity_id], "what it is merged into is to be ignored: so it was")
                moved[entity_id] = ""
            else:
                self._join(self.rows[entity_id], self.rows[target])
        return moved

    def _join(self, one: dict, target: dict) -> None:
        forms = {*target["aliases"], *one["aliases"], one["entity"]} - {target["entity"]}
        told = f"{one['entity']}: decision, {self.path}"
        reasons = [target["merge_reason"], one["merge_reason"], told]
        target["aliases"] = sorted(forms)
        target["merge_reason"] = "; ".join(filter(None, reasons))
        target["country"] = target["country"] or one["country"]

    def _rename(self, found: Mapping[str, dict], moved: Mapping[str, str]) -> None:
        wanted: dict[tuple[str, str], str] = {}
        for entity_id, row in found.items():
            if entity_id in moved:
                self._report(row, "it is also merged into another: rename that one")
                continue
            entity, name = self.rows[entity_id], row["target"]
            others = [one for one in self.find(name, entity["label"]) if one != entity_id]
            if others or (entity["label"], name) in wanted:
                self._report(row, f"there is a {name!r} already: merge them instead")
                continue
            wanted[entity["label"], name] = entity_id
            told = f"{entity['entity']}: decision, {self.path}"
            forms = {*entity["aliases"], entity["entity"]} - {name}
            entity["aliases"], entity["entity"] = sorted(forms), name
            entity["merge_reason"] = "; ".join(filter(None, [entity["merge_reason"], told]))


def _last(entity_id: str, into: Mapping[str, str]) -> str:
    """Return where following the merges ends, "" where it goes in a circle."""
    seen = {entity_id}
    while entity_id in into:
        entity_id = into[entity_id]
        if entity_id in seen:
            return ""
        seen.add(entity_id)
    return entity_id


# ------------------------------------------------------------------------------- what to decide


def propose_merges(entities: pd.DataFrame, mentions: pd.DataFrame) -> pd.DataFrame:
    """Propose merges that the program is not sure enough to make; one row is one proposal.

    `name` may be `target` for the `reason`; both have their numbers of mentions and articles. A
    surname is proposed where one person of the corpus has it, a short form of a body where one
    body begins or ends so, an acronym where one body has these initials, a given name in another
    form, and one name under two labels. article_id, start and end are the first mention of
    `name`, so that the sentence can be opened. Most mentioned first.
    """
    found = mentions[mentions["entity_id"] != ""]
    known = entities.set_index("entity_id")[["entity", "label"]]
    pairs = [(*pair, reason) for pair, reason in dict(_pairs(known)).items()]
    proposed = pd.DataFrame(pairs, columns=["entity_id", "target_id", "reason"])
    known = known.rename(columns={"entity": "name"}).join(_count(found))
    known = known.fillna({"mentions": 0, "articles": 0}).astype({"mentions": int, "articles": int})
    targets = known.add_prefix("target_").rename(columns={"target_name": "target"})
    first = found.drop_duplicates("entity_id").set_index("entity_id")
    proposed = proposed.join(known, on="entity_id").join(targets, on="target_id")
    proposed = proposed.join(first[["article_id", "start", "end"]], on="entity_id", how="inner")
    proposed = proposed[PROPOSED].sort_values(["name", "label", "target"], kind="stable")
    numbers = ["articles", "mentions"]
    return proposed.sort_values(numbers, ascending=False, kind="stable", ignore_index=True)


def _count(mentions: pd.DataFrame) -> pd.DataFrame:
    """Count the mentions of each entity and the articles they are in."""
    return mentions.groupby("entity_id").agg(
        mentions=("article_id", "size"), articles=("article_id", "nunique")
    )


def _pairs(known: pd.DataFrame) -> Iterator[tuple[tuple[str, str], str]]:
    people = known[known["label"] == "PERSON"]["entity"]
    yield from _pairs_of_people(people.to_dict())
    for label in ("ORG", "FAC"):
        yield from _pairs_of_bodies(known[known["label"] == label]["entity"].to_dict())
    by_key: dict[str, list[str]] = defaultdict(list)
    for entity_id, entity in known["entity"].items():
        by_key[persons.fold(names.plain(entity))].append(entity_id)
    for alike in by_key.values():
        for entity_id in alike[1:]:
            yield (entity_id, alike[0]), "the same name under another label"


def _pairs_of_people(people: Mapping[str, str]) -> Iterator[tuple[tuple[str, str], str]]:
    read = {entity_id: persons.read_name(entity) for entity_id, entity in people.items()}
    called: dict[tuple[str, ...], list[str]] = defaultdict(list)
    near: dict[str, list[str]] = defaultdict(list)
    for entity_id, name in read.items():
        if name.is_full:
            near[persons.sound(name.folded[-1])].append(entity_id)
            for form in persons.family_forms(name):
                called[tuple(map(persons.sound, form))].append(entity_id)
    for entity_id, name in read.items():
        owners = [o for o in called[tuple(map(persons.sound, name.folded))] if o != entity_id]
        if len(owners) == 1 and not name.is_full:
            yield (entity_id, owners[0]), "surname of one person of the corpus"
    for group in near.values():
        for at, one in enumerate(group):
            for other in group[at + 1 :]:
                reason = persons.same_person(read[one], read[other])
                if reason:
                    shorter = sorted((one, other), key=lambda e: (len(people[e]), people[e]))
                    yield (shorter[0], shorter[1]), reason


def _pairs_of_bodies(found: Mapping[str, str]) -> Iterator[tuple[tuple[str, str], str]]:
    named = [(entity_id, names.plain(entity)) for entity_id, entity in found.items()]
    starts: dict[tuple[str, ...], list[str]] = defaultdict(list)
    initials: dict[str, list[str]] = defaultdict(list)
    for entity_id, name in named:
        words = persons.fold(name).split()
        for size in range(1, len(words)):
            starts[tuple(words[:size])].append(entity_id)
            if len(words) - size > 1:
                starts[tuple(words[size:])].append(entity_id)
        for acronym in bodies.acronyms_of(name):
            initials[acronym].append(entity_id)
    for entity_id, name in named:
        if names.known(name) is not None:
            continue
        owners = [o for o in initials.get(name, ()) if o != entity_id]
        reason = "initials of one body of the corpus"
        if not owners:
            longer = starts.get(tuple(persons.fold(name).split()), ())
            owners = [owner for owner in longer if owner != entity_id]
            reason = "short form of one body of the corpus"
        if len(set(owners)) == 1:
            yield (entity_id, owners[0]), reason


def list_ambiguous(entities: pd.DataFrame, mentions: pd.DataFrame) -> pd.DataFrame:
    """List the short names that could be several entities and are joined to none.

    One row is one name: its label, what it could be, and its numbers of mentions and articles.
    """
    listed = entities[entities["merge_reason"].str.contains(names.NOT_JOINED, regex=False)]
    listed = listed.drop(columns=["aliases", "country"]).join(
        _count(mentions), on="entity_id", how="inner"
    )
    listed.insert(3, "could_be", [_told_owners(reason) for reason in listed.pop("merge_reason")])
    listed = listed.sort_values(["entity", "label"], kind="stable")
    numbers = ["articles", "mentions"]
    return listed.sort_values(numbers, ascending=False, kind="stable", ignore_index=True)


def _told_owners(reason: str) -> str:
    told = [part for part in reason.split("; ") if part.endswith(names.NOT_JOINED)]
    shared = [part.removesuffix(f": {names.NOT_JOINED}").split("could be ")[-1] for part in told]
    return "; ".join(dict.fromkeys(owner for owners in shared for owner in owners.split(" or ")))
