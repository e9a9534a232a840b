"""Warm kernels: an IPython kernel forked from this process, and how papermill comes to use it.

A kernel that is started afresh imports everything again. Here the process that runs a notebook
has itself been forked from one that has imported everything (`preload`), and forks the kernel
from its own memory before it opens a socket or starts a thread. What a notebook changes, it
changes in its own copy. Papermill remains the executor; it reaches the kernel through Jupyter's
own interface for kernels started in other ways (a kernel provisioner).
"""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import time
from importlib.metadata import EntryPoint
from pathlib import Path
from queue import Empty
from typing import Any

from jupyter_client import AsyncKernelManager
from jupyter_client.asynchronous import AsyncKernelClient
from jupyter_client.connect import write_connection_file
from jupyter_client.kernelspec import KernelSpec
from jupyter_client.provisioning import KernelProvisionerBase, KernelProvisionerFactory
from papermill.engines import NBClientEngine, papermill_engines
from traitlets import default

QUIET = "--log-level=CRITICAL"  # else the kernel logs the interrupt with which it is shut down
NAME = "warm"
PORTS = ("shell_port", "iopub_port", "stdin_port", "control_port", "hb_port")
DIE_WITH_PARENT, ADOPT = 1, 36  # PR_SET_PDEATHSIG and PR_SET_CHILD_SUBREAPER of Linux's prctl(2)
SPARE_MEMORY = 512 * 2**20


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
            **{name: number for number, name in enumerate(PORTS, start=1)},
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
        silence()
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


def adopt_orphans() -> None:
    """Become the parent of what a kernel started and left running, so that it can be ended."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(ADOPT, 1)


def _limit_memory(memory: int) -> None:
    """Refuse memory far beyond the limit, so that one huge table is a MemoryError in its cell."""
    if sys.platform == "linux" and memory:
        import resource

        import psutil

        wanted = psutil.Process().memory_info().data + memory + SPARE_MEMORY
        _, most = resource.getrlimit(resource.RLIMIT_DATA)
        wanted = wanted if most == resource.RLIM_INFINITY else min(wanted, most)
        resource.setrlimit(resource.RLIMIT_DATA, (wanted, most))


def silence() -> None:
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

    async def _async_wait_for_ready(self, timeout: float | None = None) -> None:
        """Wait until the answer to a question has come on both channels.

        What the kernel published before its answer has then come too, so that nothing of it can
        be taken for the output of a cell. Raises RuntimeError when the kernel died or is too slow.
        """
        until = time.monotonic() + (timeout or float("inf"))
        while time.monotonic() < until:
            question = self.kernel_info()
            reply = await self._answer(self.shell_channel, question, 1)
            if reply and await self._answer(self.iopub_channel, question, 0.2, state="idle"):
                self._handle_kernel_info_reply(reply)
                return
            if not await self.is_alive():
                raise RuntimeError("Kernel died before replying to kernel_info")
        raise RuntimeError(f"Kernel didn't respond in {timeout} seconds")

    wait_for_ready = _async_wait_for_ready

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
        super().__init__(connection_file=self.kernel.connection_file, **options)

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


def register() -> None:
    """Make the engine and the provisioner known to papermill and Jupyter in this process."""
    papermill_engines.register(NAME, WriteOnceEngine)
    here = EntryPoint(NAME, f"{__name__}:{WarmProvisioner.__name__}", "jupyter_client")
    KernelProvisionerFactory.instance().provisioners[NAME] = here
