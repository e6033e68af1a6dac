"""Eight workers for every core."""
import os
from multiprocessing import Pool


def work(item):
    total = 0
    for number in range(300_000):
        total += number ^ item
    return total


if __name__ == "__main__":
    workers = 8 * len(os.sched_getaffinity(0))
    with Pool(workers) as pool:
        print(sum(pool.map(work, range(5 * workers), chunksize=1)))
