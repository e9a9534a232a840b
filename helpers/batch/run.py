"""One run in a process of its own: a kernel, papermill, a guard, then the notebook and its page.

A kernel that is started afresh imports everything again. Here the process that runs a notebook
has itself been forked from one that has imported everything (`preload`), and forks the kernel
from its own memory before it opens a socket or starts a thread. What a notebook changes, it
changes in its own copy. Papermill remains the executor; it reaches the kernel through Jupyter's
own interface for kernels started in other ways (a kernel provisioner). Where processes cannot be
forked, as on Windows, each kernel is started afresh.
"""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import ctypes
import logging
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import replace
from datetime import datetime
from importlib.metadata import EntryPoint
from multiprocessing import parent_process
from multiprocessing.connection import Connection, wait
from pathlib import Path
from queue import Empty
from typing import Any

import nbformat
import papermill
import psutil
from jupyter_client import AsyncKernelManager
from jupyter_client.asynchronous import AsyncKernelClient
from jupyter_client.connect import write_connection_file
from jupyter_client.kernelspec import KernelSpec
from jupyter_client.provisioning import KernelProvisionerBase, KernelProvisionerFactory
from nbformat import NotebookNode
from papermill.engines import NBClientEngine, papermill_engines
from papermill.exceptions import PapermillExecutionError
from traitlets import default

from helpers.batch import jobs, pages, plan
from helpers.batch.jobs import RUNNING, Job, Outcome, Run
from helpers.store.tables import write_text

GLANCE = 0.1  # seconds between two looks at time and memory
QUIET = "--log-level=CRITICAL"  # else the kernel logs the interrupt with which it is shut down
NAME = "warm"
DIE_WITH_PARENT, ADOPT = 1, 36  # PR_SET_PDEATHSIG and PR_SET_CHILD_SUBREAPER of Linux's prctl(2)
SPARE_MEMORY = 512 * 2**20


def perform(job: Job, channel: Connection) -> None:
    """Do a run and send its outcome; what this process started ends with it.

    All that can be done beforehand is done before the channel says when the run was asked for.
    """
    _silence()
    if sys.platform == "linux":  # what a kernel started and left running can then be ended
        ctypes.CDLL(None).prctl(ADOPT, 1)
    logging.getLogger("papermill").setLevel(logging.CRITICAL)  # parameters were checked before
    logging.getLogger("traitlets").setLevel(logging.CRITICAL)
    kernel = ForkedKernel(job.scratch, job.memory) if job.warm else None
    guard = Guard(job)
    signal.signal(signal.SIGTERM, lambda *_: guard.abandon())
    _register()
    try:
        job = replace(job, asked=channel.recv())
    except (EOFError, OSError):  # the batch has ended
        guard.abandon()
    guard.start()
    try:
        outcome = _run(job, kernel, guard)
    except Exception as error:  # what cannot be shown or written fails this run only
        outcome = jobs.failed(job, _shorten(f"{type(error).__name__}: {error}"))
    channel.send(outcome)
    channel.close()
    guard.end()


class Guard(threading.Thread):
    """Watches a run: its time, its kernel's memory, and whether the batch still lives."""

    def __init__(self, job: Job):
        super().__init__(daemon=True)
        self.job = job
        self.reason = ""
        self.memory = 0
        self._process = psutil.Process()
        self._batch: Any = parent_process()

    def run(self) -> None:
        """Look until the run ends; kill the kernel when it goes beyond a limit."""
        until = time.monotonic() + self.job.seconds
        while self._batch and not wait([self._batch.sentinel], GLANCE):
            self.memory = max(self.memory, held := self._measure())
            if self.reason:
                continue
            if time.monotonic() > until:
                self.reason = f"stopped after {pages.say_time(self.job.seconds)} (--timeout)"
            elif 0 < self.job.memory < held:
                limit = self.job.memory / 2**30
                self.reason = f"stopped: it held more than {limit:.3g} GB of memory (--memory)"
            if self.reason:
                self.kill()
        self.abandon()

    def _measure(self) -> int:
        held = 0
        for process in self._process.children(recursive=True):
            try:
                held += process.memory_info().rss
            except psutil.Error:  # it has just ended
                continue
        return held

    def kill(self) -> None:
        """Kill the kernel and everything that it has started, in groups where there are any."""
        for process in self._process.children(recursive=True):
            with contextlib.suppress(OSError, psutil.Error):
                if hasattr(os, "killpg") and (group := os.getpgid(process.pid)) != os.getpgid(0):
                    os.killpg(group, signal.SIGKILL)
                process.kill()

    def abandon(self) -> None:
        """End this process at once, leaving nothing behind."""
        self.kill()
        shutil.rmtree(self.job.scratch, ignore_errors=True)
        for scratch in self.job.folder.glob(f"{RUNNING}{self.job.run.name}-*"):
            shutil.rmtree(scratch, ignore_errors=True)
        os._exit(1)

    def end(self) -> None:
        """End what the notebook has left running."""
        self.kill()
        shutil.rmtree(self.job.scratch, ignore_errors=True)


