"""How a flow is called from the command line, whichever runs its tasks."""

from __future__ import annotations

from typing import Any

from flows import server, steps
from flows.reporting import reporting
from pipeline.errors import XizeError
from pipeline.run import Options


def call(flow: Any, subject: Any, options: Options, progress: steps.Progress, **more: Any) -> Any:
    """Call a flow that publishes ``subject`` (an edition's name, or several) with the options; gives what it gives.

    ``progress`` is told how far it has come. Raises XizeError, also when this process's Prefect server has gone.
    """
    from pydantic import SecretStr

    token = steps.PROGRESS.set(progress)
    try:
        with reporting():
            return flow(
                subject,
                options.home,
                source=options.source,
                decoder=options.decoder,
                password=SecretStr(options.password),
                cross_check=options.cross_check,
                allow_incomplete=options.allow_incomplete,
                publish=options.publish,
                latest=options.latest,
                curated=options.curated,
                **more,
            )
    except XizeError:
        raise
    except Exception as error:
        if server.failed():
            raise XizeError(server.FAILED) from error
        raise
    finally:
        steps.PROGRESS.reset(token)
