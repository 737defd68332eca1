"""Who is told of a run that failed, or that published with doubts: whoever listens at XIZE_WEBHOOK."""

from __future__ import annotations

import json
import os
import urllib.error
import urllib.request
from typing import Any

from prefect import get_run_logger
from prefect.logging.loggers import flow_run_logger

from pipeline.job import Outcome

VARIABLE = "XIZE_WEBHOOK"
"""The address that a JSON object is posted to: event (failed | doubtful), edition, release, text, run."""

_SECONDS = 10.0


def failed(flow: Any, flow_run: Any, state: Any) -> None:
    """Prefect calls this when a flow run fails or crashes."""
    parameters = flow_run.parameters or {}
    edition = str(parameters.get("edition") or "、".join(map(str, parameters.get("editions") or ())))
    text = f"{edition or flow.name}：运行失败，没有发布；{state.message or state.name}"
    body = {"event": "failed", "edition": edition, "release": None, "text": text, "run": flow_run.name}
    _post(body, flow_run_logger(flow_run, flow))


def doubtful(outcome: Outcome) -> None:
    """Tell of a new release where something may have been read wrongly, or parts of the document are missing."""
    if outcome.release is None or not outcome.changed:
        return
    count = outcome.by_queue.get("reading", 0)
    incomplete = bool(outcome.release.manifest.get("allow_incomplete"))
    if not count and not incomplete:
        return
    name = f"{outcome.release.edition}@{outcome.release.release}"
    doubts = [f"{count}处可能读错"] * bool(count) + ["缺少目录所列的部分"] * incomplete
    text = f"{name}已发布，但{'，'.join(doubts)}：请用“xize review {outcome.release.edition}”核对。"
    body = {
        "event": "doubtful",
        "edition": outcome.release.edition,
        "release": outcome.release.release,
        "text": text,
        "run": None,
    }
    _post(body, get_run_logger())


def _post(body: dict[str, Any], logger: Any) -> None:
    """Post ``body``; that nobody listens is logged, and does not make a run worse than it is."""
    address = os.environ.get(VARIABLE)
    if not address:
        return
    data = json.dumps(body, ensure_ascii=False).encode()
    try:
        request = urllib.request.Request(address, data, {"Content-Type": "application/json; charset=utf-8"})
        urllib.request.urlopen(request, timeout=_SECONDS).close()
    except (OSError, ValueError) as error:
        reason = error.code if isinstance(error, urllib.error.HTTPError) else error
        logger.warning("没有通知到%s所指的地址（%s）：请检查该地址。", VARIABLE, reason)
