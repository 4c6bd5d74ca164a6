"""Open a store by its location: a folder or a bucket."""

from pathlib import Path

from emoray.storage.location import Place
from emoray.storage.store.local import Store


def open_store(place: Place, *, reading: bool = False) -> Store:
    """Open the store at a location; refuse a location without one. reading: never write there."""
    if isinstance(place, Path):
        return Store(place, reading=reading)
    from emoray.storage.store.bucket import BucketStore

    return BucketStore(place, reading=reading)
