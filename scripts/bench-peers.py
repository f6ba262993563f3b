#!/usr/bin/env python3
"""Measures retry beside other programs, in pairs, and prints a table in Markdown.

    scripts/bench-peers.py [--rounds N] [--only WORD]

Each row runs all of its commands once a round, in turned order every other round, so that a drift of the machine meets all
alike. It shows medians of wall time, processor time and the largest resident set, and the median of the rounds' ratios of wall
time to the first command. $RETRY names the binary (target/release/retry). Peers that are not there are left out:
Debian's retry is unpacked by apt-get where that is possible, attempt-cli and eb are installed below the target directory by
cargo. Nothing is left behind; at most 2 GB are written to a temporary directory at a time.
"""

import argparse
import json
import os
import shlex
import shutil
import statistics
import subprocess
import sys
import tempfile

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")
TARGET = os.environ.get("CARGO_TARGET_DIR", os.path.join(ROOT, "target"))
RETRY = os.path.abspath(os.environ.get("RETRY", os.path.join(TARGET, "release", "retry")))
LINE = "the quick brown fox jumps over the lazy dog and goes home"
PATTERNS = ["(?i)connection (refused|reset|timed out)", "(?i)could not resolve host", "(?i)too many requests",
            "(?i)temporary failure in name resolution", "(?i)rate.?limit(ed| exceeded)?", "TLS handshake timeout",
            r"\bHTTP/[0-9.]+ (429|502|503|504)\b", "(?i)service unavailable", "(?i)gateway time-?out",
            "(?i)i/o timeout", "EAI_AGAIN|ECONNRESET|ETIMEDOUT", "(?i)unexpected eof", "(?i)broken pipe",
            "fatal: .*early EOF", "(?i)database is locked", "(?i)deadlock (found|detected)",
            "Could not get lock /var/lib/[a-z]+", "(?i)no space left on device", r"^curl: \((6|7|28|35|52|56)\)",
            "[Ss]erver (is )?(busy|overloaded|starting up)"]


