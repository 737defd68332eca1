"""Prefect flows over the steps of pipeline.run: publish an edition, rebuild everything, publish on a Dask cluster.

Prefect reads its settings when it is imported: ``flows.settings.prepare`` comes first. ``settings``, ``server`` and
``runner`` import no Prefect.
"""
