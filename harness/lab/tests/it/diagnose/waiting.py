"""Workers that wait for a server of ours, which answers after a while, as servers far away do."""
import socket
import threading
import time
from multiprocessing import Pool


def serve(listener):
    def answer(client):
        with client:
            client.recv(16)
            time.sleep(0.15)
            client.sendall(b"answer")

    while True:
        client, _ = listener.accept()
        threading.Thread(target=answer, args=(client,), daemon=True).start()


def ask(port):
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(b"question")
        return len(connection.recv(16))


if __name__ == "__main__":
    listener = socket.create_server(("127.0.0.1", 0))
    with Pool(2) as pool:
        threading.Thread(target=serve, args=(listener,), daemon=True).start()
        print(sum(pool.map(ask, [listener.getsockname()[1]] * 40, chunksize=1)))
