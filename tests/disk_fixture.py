"""A disk so small that it fills up."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest


def on_a_small_disk(folder: Path, size: str, command: str) -> subprocess.CompletedProcess:
    """Run a command that writes to `out` on a disk of this size; copy what it leaves to `seen`."""
    out = folder / "out"
    out.mkdir()
    script = (
        f"mount -t tmpfs -o size={size} none {out} && echo mounted || exit 77; {command}; code=$?; "
        f"cp -r {out}/. {folder}/seen; exit $code"
    )
    if not shutil.which("unshare"):
        pytest.skip("no `unshare` to mount a small disk with")
    ended = subprocess.run(["unshare", "-rm", "sh", "-c", script], capture_output=True, text=True)
    if "mounted" not in ended.stdout:
        pytest.skip(f"cannot mount a small disk: {ended.stderr.strip()[-200:]}")
    return ended
