from tests.metrics.conftest import smooth, tied

__all__ = ["smooth", "tied"]
