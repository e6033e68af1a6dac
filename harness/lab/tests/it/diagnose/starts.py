"""A process for every call."""
from multiprocessing import Process


def work(item):
    return sum(range(item))


if __name__ == "__main__":
    for number in range(150):
        process = Process(target=work, args=(number * 100,))
        process.start()
        process.join()
