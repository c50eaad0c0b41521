"""100,000 numbers through a queue of 64, from one task to another."""

import asyncio

from twin import report

N = 100_000


async def main():
    queue = asyncio.Queue(64)
    total = 0

    async def produce():
        for i in range(N):
            await queue.put(i)

    async def consume():
        nonlocal total
        for _ in range(N):
            total += await queue.get()

    async with asyncio.TaskGroup() as group:
        group.create_task(produce())
        group.create_task(consume())
    assert total == N * (N - 1) // 2


report(5, lambda: asyncio.run(main()))
