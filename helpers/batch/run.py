"""One run in a process of its own: a kernel, papermill, a guard, then the notebook and its page.

A kernel that is started afresh imports everything again. Here the process that runs a notebook
has itself been forked from one that has imported this module and with it all that a run needs, and
forks the kernel from its own memory before it opens a socket or starts a thread. What a notebook
changes, it changes in its own copy. Papermill remains the executor; it reaches the kernel through
Jupyter's own interface for kernels started in other ways (a kernel provisioner). Where processes
cannot be forked, as on Windows, each kernel is started afresh.

Importing must start no thread, open no socket and read no article: a fork copies memory but not
threads.
"""

from __future__ import annotations

import atexit
import contextlib
import ctypes
import gc
import io
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

with contextlib.redirect_stderr(io.StringIO()):  # the debugger, which every kernel imports, warns
    import ipykernel.debugger  # noqa: F401
import matplotlib.pyplot as plt
import nbclient  # noqa: F401
import nbformat
import papermill
import psutil
import pyarrow.dataset  # noqa: F401
from ipykernel.kernelapp import IPKernelApp
from ipykernel.kernelspec import make_ipkernel_cmd
from jupyter_client import AsyncKernelManager
from jupyter_client.asynchronous import AsyncKernelClient
from jupyter_client.connect import write_connection_file
from jupyter_client.kernelspec import KernelSpec
from jupyter_client.provisioning import KernelProvisionerFactory, LocalProvisioner
from matplotlib.figure import Figure
from nbformat import NotebookNode
from papermill.engines import NBClientEngine, papermill_engines
from papermill.exceptions import PapermillExecutionError
from traitlets import default

