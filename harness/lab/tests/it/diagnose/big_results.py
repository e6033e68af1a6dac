"""Workers send back large lists of which the parent wants one number."""
from multiprocessing import Pool


def squares(item):
    return [item + number * number for number in range(200_000)]


if __name__ == "__main__":
    with Pool(2) as pool:
        print(sum(result[-1] for result in pool.imap_unordered(squares, range(40))))
