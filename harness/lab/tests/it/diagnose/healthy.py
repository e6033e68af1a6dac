"""Nothing is wrong: two workers, even work, little to send."""
from multiprocessing import Pool


def work(item):
    total = 0
    for number in range(400_000):
        total += number ^ item
    return total


if __name__ == "__main__":
    with Pool(2) as pool:
        print(sum(pool.map(work, range(60))))
