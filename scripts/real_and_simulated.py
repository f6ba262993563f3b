#!/usr/bin/env python3
"""Many real runs of `retry` against a real server with an outage, beside the simulation of them.

    scripts/real_and_simulated.py [--clients 100] [--seeds 10] target/release/retry

The server is on loopback. Its port refuses connections for 3 seconds after the first client has started; then it serves one
client after the other, 10 ms each. Each client is a run of a shell that connects and reads a line. Printed are the attempts,
the time that half of the runs took at most, and the time from the first start until the last was served. It ends by itself.
"""

import argparse
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time

OUTAGE, SERVICE = 3.0, 0.010
POLICY = "--max inf --delay 200ms --max-delay 10s".split()
CLEAN = {name: value for name, value in os.environ.items() if not name.startswith("RETRY_")}


class Server:
    """Refuses connections until `begin`, counted from `opens`."""

    def __init__(self, clients):
        self.socket = socket.socket()
        self.socket.bind(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.clients = clients
        self.served = []

    def serve(self, opens):
        time.sleep(max(0.0, opens - time.monotonic()))
        self.socket.listen(1024)
        self.socket.settimeout(60)
        while len(self.served) < self.clients:
            peer, _ = self.socket.accept()
            with peer:
                time.sleep(SERVICE)
                self.served.append(time.monotonic())
                try:
                    peer.sendall(b"ok\n")
                except OSError:
                    self.served.pop()
        self.socket.close()


def real(program, clients, seed):
    """Attempts, seconds that half of the runs took at most, until the last was served, and until the last had started."""
    server = Server(clients)
    command = f"exec 3<>/dev/tcp/127.0.0.1/{server.port} && read -r line <&3 && [ \"$line\" = ok ]"
    with tempfile.TemporaryDirectory() as folder:
        log = os.path.join(folder, "log")
        began = time.monotonic()
        thread = threading.Thread(target=server.serve, args=(began + OUTAGE,))
        thread.start()
        runs = [
            subprocess.Popen(
                [program, "-q", *POLICY, "--seed", str(seed * 10_000 + client), "--log", log, "--", "bash", "-c", command],
                env=CLEAN, stderr=subprocess.DEVNULL,
            )
            for client in range(clients)
        ]
        started = time.monotonic() - began
        for run in runs:
            run.wait(timeout=120)
        thread.join(timeout=120)
        with open(log, encoding="utf-8") as lines:
            ends = [event for event in map(json.loads, lines) if event["event"] == "run.stop"]
    assert len(ends) == clients and all(end["outcome"] == "succeeded" for end in ends), "not all runs succeeded"
    half = sorted(end["elapsed_ms"] for end in ends)[(clients - 1) // 2] / 1000
    return sum(end["attempts"] for end in ends), half, max(server.served) - began, started


def simulated(program, clients, seed, started):
    """The same in virtual time; the clients start as evenly as the real ones did."""
    options = f"""simulate --format json --clients {clients} --arrive spread:{started:.3f}s --seed {seed}
        --outage 0s..{OUTAGE:.0f}s:refuse --service fixed:{SERVICE * 1000:.0f}ms --latency 0s --queue 1024"""
    words = [program, *options.split(), *POLICY]
    result = json.loads(subprocess.run(words, env=CLEAN, check=True, stdout=subprocess.PIPE).stdout)["results"][0]
    return result["calls"], result["p50_ms"] / 1000, result["completion_ms"] / 1000


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("retry", help="the program")
    parser.add_argument("--clients", type=int, default=100)
    parser.add_argument("--seeds", type=int, default=10)
    asked = parser.parse_args()
    rows = []
    print("seed  attempts real / simulated   half within   last served   started in")
    for seed in range(1, asked.seeds + 1):
        calls, half, last, started = real(asked.retry, asked.clients, seed)
        virtual_calls, virtual_half, virtual_last = simulated(asked.retry, asked.clients, seed, started)
        rows.append((calls, virtual_calls, half, virtual_half, last, virtual_last))
        print(
            f"{seed:4}  {calls:8} / {virtual_calls:<9.0f}  {half:6.2f} / {virtual_half:<5.2f}"
            f"  {last:6.2f} / {virtual_last:<5.2f}  {started:.2f} s"
        )
    middle = [statistics.median(column) for column in zip(*rows)]
    print(
        "median: {:.0f} attempts, simulated {:.0f}; half within {:.2f} s, simulated {:.2f} s; "
        "last served after {:.2f} s, simulated {:.2f} s".format(*middle)
    )


if __name__ == "__main__":
    sys.exit(main())
