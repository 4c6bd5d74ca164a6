"""A store by its place: a folder or a bucket."""

from pathlib import Path

from emoray.storage.location import Place
from emoray.storage.store.local import Store


def open_store(place: Place, *, reading: bool = False) -> Store:
    """The store at a place; ValueError where none can be. reading: nothing is written there."""
    if isinstance(place, Path):
        return Store(place, reading=reading)
    from emoray.storage.store.bucket import BucketStore

    return BucketStore(place, reading=reading)
