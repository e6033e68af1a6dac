"""A lock is held by another thread at the moment of the fork; the child wants it."""
import threading
from multiprocessing import get_context

lock = threading.Lock()
held, done = threading.Event(), threading.Event()


def hold():
    with lock:
        held.set()
        done.wait()


def child():
    with lock:
        print("never")


if __name__ == "__main__":
    threading.Thread(target=hold, daemon=True).start()
    held.wait()
    process = get_context("fork").Process(target=child)
    process.start()
    process.join()
