"""A loop, and no process beside it."""

if __name__ == "__main__":
    total = 0
    for number in range(12_000_000):
        total += number
    print(total)
