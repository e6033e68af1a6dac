"""Every step of every worker asks the manager's process."""
from multiprocessing import Manager, Process


def count(counts, lock, times):
    for _ in range(times):
        with lock:
            counts["n"] = counts["n"] + 1


if __name__ == "__main__":
    with Manager() as manager:
        counts, lock = manager.dict(n=0), manager.Lock()
        workers = [Process(target=count, args=(counts, lock, 1_500)) for _ in range(3)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        print(counts["n"])