def _run(job: Job, kernel: ForkedKernel | None, guard: Guard) -> Outcome:
    """Run one notebook and write its page; a failure in the notebook is part of the outcome."""
    job = replace(job, run=_place_part(job))
    run, folder = job.run, job.folder
    tables_folder = Path(run.parameters.get("out") or folder / run.name)
    before = _list_files(tables_folder)
    jobs.forget(run.name, folder)
    prefix = f"{RUNNING}{run.name}-"
    with tempfile.TemporaryDirectory(prefix=prefix, dir=folder) as scratch:
        kept = Path(scratch) / f"{run.name}.ipynb"
        error = _execute(job, kept, kernel)
        notebook = _read_kept(kept, run.notebook)
    after = _list_files(tables_folder)
    figure = pages.first_figure(notebook)
    outcome = replace(
        jobs.not_run(run, folder),
        began=datetime.fromtimestamp(job.asked).astimezone(),
        title=run.title or pages.first_heading(notebook) or run.name,
        startup=_first_cell(notebook, job.asked),
        error=guard.reason or jobs.hide_folders(error, run, folder),
        finished=not (guard.reason or error),
        kept=True,
        memory=guard.memory,
        files=[
            path.relative_to(folder).as_posix()
            for path, written in sorted(after.items())
            if before.get(path) != written
        ],
        figure=figure and pages.make_thumbnail(figure),
    )
    if "papermill" in notebook.metadata:
        notebook.metadata.papermill.output_path = str(folder / f"{run.name}.ipynb")
    notebook = jobs.hide_folders(notebook, run, folder)
    write_text(nbformat.writes(notebook), folder / f"{run.name}.ipynb")
    outcome = replace(outcome, seconds=time.time() - job.asked)
    page = pages.render_page(notebook, outcome, run.batch, job.links)
    write_text(page, folder / f"{run.name}.html")
    jobs.write_record(outcome, job.fingerprint, folder)
    return outcome


def _read_kept(kept: Path, original: Path) -> NotebookNode:
    """Read the notebook that papermill wrote; the original when it could not write it whole."""
    try:
        return nbformat.read(kept, as_version=4)
    except (OSError, ValueError):
        return nbformat.read(original, as_version=4)


def _place_part(job: Job) -> Run:
    """Give a run that is for values of columns that no parameter takes its part of the tables."""
    if not job.run.subset:
        return job.run
    values = {column: job.run.stands_for[column] for column in job.run.subset}
    part = plan.write_part(job.tables, values, str(job.folder))
    return replace(job.run, parameters=job.run.parameters | {"corpus": part})


def _list_files(folder: Path) -> dict[Path, int]:
    return {
        path: path.stat().st_mtime_ns
        for path in folder.rglob("*")
        if path.is_file() and not path.name.endswith(".part")
    }


def _first_cell(notebook: NotebookNode, asked: float) -> float:
    """Return how many seconds after `asked` the first code cell began; 0 when none did."""
    for cell in notebook.cells:
        began = cell.metadata.get("papermill", {}).get("start_time")
        if cell.cell_type == "code" and began:
            return max(0.0, datetime.fromisoformat(began).timestamp() - asked)
    return 0.0


def _execute(job: Job, kept: Path, kernel: ForkedKernel | None) -> str:
    """Run the notebook into `kept`; return what stopped it, or ""."""
    WarmManager.kernel = kernel
    manager: Any = {"kernel_manager_class": WarmManager if kernel else ThisInterpreter}
    try:
        papermill.execute_notebook(
            _escape_braces(job.run.notebook),
            _escape_braces(kept),
            job.run.parameters,
            engine_name=NAME,
            kernel_name="python3",
            language="python",
            progress_bar=False,
            cwd=job.folder,
            **manager,
        )
    except PapermillExecutionError as error:
        return _shorten(f"{error.ename}: {error.evalue}" if error.evalue else error.ename)
    except Exception as error:  # a kernel that died or never started fails this run only
        ended = kernel.poll() if kernel else None
        if ended is not None and ended < 0:
            return f"the kernel died: {signal.Signals(-ended).name}"
        return _shorten(f"{type(error).__name__}: {error}")
    return ""


def _escape_braces(path: Path) -> str:
    """Papermill reads {} in a path as a place for a parameter."""
    return str(path).replace("{", "{{").replace("}", "}}")


