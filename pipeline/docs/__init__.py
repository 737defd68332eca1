"""Documentation that is generated from the code: ``python -m pipeline.docs [NAME...]`` writes docs/NAME.md."""
