"""Runs the program of a twin and prints how many milliseconds it took."""

import time


def report(rounds, program):
    samples = []
    for _ in range(rounds):
        start = time.perf_counter()
        program()
        samples.append((time.perf_counter() - start) * 1000)
    samples.sort()
    print(samples[len(samples) // 2])
