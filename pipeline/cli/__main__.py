"""``python -m pipeline.cli``: the same as ``xize``."""

from pipeline.cli import main

main()
