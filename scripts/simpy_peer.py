#!/usr/bin/env python3
"""The same herd in SimPy and in `retry simulate`, in turns, with the calls a second of each.

    pip install simpy==4.1.2
    scripts/simpy_peer.py [--clients 50000] [--rounds 3] target/release/retry

Clients come at once, meet an outage of 60 seconds, and retry with the default policy (waits of 1 s, doubled, at most 60 s,
equal jitter) until the server has served each of them: one worker, exponential service, a queue without end, 1 ms each way.
Both run in one thread; the times are those of the processor.
"""

import argparse
import json
import os
import random
import resource
import subprocess
import sys
import time

OUTAGE, LATENCY = 60.0, 0.001


def simulated_by_simpy(clients, seed):
    """The calls, the moment of the last success, and the seconds of the processor that it took."""
    import simpy

    began = time.process_time()
    environment = simpy.Environment()
    server = simpy.Resource(environment, capacity=1)
    draw = random.Random(seed)
    seen = {"calls": 0, "last": 0.0}

    def client():
        base = 1.0
        while True:
            seen["calls"] += 1
            yield environment.timeout(LATENCY)
            served = environment.now >= OUTAGE
            if served:
                with server.request() as turn:
                    yield turn
                    yield environment.timeout(draw.expovariate(clients / 10))
            yield environment.timeout(LATENCY)
            if served:
                seen["last"] = environment.now
                return
            yield environment.timeout(base * (0.5 + 0.5 * draw.random()))
            base = min(base * 2, 60.0)

    for _ in range(clients):
        environment.process(client())
    environment.run()
    return seen["calls"], seen["last"], time.process_time() - began


def simulated_by_retry(program, clients, seed):
    """The same by the program."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    options = f"""simulate --format json --threads 1 --seed {seed} --clients {clients} --outage 0s..60s:refuse
        --capacity {clients // 10}/s --queue {clients} --max inf"""
    words = [program, *options.split()]
    clean = {name: value for name, value in os.environ.items() if not name.startswith("RETRY_")}
    answer = json.loads(subprocess.run(words, env=clean, check=True, stdout=subprocess.PIPE).stdout)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    took = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    result = answer["results"][0]
    return int(result["calls"]), result["completion_ms"] / 1000, took


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("retry", help="the program")
    parser.add_argument("--clients", type=int, default=50_000)
    parser.add_argument("--rounds", type=int, default=3)
    asked = parser.parse_args()
    ratios = []
    for seed in range(1, asked.rounds + 1):
        rates = []
        for name, (calls, last, took) in (
            ("SimPy", simulated_by_simpy(asked.clients, seed)),
            ("retry", simulated_by_retry(asked.retry, asked.clients, seed)),
        ):
            rates.append(calls / took)
            print(f"{name}: {calls} calls, last success at {last:.1f} s, {took:.2f} s of CPU, {calls / took:.0f} calls/s")
        ratios.append(rates[1] / rates[0])
    ratios.sort()
    print(f"retry simulates {ratios[len(ratios) // 2]:.1f} times as many calls a second (median of {asked.rounds})")


if __name__ == "__main__":
    sys.exit(main())