def once(line, folder):
    """Wall and processor seconds, and the largest resident set in MB, of a line of sh and all it starts."""
    environment = {"PATH": f"{folder}/bin:/usr/bin:/bin", "HOME": folder, "LC_ALL": "C.UTF-8"}
    simple = not any(letter in line for letter in "|<>;&$")
    words = shlex.split(line) if simple else ["/bin/sh", "-c", line]
    words[0] = shutil.which(words[0], path=environment["PATH"])
    # Measured from a small process: the resident set of its parent counts for what a process starts as.
    subprocess.run([f"{folder}/bin/pairs", "note", f"{folder}/note", *words], check=True, env=environment, cwd=folder,
                   stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    with open(f"{folder}/note", encoding="ascii") as file:
        wall, memory, processor, status = file.read().split()
    return float(wall) / 1e6, float(processor) / 1e6, int(memory) / 1024, os.waitstatus_to_exitcode(int(status))


def measure(title, commands, rounds, folder, expected=(0,)):
    results = {label: [] for label, _ in commands}
    for number in range(-1, rounds):
        for label, line in commands if number % 2 else reversed(commands):
            wall, cpu, memory, status = once(line, folder)
            if expected and status not in expected:
                sys.exit(f"bench: {line} ended with {status}")
            if number >= 0:
                results[label].append((wall, cpu, memory))
    first = results[commands[0][0]]
    print(f"\n**{title}** ({rounds} rounds)\n\n| | wall | processor | memory | to the first |\n| --- | --- | --- | --- | --- |")
    for label, _ in commands:
        walls, cpus, memories = zip(*results[label])
        ratio = statistics.median(wall / other[0] for wall, other in zip(walls, first))
        print(f"| {label} | {shown(statistics.median(walls))} | {shown(statistics.median(cpus))} | "
              f"{max(memories):.1f} MB | {ratio:.2f} |", flush=True)


def shown(seconds):
    return f"{seconds * 1e3:.2f} ms" if seconds < 0.1 else f"{seconds:.2f} s"


def peers(folder):
    """The others' commands for one word, and for N attempts of a failing one."""
    start, failing = [], []
    for program in ["min", "pairs"]:
        subprocess.run(["cc", "-O2", "-o", f"{folder}/bin/{program}", f"{ROOT}/benches/{program}.c"], check=True)
    start += [("C wrapper (vfork, wait)", "min /bin/true"), ("timeout(1)", "timeout 60 /bin/true")]
    unpacked = subprocess.run("apt-get download -q retry && dpkg -x retry_*.deb debian", shell=True, cwd=folder,
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
    if unpacked.returncode == 0:
        os.symlink(f"{folder}/debian/usr/bin/retry", f"{folder}/bin/retry-debian")
        start.append(("Debian's retry", "retry-debian /bin/true"))
        failing.append(("Debian's retry", "retry-debian -t 1000 -d 0 -- /bin/false"))
    for crate, binary, one, many in [
        ("attempt-cli", "attempt", "attempt fixed -w 0 -- /bin/true", "attempt fixed -a 1000 -w 0 -- /bin/false"),
        ("eb", "eb", "eb /bin/true", None),
    ]:
        done = subprocess.run(["cargo", "install", "--quiet", "--root", f"{TARGET}/peers", crate], check=False,
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        if done.returncode == 0:
            os.symlink(os.path.abspath(f"{TARGET}/peers/bin/{binary}"), f"{folder}/bin/{binary}")
            start.append((crate, one))
            failing += [(crate, many)] if many else []
    return start, failing


def million_events(path):
    """A log of a million lines: runs of three failed attempts and their ends, of four names."""
    subprocess.run([RETRY, "-q", "--max", "3", "-d", "0", "--name", "NAME", "--log", path + ".one", "--", "false"], check=False)
    with open(path + ".one", encoding="utf-8") as file:
        lines = file.read().splitlines()
    run = json.loads(lines[0])["run"]
    with open(path, "w", encoding="utf-8") as out:
        for number in range(1_000_000 // len(lines) + 1):
            name = f"job-{number % 4}"
            for line in lines:
                out.write(line.replace(run, f"{run[:-8]}{number:08x}").replace('"NAME"', f'"{name}"') + "\n")


def fill(path, size):
    with open(path, "w", encoding="ascii") as file:
        for _ in range(size // (len(LINE) + 1) // 1000):
            file.write((LINE + "\n") * 1000)


def rows(folder, rounds):
    """Each row: its word, its title, its commands, how many rounds, and the statuses that are right."""
    start, failing = peers(folder)
    for name in ["curl", "plain"]:
        os.symlink("/bin/true", f"{folder}/bin/{name}")
    big = f"{folder}/big"
    retry = "retry --no-config"
    patterns = " ".join("--retry-match " + shlex.quote(pattern) for pattern in PATTERNS)
    yield "start", "Start-up: /bin/true", [("/bin/true alone", "/bin/true"), *start, ("retry", f"{retry} -- /bin/true")], rounds, (0,)
    yield "options", "What options add to a start", [
        ("plain", f"{retry} -- plain"), ("--log", f"{retry} --log log -- plain"),
        ("a profile in force (curl)", f"{retry} -- curl"),
        ("20 patterns", f"{retry} {patterns} -- plain"),
        ("--key, --concurrency, --rate", f"{retry} --key k --concurrency 8 --rate 100000/1s --state state -- plain"),
        ("--metrics-file", f"{retry} --metrics-file retry.prom -- plain")], rounds, (0,)
    loop = "n=0; until /bin/false; do n=$((n + 1)); [ $n -lt 1000 ] || exit 1; done"
    yield "failing", "1,000 failing attempts, no waits", [
        ("a loop of sh", loop), *failing, ("retry", f"{retry} -q --max 1000 -d 0 -- /bin/false"),
        ("retry --log", f"{retry} -q --max 1000 -d 0 --log log -- /bin/false")], max(3, rounds // 40), (1, 3)
    fill(big, 400_000_000)
    yield "output", "400 MB on stderr through a pipe", [
        ("cat \\| cat", f"cat {big} 2>&1 | cat >/dev/null"),
        ("retry, not captured", f"{retry} -p none -- sh -c 'cat {big} >&2' 2>&1 | cat >/dev/null"),
        ("captured, no pattern", f"{retry} -p none --idle-timeout 1h -- sh -c 'cat {big} >&2' 2>&1 | cat >/dev/null"),
        ("1 pattern", f"{retry} -p none --retry-match 'no such luck' -- sh -c 'cat {big} >&2' 2>&1 | cat >/dev/null"),
        ("20 patterns", f"{retry} -p none {patterns} -- sh -c 'cat {big} >&2' 2>&1 | cat >/dev/null")], max(3, rounds // 40), (0,)
    fill(big, 1_000_000_000)
    yield "stdin", "1 GB on stdin, a pipe", [
        ("cat \\| cat", f"cat {big} | cat >/dev/null"),
        ("retry", f"cat {big} | {retry} -- sh -c 'cat >/dev/null'"),
        ("retry, read twice (-q, 2 attempts)", f"cat {big} | {retry} -q -n 2 -d 0 -- sh -c 'cat >/dev/null; exit 1' || true")], max(3, rounds // 80), (0,)
    os.remove(big)
    log = f"{folder}/million"
    million_events(log)
    yield "report", "A report of 1,000,000 events", [
        ("jq, counting the ends", f"jq -c 'select(.event == \"run.stop\") | .outcome' {log} | sort | uniq -c"),
        ("retry report", f"retry report {log}"), ("retry report --format json", f"retry report --format json {log}")], 3, (0,)
    os.remove(log)
    yield "simulate", "1,000,000 clients through an outage of 60 s", [
        ("retry simulate", "retry simulate --clients 1000000 --capacity 20000/s --queue 200000 --outage 0s..60s:refuse --max inf --timeout 10s")], 1, (0,)


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--rounds", type=int, default=400)
    options.add_argument("--only", default="")
    options = options.parse_args()
    if not os.access(RETRY, os.X_OK):
        sys.exit(f"bench: {RETRY} is not there: run 'make build' first")
    with tempfile.TemporaryDirectory() as folder:
        os.mkdir(f"{folder}/bin")
        os.symlink(RETRY, f"{folder}/bin/retry")
        for word, title, commands, rounds, expected in rows(folder, options.rounds):
            if options.only in word:
                measure(title, commands, rounds, folder, expected)


if __name__ == "__main__":
    main()
