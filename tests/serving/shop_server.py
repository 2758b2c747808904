"""Servers over the small shop, as processes of their own: `python shop_server.py FOLDER`.

Each line of the standard input is a port: a server is forked off for it, so that a test that kills many of them
imports the product once; its process id is written to the standard output.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from serving_shop import make_live

from edgewise.serving.app import make_app
from edgewise.serving.limits import RateLimit
from edgewise.serving.server import run_server
from edgewise.serving.service import Service
from edgewise.serving.tenant import Settings, Tenant


def serve(folder: Path, port: int) -> None:
    """Answer on a port until killed."""
    tenant = Tenant("main", folder, make_live(), make_live, Settings(clock="data"))
    run_server(make_app(Service({"main": tenant}, None, RateLimit(1e6, 1e6))), "127.0.0.1", port)


if __name__ == "__main__":
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            serve(Path(sys.argv[1]), int(line))
            os._exit(0)
        print(child, flush=True)
