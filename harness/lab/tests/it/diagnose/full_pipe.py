"""A child writes more than a pipe holds, and its parent joins it before it reads."""
from multiprocessing import Pipe, Process


def answer(connection):
    connection.send_bytes(bytes(1 << 20))


if __name__ == "__main__":
    reader, writer = Pipe(duplex=False)
    process = Process(target=answer, args=(writer,))
    process.start()
    process.join()
    print(len(reader.recv_bytes()))
