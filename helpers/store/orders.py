"""Imported where processes are forked: one whose starter died before its orders ends unsaid."""

import sys
from types import TracebackType


def _say_unless_orphaned(
    kind: type[BaseException], error: BaseException, trace: TracebackType | None
) -> None:
    if kind is not EOFError:
        sys.__excepthook__(kind, error, trace)


sys.excepthook = _say_unless_orphaned
