"""A worker that runs thousands of tests gives back what each of them made."""

import gc
import weakref
from importlib import import_module


class Knot:
    """Holds itself."""

    def __init__(self) -> None:
        self.me = self


def test_what_a_test_leaves_is_collected_whatever_the_product_does_to_the_collector() -> None:
    import_module("bot.cli")  # turns collecting off
    left = weakref.ref(Knot())
    gc.freeze()  # as a bot does at its start
    gc.collect()
    assert gc.isenabled()
    assert left() is None


def test_what_earlier_modules_left_is_not_looked_at_again_whatever_a_test_does() -> None:
    gc.unfreeze()
    assert gc.get_freeze_count() > 50_000  # the product's imports alone are more
