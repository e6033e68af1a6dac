"""All the long items come in one chunk."""
from multiprocessing import Pool


def work(loops):
    total = 0
    for number in range(loops):
        total += number
    return total


if __name__ == "__main__":
    items = [1_500_000] * 16 + [100] * 48
    with Pool(4) as pool:
        print(sum(pool.map(work, items, chunksize=16)))
