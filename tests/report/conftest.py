import pytest


@pytest.fixture(scope="session", autouse=True)
def pages_share_pictures(equal_pictures_are_drawn_once: None) -> None:
    """Many pages here are of the same tables."""
