"""What was made of messages is kept, within bounds."""

from __future__ import annotations

from reference_server.store.content_cache import ContentCache


def test_made_once() -> None:
    cache: ContentCache[str] = ContentCache(100)
    assert cache.get(1) is None
    assert cache.obtain(1, 10, lambda: "first") == "first"
    assert cache.obtain(1, 10, lambda: "second") == "first"
    assert cache.get(1) == "first"


def test_the_least_recently_used_goes_first() -> None:
    cache: ContentCache[int] = ContentCache(30)
    for content in (1, 2, 3):
        cache.obtain(content, 10, lambda content=content: content)  # type: ignore[misc]
    assert cache.get(1) == 1
    cache.obtain(4, 10, lambda: 4)
    assert [cache.get(content) for content in (1, 2, 3, 4)] == [1, None, 3, 4]


def test_what_is_too_large_is_not_kept() -> None:
    cache: ContentCache[int] = ContentCache(30)
    cache.obtain(1, 10, lambda: 1)
    assert cache.obtain(2, 31, lambda: 2) == 2
    assert (cache.get(1), cache.get(2)) == (1, None)
