"""The process of a Prefect server of our own: ``python -m flows.server_process <socket> <temporary|lasting>``.

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


def _end_with_parent() -> None:
    """Wait for the parent's end of the pipe to close; then stop, by force if need be."""
    while os.read(0, 1):
        pass
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(2 * _GRACE_SECONDS)
    os._exit(1)


def main() -> None:
    """Serve on the socket whose descriptor is the first argument."""
    threading.Thread(target=_end_with_parent, daemon=True).start()
    temporary = sys.argv[2] == "temporary"
    if temporary:  # no pages, only the services that a single run needs
        os.environ |= {"PREFECT__SERVER_EPHEMERAL": "1", "PREFECT_UI_ENABLED": "0"}
    os.environ["PREFECT__SERVER_FINAL"] = "1"
    # Importing makes a million objects that stay: looking through them again and again is a fifth of the start.
    gc.disable()
    import uvicorn
    from prefect.server.api.server import create_app

    app = create_app()
    gc.freeze()
    gc.enable()
    settings = uvicorn.Config(
        app, log_level="critical", lifespan="on", timeout_graceful_shutdown=_GRACE_SECONDS, access_log=False
    )
    uvicorn.Server(settings).run([socket.socket(fileno=int(sys.argv[1]))])


if __name__ == "__main__":
    main()
