"""Celery or Dask with two slots, driven by lines: `peer.py <celery or dask> <port of a Redis>`.

A line is `together <count>` or `one by one <count>`: so many calls, and the last result is printed.
"""

import os
import subprocess
import sys


def square(n):
    return n * n


if "PEER_REDIS" in os.environ:
    from celery import Celery

    app = Celery("peer", broker=os.environ["PEER_REDIS"], backend=os.environ["PEER_REDIS"])
    task = app.task(name="square")(square)


def open_celery(port):
    os.environ["PEER_REDIS"] = f"redis://127.0.0.1:{port}/0"
    sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
    import peer

    command = [sys.executable, "-m", "celery", "-A", "peer", "worker", "-c", "2"]
    quiet = ["--loglevel", "ERROR", "--without-gossip", "--without-mingle"]
    folder = os.path.dirname(os.path.abspath(__file__))
    worker = subprocess.Popen(command + quiet, cwd=folder, stdout=subprocess.DEVNULL)
    peer.task.delay(1).get()

    def together(count):
        return [call.get() for call in [peer.task.delay(n) for n in range(count)]]

    def one_by_one(count):
        return [peer.task.delay(n).get() for n in range(count)]

    def close():
        worker.terminate()
        worker.wait()

    return together, one_by_one, close


def open_dask(_port):
    from distributed import Client, LocalCluster

    cluster = LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None)
    client = Client(cluster)

    def together(count):
        return client.gather([client.submit(square, n, pure=False) for n in range(count)])

    def one_by_one(count):
        return [client.submit(square, n, pure=False).result() for n in range(count)]

    def close():
        client.close()
        cluster.close()

    return together, one_by_one, close


def main():
    kind, port = sys.argv[1:]
    together, one_by_one, close = (open_celery if kind == "celery" else open_dask)(port)
    print("ready", flush=True)
    for line in sys.stdin:
        how, count = line.rsplit(" ", 1)
        results = (together if how == "together" else one_by_one)(int(count))
        print(f"last {results[-1]}", flush=True)
    close()


if __name__ == "__main__":
    main()