def _shorten(message: str, limit: int = 500) -> str:
    message = " ".join(message.split())
    return message if len(message) <= limit else message[: limit - 1] + "…"


# --------------------------------------------------------------------------------- the kernels


class ForkedKernel:
    """A kernel in a process forked from this one; its connection file is `connection_file`."""

    def __init__(self, scratch: Path, memory: int):
        """Fork the kernel; it talks over Unix sockets in `scratch`, which only its owner enters."""
        self.connection_file = str(scratch / "kernel.json")
        self.returncode: int | None = None
        write_connection_file(
            self.connection_file,
            transport="ipc",
            ip=str(scratch / "kernel"),
            key=os.urandom(32).hex().encode(),
            shell_port=1,
            iopub_port=2,
            stdin_port=3,
            control_port=4,
            hb_port=5,
        )
        told, tell = os.pipe()
        parent = os.getpid()
        self.pid = os.fork()
        if self.pid == 0:
            os.close(tell)
            _become_kernel(told, parent, self.connection_file, memory)
        os.close(told)
        self._tell = tell

    def go(self, folder: str) -> None:
        """Let the kernel serve, in this folder."""
        os.write(self._tell, os.fsencode(folder))
        os.close(self._tell)

    def poll(self) -> int | None:
        """Return the exit code, or minus the signal that ended it; None while it lives."""
        if self.returncode is None:
            with contextlib.suppress(ChildProcessError):
                pid, status = os.waitpid(self.pid, os.WNOHANG)
                self.returncode = os.waitstatus_to_exitcode(status) if pid else None
        return self.returncode

    def signal(self, number: int) -> None:
        """Send a signal to the kernel and to what it has started."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, number)


def _become_kernel(told: int, parent: int, connection_file: str, memory: int) -> None:
    """Serve one notebook, then end this process; never returns."""
    code = 1
    try:
        os.setsid()
        _die_with(parent)
        _limit_memory(memory)
        _silence()
        _draw_new_seeds()
        from ipykernel.kernelapp import IPKernelApp

        app = IPKernelApp.instance()
        options = [f"--IPKernelApp.parent_handle={parent}", "--HistoryManager.enabled=False"]
        app.initialize(["-f", connection_file, QUIET, *options])
        _choose_backend()
        folder = os.read(told, 65536)
        if folder:
            os.chdir(folder)
            app.start()
            code = 0
    finally:
        with contextlib.suppress(BaseException):
            atexit._run_exitfuncs()
        os._exit(code)


def _die_with(parent: int) -> None:
    """Let the kernel be killed when its parent dies; elsewhere than on Linux it looks by itself."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(DIE_WITH_PARENT, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(1)


def _limit_memory(memory: int) -> None:
    """Refuse memory far beyond the limit, so that one huge table is a MemoryError in its cell."""
    if sys.platform == "linux" and memory:
        import resource

        import psutil

        wanted = psutil.Process().memory_info().data + memory + SPARE_MEMORY
        _, most = resource.getrlimit(resource.RLIMIT_DATA)
        wanted = wanted if most == resource.RLIM_INFINITY else min(wanted, most)
        resource.setrlimit(resource.RLIMIT_DATA, (wanted, most))


def _silence() -> None:
    """Connect standard input, output and error to nothing; what a cell prints goes to papermill."""
    nothing = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nothing, stream)
    os.close(nothing)


def _draw_new_seeds() -> None:
    """Forks would all draw the same random numbers; Python's own generator sees to itself."""
    if "numpy.random" in sys.modules:
        sys.modules["numpy.random"].seed()


def _choose_backend() -> None:
    """Let matplotlib show figures in the notebook: it was imported before the kernel said so."""
    if "matplotlib" in sys.modules and os.environ.get("MPLBACKEND"):
        sys.modules["matplotlib"].rcParams["backend"] = os.environ["MPLBACKEND"]


