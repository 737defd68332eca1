"""The tasks that flows share. Call :func:`flows.environment.prepare` before importing this module."""

from __future__ import annotations

from typing import Any, cast

from prefect import task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State, TaskRun
from prefect.context import TaskRunContext
from pydantic import SecretStr

from flows import steps
from flows.packing import Parcel
from pipeline.editions.download import Unreachable
from pipeline.errors import XizeError


def range_key(context: TaskRunContext, arguments: dict[str, Any]) -> str:
    """What a range's reading depends on: the file's bytes, the pages, the decoder and the code, not the place."""
    span = steps.span(arguments["pages"])
    return "-".join(("pages", arguments["sha256"], span, arguments["decoder"], arguments["code"]))


def _range_name(parameters: dict[str, Any]) -> str:
    return f"read-{steps.span(parameters['pages'])}"


async def _may_pass(task: Any, task_run: TaskRun, state: State[Any]) -> bool:
    """Whether trying again can help: not when the document itself is at fault."""
    found = await state.aresult(raise_on_failure=False)
    return isinstance(found, Unreachable) or not isinstance(found, XizeError)


@task(
    task_run_name=cast(Any, _range_name),
    retries=2,
    retry_delay_seconds=[1, 5],
    retry_condition_fn=_may_pass,
    cache_policy=NO_CACHE,
    persist_result=False,
)
def read_range(
    url: str, sha256: str, pages: tuple[int, ...], decoder: str, code: str, password: SecretStr
) -> bytes:
    """One range of pages (from 1) of the PDF at ``url``, as :func:`flows.packing.pack` gives it.

    ``code`` is the digest of the readers' code. Raises XizeError, also when this machine's code is another.
    """
    return steps.read_range(url, sha256, pages, decoder, code, password.get_secret_value())


@task(
    task_run_name="count-pages",
    retries=2,
    retry_delay_seconds=[1, 5],
    retry_condition_fn=_may_pass,
    cache_policy=NO_CACHE,
    persist_result=False,
)
def count_pages(url: str, sha256: str, decoder: str, password: SecretStr) -> int:
    """How many pages the PDF at ``url`` has. Raises XizeError when it cannot be fetched or opened."""
    return steps.count_pages(url, sha256, decoder, password.get_secret_value())


@task(
    task_run_name="finish-{edition}",
    retries=1,
    retry_delay_seconds=2,
    retry_condition_fn=_may_pass,
    cache_policy=NO_CACHE,
    persist_result=False,
)
def finish_document(edition: str, parcel: Parcel, parts: list[bytes]) -> dict[str, Any]:
    """Tidy, validate and publish a reading given as packed page ranges; see :func:`flows.steps.finish_document`."""
    return steps.finish_document(parcel, parts)
