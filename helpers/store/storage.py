"""Files wherever they lie: a local folder, or any store that fsspec knows, such as s3://."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.fs
import pyarrow.parquet as pq

from helpers.store.paths import whole_file

_ON_DISK = ("file://", "local://")
_ADVICE = {
    errno.ENOSPC: "free some space and run the same command again: what is finished is kept",
    errno.EDQUOT: "free some space and run the same command again: what is finished is kept",
    errno.EACCES: "choose another folder or change its permissions",
    errno.EPERM: "choose another folder or change its permissions",
    errno.EROFS: "choose another folder: this one is on a read-only disk",
}


class StorageError(OSError):
    """A folder or store cannot be reached, read or written; the message says what to do."""


def is_url(place: str | Path) -> bool:
    """Tell whether a place is the address of a store and no local path."""
    return "://" in str(place) and not str(place).startswith(_ON_DISK)


def _path(place: str) -> str:
    return place.partition("://")[2] if place.startswith(_ON_DISK) else place


class Storage:
    """A folder of files, each written whole or not at all; names have forward slashes."""

    def __init__(self, place: str | Path):
        """Open `place`, a path or a URL; nothing is created. Raises StorageError."""
        self.place = str(place)
        self.local = not is_url(place)
        self.address = self.place
        if self.local:
            self.root = self.address = str(Path(_path(self.place)).absolute())
            self.filesystem = pyarrow.fs.LocalFileSystem()
            return
        import fsspec

        try:
            self._fs, root = fsspec.core.url_to_fs(self.place)
        except (ImportError, ValueError) as error:
            raise StorageError(
                f"{self.place} cannot be reached: {error}. "
                "Stores need the extra `cluster` (pip install -e '.[cluster]')"
            ) from error
        self.root = root.rstrip("/")
        self.filesystem = pyarrow.fs.PyFileSystem(pyarrow.fs.FSSpecHandler(self._fs))

    def __str__(self) -> str:
        return self.place

    def path(self, name: str = "") -> str:
        """Return the path of a file as the filesystem knows it."""
        return f"{self.root}/{name}" if name else self.root

    def read(self, name: str) -> bytes:
        """Return a file; FileNotFoundError when there is none."""
        with self._told("read", name):
            if self.local:
                return Path(self.path(name)).read_bytes()
            return self._fs.cat_file(self.path(name))

    def read_all(self, names: Iterable[str]) -> dict[str, bytes]:
        """Return files by name; a store is asked for many at once."""
        names = list(names)
        if self.local or not names:
            return {name: self.read(name) for name in names}
        with self._told("read", names[0]):
            found = self._fs.cat([self.path(name) for name in names])
        if isinstance(found, bytes):
            return {names[0]: found}
        return {name: found[self.path(name)] for name in names}

    def write(self, name: str, content: bytes) -> None:
        """Write a file whole or not at all."""
        with self._told("write", name):
            if self.local:
                with whole_file(Path(self.path(name))) as temporary:
                    temporary.write_bytes(content)
            else:
                self._fs.pipe_file(self.path(name), content)

    def exists(self, name: str) -> bool:
        """Tell whether there is such a file."""
        with self._told("read", name):
            if self.local:
                return Path(self.path(name)).is_file()
            self._fs.invalidate_cache()
            return self._fs.isfile(self.path(name))

    def state(self, name: str) -> tuple[int, ...]:
        """Return what changes when a file is replaced; of a store only its size."""
        if self.local:
            found = os.stat(self.path(name))
            return found.st_ino, found.st_mtime_ns, found.st_size
        return (self._fs.size(self.path(name)),)

    def list_files(self, folder: str) -> list[str]:
        """Return the names of all files under a folder, in order; [] when there is none."""
        with self._told("read", folder):
            if self.local:
                base = Path(self.path(folder))
                found = [f"{here}/{name}" for here, _, names in os.walk(base) for name in names]
            else:
                self._fs.invalidate_cache()
                found = self._fs.find(self.path(folder)) if self._there(folder) else []
        cut = len(self.root) + 1
        return sorted(path[cut:] for path in found)

    def entries(self) -> list[str]:
        """Return the names of what lies at the top, files and folders; [] when nothing does."""
        with self._told("read", ""):
            if self.local:
                return sorted(os.listdir(self.root)) if os.path.isdir(self.root) else []
            self._fs.invalidate_cache()
            found = self._fs.ls(self.root, detail=False) if self._there("") else []
        return sorted({path.rstrip("/").rpartition("/")[2] for path in found} - {""})

    def _there(self, folder: str) -> bool:
        return self._fs.exists(self.path(folder))

    def delete(self, names: Iterable[str]) -> None:
        """Delete files, and local folders that are empty then; those already gone are no error."""
        names = list(names)
        if self.local:
            folders = set()
            for name in names:
                path = Path(self.path(name))
                path.unlink(missing_ok=True)
                folders.add(path.parent)
            for folder in sorted(folders, key=lambda one: -len(one.parts)):
                while folder != Path(self.root) and folder.is_dir() and not any(folder.iterdir()):
                    folder.rmdir()
                    folder = folder.parent
        elif names:
            with self._told("delete", names[0]):
                self._fs.rm([self.path(name) for name in names])

    def write_arrow(self, name: str, table: pa.Table) -> None:
        """Write one Arrow table as Parquet, whole or not at all."""
        self.write(name, to_parquet(table))

    def read_arrow(
        self, name: str, columns: list[str] | None = None, filters: Any = None
    ) -> pa.Table:
        """Read one Parquet file, all of it or some columns and rows."""
        with self._told("read", name):
            return pq.read_table(
                self.path(name),
                columns=columns,
                filters=filters,
                filesystem=self.filesystem,
                use_threads=False,
            )

    def dataset(
        self, names: Iterable[str], columns: pa.Schema | None, coded: Iterable[str] = ()
    ) -> ds.Dataset:
        """Return Parquet files that have the same columns as one dataset, in the order given.

        Columns that are `coded` are read as dictionaries, which is quick to search.
        """
        paths = [self.path(name) for name in names]
        reading = ds.ParquetReadOptions(dictionary_columns=set(coded))
        kind = ds.ParquetFileFormat(read_options=reading)
        return ds.dataset(paths, schema=columns, format=kind, filesystem=self.filesystem)

    def check_writable(self) -> None:
        """Write and delete a small file; raise StorageError when that cannot be done."""
        name = f".written-{os.getpid()}-{os.urandom(4).hex()}"
        self.write(name, b"Attributed")
        self.delete([name])

    @contextmanager
    def _told(self, doing: str, name: str) -> Iterator[None]:
        """Turn what a filesystem raises into an error that names the place and what to do."""
        where = f"{self.place}/{name}" if name else self.place
        try:
            yield
        except (FileNotFoundError, StorageError):
            if doing == "write":
                raise StorageError(
                    f"cannot write {where}: there is no such folder or bucket; create it"
                ) from None
            raise
        except pa.ArrowException:
            raise
        except OSError as error:
            reason = error.strerror or str(error) or type(error).__name__
            advice = _ADVICE.get(error.errno or 0, "check the place and run the command again")
            raise StorageError(f"cannot {doing} {where}: {reason}; {advice}") from error
        except Exception as error:
            if self.local:
                raise
            raise StorageError(
                f"cannot {doing} {where}: {type(error).__name__}: {error}; "
                "check the address, the credentials and that the store is there"
            ) from error


def to_parquet(table: pa.Table) -> bytes:
    """Return an Arrow table as the bytes of a Parquet file."""
    content = BytesIO()
    pq.write_table(table, content, compression="zstd")
    return content.getvalue()


def to_bytes(frame: pd.DataFrame) -> bytes:
    """Return a frame as Parquet in memory, to be sent to another process."""
    return to_parquet(pa.Table.from_pandas(frame, preserve_index=False))


def from_bytes(content: bytes) -> pd.DataFrame:
    """Return the frame that `to_bytes` was given."""
    return pq.read_table(pa.BufferReader(content), use_threads=False).to_pandas()
