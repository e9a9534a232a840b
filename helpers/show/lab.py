"""JupyterLab: whether somebody sits in front, and editors whose lists obey the keyboard.

JupyterLab's notebook takes arrow keys and letters that are typed while a list has the focus: an
arrow leaves the list for another cell, and "x" cuts the cell out. It lets those keys alone that are
typed in an element with the attribute `data-lm-suppress-shortcuts` (Lumino,
`CommandRegistry.processKeydownEvent`), which widgets of ipywidgets cannot carry by themselves.
"""

from __future__ import annotations

from typing import Any

from IPython import get_ipython
from IPython.display import Javascript, display

CLASS = "attributed-editor"
KEEP_KEYS = f"""
window.attributedKeys ??= ['focusin', 'keydown', 'keyup'].map(kind =>
  document.addEventListener(kind, event => {{
    const {{target, ctrlKey, metaKey, altKey}} = event;
    if (target.matches?.('.{CLASS} select'))
      target.toggleAttribute('data-lm-suppress-shortcuts', !(ctrlKey || metaKey || altKey));
  }}));
"""


def can_edit() -> bool:
    """Tell whether somebody sits in front: a kernel that may ask, as in JupyterLab, not in a batch.

    papermill and nbconvert tell the kernel that nobody answers.
    """
    kernel = getattr(get_ipython(), "kernel", None)
    return bool(getattr(kernel, "_allow_stdin", False))


def show_editor(editor: Any) -> None:
    """Show widgets whose lists keep the keys typed in them; Ctrl+S and its like stay JupyterLab's.

    The script that sees to it listens once in a page, and does nothing outside JupyterLab.
    """
    editor.add_class(CLASS)
    display(Javascript(KEEP_KEYS))
    display(editor)
