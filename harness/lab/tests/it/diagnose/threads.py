"""Threads that compute, under one interpreter lock."""
from concurrent.futures import ThreadPoolExecutor


def work(item):
    total = 0
    for number in range(400_000):
        total += number ^ item
    return total


if __name__ == "__main__":
    with ThreadPoolExecutor(4) as executor:
        print(sum(executor.map(work, range(40))))
