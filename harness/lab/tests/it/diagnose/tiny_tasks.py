"""Tasks of less than a microsecond, one message each."""
from multiprocessing import Pool


def successor(item):
    return item + 1


if __name__ == "__main__":
    with Pool(2) as pool:
        print(sum(pool.map(successor, range(30_000), chunksize=1)))
