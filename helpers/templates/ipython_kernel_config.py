"""Kernels say errors only: they listen on this machine alone and need not warn of networks.

`make setup` copies this file to .venv/etc/ipython, where kernels look for it.
"""

from traitlets.config import get_config

get_config().IPKernelApp.log_level = "ERROR"
