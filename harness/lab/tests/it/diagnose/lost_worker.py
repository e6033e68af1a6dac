"""A worker is killed with its task; the pool waits for it for ever."""
import os
import signal
from multiprocessing import Pool


def work(item):
    if item == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    return item


if __name__ == "__main__":
    with Pool(2) as pool:
        print(sum(pool.map(work, range(8), chunksize=1)))
