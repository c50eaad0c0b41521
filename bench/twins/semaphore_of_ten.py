"""10,000 tasks at a semaphore of 10, each of which sleeps for a turn inside."""

import asyncio

from twin import report

N = 10_000


async def main():
    semaphore = asyncio.Semaphore(10)
    passed = 0

    async def one():
        nonlocal passed
        async with semaphore:
            await asyncio.sleep(0)
            passed += 1

    async with asyncio.TaskGroup() as group:
        for _ in range(N):
            group.create_task(one())
    assert passed == N


report(5, lambda: asyncio.run(main()))
