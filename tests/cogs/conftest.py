from tests.services.conftest import clock, engine

__all__ = ["clock", "engine"]
