"""A few arguments of many megabytes each, and hardly anything to do with them."""
from multiprocessing import Pool


def first_and_last(block):
    return block[0] + block[-1]


if __name__ == "__main__":
    with Pool(2) as pool:
        blocks = [bytes([number]) * (48 << 20) for number in range(6)]
        print(sum(pool.map(first_and_last, blocks, chunksize=1)))