class WarmProvisioner(KernelProvisionerBase):
    """Hands the manager the kernel that this process has forked already."""

    kernel: ForkedKernel | None = None

    @property
    def has_process(self) -> bool:
        """Whether there is a kernel."""
        return self.kernel is not None

    async def poll(self) -> int | None:
        """Return None while the kernel lives."""
        return 0 if self.kernel is None else self.kernel.poll()

    async def wait(self) -> int | None:
        """Wait for the kernel's end."""
        while (code := await self.poll()) is None:
            await asyncio.sleep(0.01)
        self.kernel = None
        return code

    async def send_signal(self, signum: int) -> None:
        """Send a signal to the kernel and to what it has started."""
        if self.kernel is not None and self.kernel.poll() is None:
            self.kernel.signal(signum)

    async def kill(self, restart: bool = False) -> None:
        """Kill the kernel."""
        await self.send_signal(signal.SIGKILL)

    async def terminate(self, restart: bool = False) -> None:
        """Ask the kernel to end."""
        await self.send_signal(signal.SIGTERM)

    async def pre_launch(self, **options: Any) -> dict[str, Any]:
        """Read where the kernel listens."""
        self.parent.load_connection_file()
        self.connection_info = self.parent.get_connection_info()
        return await super().pre_launch(cmd=[], **options)

    async def launch_kernel(self, cmd: list[str], **options: Any) -> dict[str, Any]:
        """Let the kernel serve in the working folder."""
        self.kernel = self.parent.kernel
        self.kernel.go(options.get("cwd") or os.getcwd())
        return self.connection_info

    async def cleanup(self, restart: bool = False) -> None:
        """Leave the scratch folder to the run that owns it."""


class PromptClient(AsyncKernelClient):
    """A client that is ready when the kernel has answered, without waiting for silence."""

    async def wait_for_ready(self, timeout: float | None = None) -> None:
        """Wait until the answer to a question has come on both channels.

        What the kernel published before its answer has then come too, so that nothing of it can
        be taken for the output of a cell. Raises RuntimeError when the kernel died or is too slow.
        """
        until = time.monotonic() + (timeout or float("inf"))
        while time.monotonic() < until:
            question = self.kernel_info()
            reply = await self._answer(self.shell_channel, question, 1)
            if reply and await self._answer(self.iopub_channel, question, 0.2, state="idle"):
                return
            if not await self.is_alive():
                raise RuntimeError("Kernel died before replying to kernel_info")
        raise RuntimeError(f"Kernel didn't respond in {timeout} seconds")

    async def _answer(
        self, channel: Any, question: str, seconds: float, state: str = ""
    ) -> dict[str, Any] | None:
        """Return the message that answers a question, or None when the channel stays silent."""
        while True:
            try:
                message = await channel.get_msg(timeout=seconds)
            except Empty:
                return None
            answers = message["parent_header"].get("msg_id") == question
            if answers and message["content"].get("execution_state", "") == state:
                return message


class WarmManager(AsyncKernelManager):
    """Manages the one kernel that this process has forked (`WarmManager.kernel`)."""

    kernel: ForkedKernel | None = None

    def __init__(self, **options: Any):
        if self.kernel is not None:
            options["connection_file"] = self.kernel.connection_file
        super().__init__(**options)

    @property
    def kernel_spec(self) -> KernelSpec:
        """Describe a kernel that `WarmProvisioner` provides."""
        return KernelSpec(
            display_name="Python 3",
            language="python",
            metadata={"kernel_provisioner": {"provisioner_name": NAME}},
        )

    @default("client_factory")
    def _client_factory(self) -> type[PromptClient]:
        return PromptClient

    @default("client_class")
    def _client_class(self) -> str:
        return f"{__name__}.{PromptClient.__name__}"


class ThisInterpreter(AsyncKernelManager):
    """Starts kernels afresh with the running Python, whatever kernels Jupyter knows by name.

    The connection is encrypted, which also keeps ipykernel from warning that it is not. What a
    kernel logs of itself, such as an error on being shut down, stays out of the batch's log; what
    a notebook prints or raises reaches it through papermill all the same.
    """

    async def start_kernel(self, **options: Any) -> None:
        """Start a kernel with its standard error closed."""
        await super().start_kernel(**options, stderr=subprocess.DEVNULL)

    @property
    def kernel_spec(self) -> KernelSpec:
        """Describe the kernel that this Python would install."""
        return KernelSpec(
            argv=[sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}", QUIET],
            display_name="Python 3",
            language="python",
            metadata={"supported_encryption": ["curve"]},
        )

    @default("transport_encryption")
    def _encrypt(self) -> str:
        return "auto"


class WriteOnceEngine(NBClientEngine):
    """Papermill's own engine, which here writes the notebook at its end, not twice a cell."""

    @classmethod
    def execute_managed_notebook(cls, nb_man: Any, kernel_name: str, **options: Any) -> None:
        """Run the cells; whatever happens, the notebook is then written as far as it came."""
        output, nb_man.output_path = nb_man.output_path, None
        try:
            super().execute_managed_notebook(nb_man, kernel_name, **options)
        finally:
            nb_man.output_path = output


def _register() -> None:
    """Make the engine and the provisioner known to papermill and Jupyter in this process."""
    papermill_engines.register(NAME, WriteOnceEngine)
    here = EntryPoint(NAME, f"{__name__}:{WarmProvisioner.__name__}", "jupyter_client")
    KernelProvisionerFactory.instance().provisioners[NAME] = here
