"""Thin Prefect flows over the pipeline: retries, cached page ranges, artifacts, a deployment.

No logic of their own. Prefect reads its settings once: :func:`flows.environment.prepare` comes before importing
:mod:`flows.editions` (:func:`flows.runner.run` sees to it).
"""
