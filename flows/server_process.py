"""The process of a Prefect server of our own: ``python -m flows.server_process <socket> <temporary|lasting>``, or a
forked copy of the run that needs it (flows.server).

It takes over a listening socket, so that clients may connect before it is ready and wait for their answer, and it
ends when its standard input closes, which happens however its parent dies.
"""

from __future__ import annotations

import gc
import os
import signal
import socket
import sys
import threading
import time

# How long requests under way may take to end when the server is to stop.
_GRACE_SECONDS = 5

# What a run asks for. FastAPI prepares a router's routes when the first request comes that is compared with them, one
# router after the other, which takes longer than to answer: with these first, the other hundred are never prepared.
_ASKED = ("/admin", "/csrf-token", "/flows", "/flow_runs", "/task_runs", "/events", "/artifacts")


def end_with_parent() -> None:
    """Stop this process when the parent's end of the pipe that is its standard input closes; by force if need be."""

    def wait() -> None:
        while os.read(0, 1):
            pass
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(2 * _GRACE_SECONDS)
        os._exit(1)

    threading.Thread(target=wait, daemon=True).start()


def serve(listener: socket.socket, *, temporary: bool) -> None:
    """Serve on ``listener`` until told to end. ``temporary``: no pages, only the services that a single run needs."""
    os.environ["PREFECT__SERVER_EPHEMERAL" if temporary else "PREFECT__SERVER_FINAL"] = "1"
    # Importing makes a million objects that stay: looking through them again and again is a fifth of the start.
    gc.disable()
    import uvicorn
    from prefect.server.api import server

    if temporary:
        routers = getattr(
            server, "API_ROUTERS", ()
        )  # should another Prefect name them otherwise: in its own order
        server.API_ROUTERS = tuple(sorted(routers, key=lambda router: router.prefix not in _ASKED))
    app = server.create_app()
    gc.freeze()
    gc.enable()
    settings = uvicorn.Config(
        app, log_level="critical", lifespan="on", timeout_graceful_shutdown=_GRACE_SECONDS, access_log=False
    )
    uvicorn.Server(settings).run([listener])


if __name__ == "__main__":
    end_with_parent()
    serve(socket.socket(fileno=int(sys.argv[1])), temporary=sys.argv[2] == "temporary")
