"""100,000 coroutines gathered, each of which gives its number."""

import asyncio

from twin import report

N = 100_000


async def one(i):
    return i


async def main():
    results = await asyncio.gather(*[one(i) for i in range(N)])
    assert sum(results) == N * (N - 1) // 2


report(5, lambda: asyncio.run(main()))
