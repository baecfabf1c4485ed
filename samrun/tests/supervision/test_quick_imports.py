"""Imports without Python's garbage collector."""

import gc

import pytest

from samrun.supervision.quick_imports import quick_imports


def test_collector_is_off_in_the_body_and_on_behind_it() -> None:
    try:
        with quick_imports():
            assert not gc.isenabled()
        assert gc.isenabled()
        with pytest.raises(ImportError), quick_imports():
            raise ImportError("no such module")
        assert gc.isenabled(), "after a failure, too"
    finally:
        gc.unfreeze()
