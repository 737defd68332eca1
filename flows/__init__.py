"""Prefect flows over the steps of pipeline.run: publish an edition, rebuild everything, publish on a Dask cluster.

Prefect reads its settings when it is imported: ``flows.server.prepare`` comes first. ``server`` and ``runner`` import none.
"""
