from __future__ import annotations

from bot.web.streams import HEARTBEAT, MISSES, Stream


async def test_a_reader_gets_the_newest_only_and_then_the_end() -> None:
    stream = Stream("token", 0, lambda: None)
    stream.offer(b"older")
    stream.offer(b"newer")
    stream.end()

    assert [await stream.next(), await stream.next()] == [b"newer", None]


async def test_a_reader_that_takes_nothing_is_cut_off() -> None:
    cut: list[str] = []
    stream = Stream("token", 0, lambda: cut.append("cut"))
    stream.offer(b"news")

    for _ in range(MISSES):
        stream.keep_alive()
    assert cut == []
    stream.keep_alive()

    assert cut == ["cut"]
    assert [await stream.next(), await stream.next()] == [b"news", None]
    assert HEARTBEAT.startswith(b":")
