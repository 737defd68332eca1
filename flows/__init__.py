"""Prefect flows over the steps of pipeline.run: publish an edition, rebuild everything, publish on a Dask cluster.

Prefect reads its settings when it is imported: :func:`flows.settings.prepare` comes before importing
:mod:`flows.editions` or :mod:`flows.cluster`. ``settings``, ``server`` and ``runner`` import no Prefect.
"""
