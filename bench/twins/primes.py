"""is_prime(112272535095293), 100 times, on a pool of two processes; the pool is new each time."""

import concurrent.futures
import math

from twin import report

NUMBERS = [112272535095293] * 100


def is_prime(n):
    if n < 2:
        return False
    if n == 2:
        return True
    if n % 2 == 0:
        return False
    root = int(math.floor(math.sqrt(n)))
    for i in range(3, root + 1, 2):
        if n % i == 0:
            return False
    return True


def main():
    with concurrent.futures.ProcessPoolExecutor(2) as pool:
        assert sum(pool.map(is_prime, NUMBERS)) == len(NUMBERS)


if __name__ == "__main__":
    report(1, main)
