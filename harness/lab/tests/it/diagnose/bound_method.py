"""Every task carries the object whose method it calls."""
from multiprocessing import Pool


class Converter:
    def __init__(self):
        self.cache = {number: f"value {number}" for number in range(30_000)}

    def convert(self, item):
        return len(self.cache[item % 30_000])


if __name__ == "__main__":
    converter = Converter()
    with Pool(2) as pool:
        print(sum(pool.map(converter.convert, range(120), chunksize=1)))
