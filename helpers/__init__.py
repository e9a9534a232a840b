"""Attributed: who and what is in the news, who speaks, in what tone, and from where it comes.

Six functions do without a notebook; each is imported when it is first used, so that importing
`helpers` costs nothing. `find_mentions` and `find_attributions` need only `article_id` and `text`:

>>> import helpers
>>> import pandas as pd
>>> text = "Ida Brandt said the mill in Arden would close on Friday."
>>> articles = pd.DataFrame({"article_id": ["a"], "text": [text]})
>>> helpers.find_mentions(articles)[["start", "end", "text", "label"]]
   start  end        text   label
0      0   10  Ida Brandt  PERSON
1     28   33       Arden     GPE
>>> helpers.find_attributions(articles)[["source_text", "cue", "text"]]
  source_text   cue                                     text
0  Ida Brandt  said  the mill in Arden would close on Friday

`add_target_tone` needs `text`, `start` and `end`, the span of whom or what the tone is about:

>>> praise = pd.DataFrame({"text": ["She praised the firefighters."], "start": [16], "end": [28]})
>>> helpers.add_target_tone(praise)["polarity"].tolist()
['positive']

`build` writes all tables of a file or folder of articles, and `read_table` reads one of them:

>>> from pathlib import Path
>>> from tempfile import TemporaryDirectory
>>> with TemporaryDirectory() as folder:
...     written = Path(folder, "mill.txt").write_text(text)
...     manifest = helpers.build(f"{folder}/mill.txt", f"{folder}/tables", progress=False)
...     said = helpers.read_table("attributions", f"{folder}/tables")
>>> said[["speaker", "source_type", "form"]]
      speaker   source_type      form
0  Ida Brandt  named person  indirect

`measure_table` tells how far coders agree in a CSV of units by coders, made anywhere:

>>> codes = pd.DataFrame({"unit": [1, 2, 3, 4], "anna": list("abba"), "ben": list("abaa")})
>>> with TemporaryDirectory() as folder:
...     codes.to_csv(f"{folder}/kind.csv", index=False)
...     agreed = helpers.measure_table(f"{folder}/kind.csv")
>>> agreed[["variable", "units", "coders", "agreement", "alpha"]].round(2)
  variable  units  coders  agreement  alpha
0     kind      4       2       0.75   0.53

The rooms below, from the ground up: `store`, `read`, `text`, `model`, `annotate`, `corpus`,
`measure`, `show`, `study`, `batch`, `train`, `bench`.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from helpers.annotate.attributions import find_attributions as find_attributions
    from helpers.annotate.mentions import find_mentions as find_mentions
    from helpers.annotate.tone import add_target_tone as add_target_tone
    from helpers.corpus.build import build as build
    from helpers.store.tables import read_table as read_table
    from helpers.study.agreement import measure_table as measure_table

__version__ = "0.1.0"
_HOMES = {
    "add_target_tone": "helpers.annotate.tone",
    "build": "helpers.corpus.build",
    "find_attributions": "helpers.annotate.attributions",
    "find_mentions": "helpers.annotate.mentions",
    "measure_table": "helpers.study.agreement",
    "read_table": "helpers.store.tables",
}
__all__ = tuple(_HOMES)


def __getattr__(name: str) -> Any:
    """Import a public function when it is used."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
