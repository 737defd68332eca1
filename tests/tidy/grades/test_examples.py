"""The examples in the docstrings are true."""

from __future__ import annotations

import doctest
from types import ModuleType

import pytest

from pipeline.tidy.grades import grammar, levels, names


@pytest.mark.parametrize("module", [grammar, levels, names], ids=lambda module: module.__name__)
def test_the_examples_hold(module: ModuleType) -> None:
    done = doctest.testmod(module)
    assert done.attempted and not done.failed