from helpers.batch import jobs, pages, plan
from helpers.batch.jobs import RUNNING, Job, Outcome, Run
from helpers.measure import attitudes, comparisons, counting, sourcing  # noqa: F401
from helpers.show import charts, concordance, forms, publish, reader, reading  # noqa: F401
from helpers.store.paths import engine_hashes, say_error
from helpers.store.tables import write_text
from helpers.study import accuracy, study  # noqa: F401

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
    for name in ("papermill", "traitlets"):  # parameters were checked before
        logging.getLogger(name).setLevel(logging.CRITICAL)
    kernel = ForkedKernel(job.scratch, job.memory) if job.warm else None
    guard = Guard(job)
    signal.signal(signal.SIGTERM, lambda *_: guard.abandon())
    papermill_engines.register(NAME, WriteOnceEngine)
    here = EntryPoint(NAME, f"{__name__}:{WarmProvisioner.__name__}", "jupyter_client")
    KernelProvisionerFactory.instance().provisioners[NAME] = here
    try:
        job = replace(job, asked=channel.recv())
    except (EOFError, OSError):  # the batch has ended
        guard.abandon()
    guard.start()
    try:
        outcome = _run(job, kernel, guard)
    except Exception as error:  # what cannot be shown or written fails this run only
        told = say_error(error) if isinstance(error, OSError) else error
        outcome = jobs.failed(job, _shorten(f"{type(error).__name__}: {told}"))
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
    run, folder = job.run, job.folder
    if problem := plan.find_nothing(run, job.tables):
        plan.forget(run.name, folder)
        return jobs.failed(job, problem)
    if run.subset:  # it is for values of columns that no parameter takes: for a part of the tables
        values = {column: run.stands_for[column] for column in run.subset}
        part = plan.write_part(job.tables, values, str(folder))
        run = replace(run, parameters=run.parameters | {"corpus": part})
    tables_folder = Path(run.parameters.get("out") or folder / run.name)
    before = _list_files(tables_folder)
    plan.forget(run.name, folder)
    prefix = f"{RUNNING}{run.name}-"
    with tempfile.TemporaryDirectory(prefix=prefix, dir=folder) as scratch:
        kept = Path(scratch) / f"{run.name}.ipynb"
        error = _execute(replace(job, run=run), kept, kernel)
        try:
            notebook = nbformat.read(kept, as_version=4)
        except (OSError, ValueError):  # papermill could not write it whole
            notebook = nbformat.read(run.notebook, as_version=4)
    after = _list_files(tables_folder)
    figure = pages.first_figure(notebook)
    outcome = replace(
        jobs.not_run(run, folder),
        began=datetime.fromtimestamp(job.asked).astimezone(),
        title=run.title or _title(run, pages.first_heading(notebook)),
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
    pages.link_back(outcome, folder)
    page = pages.render_page(notebook, outcome, run.batch, job.links)
    write_text(page, folder / f"{run.name}.html")
    plan.write_record(outcome, job.fingerprint, folder)
    return outcome


def _title(run: Run, heading: str) -> str:
    """Title a run by its notebook's question, and by what it stands for among several."""
    stands_for = ", ".join(value or "none" for value in run.stands_for.values())
    return ": ".join(filter(None, (stands_for, heading or run.name)))


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
    Manager.kernel = kernel
    try:
        papermill.execute_notebook(
            *(_escape_braces(path) for path in (job.run.notebook, kept)),
            job.run.parameters,
            engine_name=NAME,
            kernel_name="python3",
            language="python",
            progress_bar=False,
            cwd=job.folder,
            kernel_manager_class=Manager,
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
    """A kernel in a process forked from this one, which provisioners take for a `Popen`.

    Its connection file is `connection_file`.
    """

    stdin = stdout = stderr = None

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

    def wait(self) -> int | None:
        """Return the exit code of a kernel that has ended."""
        return self.returncode

    def send_signal(self, number: int) -> None:
        """Send a signal to the kernel alone, which its group could not be sent to."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(self.pid, number)


def _become_kernel(told: int, parent: int, connection_file: str, memory: int) -> None:
    """Serve one notebook, then end this process; never returns."""
    code = 1
    try:
        os.setsid()
        _die_with(parent)
        _limit_memory(memory)
        _silence()
        sys.modules["numpy.random"].seed()  # forks would all draw the same numbers
        app = IPKernelApp.instance()
        options = [f"--IPKernelApp.parent_handle={parent}", "--HistoryManager.enabled=False"]
        app.initialize(["-f", connection_file, QUIET, *options])
        if backend := os.environ.get("MPLBACKEND"):  # matplotlib was imported before it was said
            plt.rcParams["backend"] = backend
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


class WarmProvisioner(LocalProvisioner):
    """Hands the manager the kernel that this process has forked already."""

    async def pre_launch(self, **options: Any) -> dict[str, Any]:
        """Read where the kernel listens."""
        self.parent.load_connection_file()
        self.connection_info = self.parent.get_connection_info()
        return options | {"cmd": []}

    async def launch_kernel(self, cmd: list[str], **options: Any) -> dict[str, Any]:
        """Let the kernel serve in the working folder."""
        self.process = self.parent.kernel
        self.pid = self.pgid = self.process.pid
        self.process.go(options.get("cwd") or os.getcwd())
        return self.connection_info


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


class Manager(AsyncKernelManager):
    """Manages the one kernel that this process has forked, or starts one afresh with this Python.

    Whatever kernels Jupyter knows by name. The connection to one started afresh is encrypted, which
    also keeps ipykernel from warning that it is not. What a kernel logs of itself, such as an error
    on being shut down, stays out of the batch's log; what a notebook prints or raises reaches it
    through papermill all the same.
    """

    kernel: ForkedKernel | None = None

    def __init__(self, **options: Any):
        if self.kernel is not None:
            options["connection_file"] = self.kernel.connection_file
        super().__init__(**options)

    async def start_kernel(self, **options: Any) -> None:
        """Start a kernel with its standard error closed."""
        await super().start_kernel(**options, stderr=subprocess.DEVNULL)

    @property
    def kernel_spec(self) -> KernelSpec:
        """Describe a kernel that `WarmProvisioner` provides, or that this Python would install."""
        known = {"supported_encryption": ["curve"]}
        return KernelSpec(
            argv=make_ipkernel_cmd(extra_arguments=[QUIET]),
            display_name="Python 3",
            language="python",
            metadata={"kernel_provisioner": {"provisioner_name": NAME}} if self.kernel else known,
        )

    @default("transport_encryption")
    def _encrypt(self) -> str:
        return "disabled" if self.kernel else "auto"

    @default("client_factory")
    def _client_factory(self) -> type[PromptClient]:
        return PromptClient

    @default("client_class")
    def _client_class(self) -> str:
        return f"{__name__}.{PromptClient.__name__}"


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


def _warm() -> None:
    """Compute what is computed once: hashes, the notebook schema, templates, fonts and letters."""
    page = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("1")])
    nbformat.validate(page)
    pages.render_page(page, Outcome("name", "title", "notebook"), "batch", {})
    engine_hashes()
    figure = Figure()  # not by pyplot, which would choose a backend that kernels could not change
    figure.subplots().set_title("A name, 0123456789 %")
    for kind in ("png", "svg"):
        figure.savefig(io.BytesIO(), format=kind)
    gc.collect()
    gc.freeze()  # else collecting in each fork would copy the memory it shares


if hasattr(os, "fork"):
    _warm()
