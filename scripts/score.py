#!/usr/bin/env python3
"""Scores the judgement of results: scripts/score.py [--run] CASES.jsonl... (RETRY names the binary).

A case a line: argv, exit_code, stdout, stderr, label (success, transient, throttled or permanent); captured_at is
optional. Prints each case that is decided wrongly and the rule that decided, then a summary. With --run each case is
run, too: a stand-in for the tool writes the output, and only what retry captures by default is judged.
"""

import json
import os
import stat
import subprocess
import sys
import tempfile

RETRY = os.path.abspath(os.environ.get("RETRY", "target/debug/retry"))


def classify(cases):
    """What `retry classify` says of each."""
    keys = ("argv", "exit_code", "stdout", "stderr")
    lines = [json.dumps({key: case.get(key) for key in keys} | {"now": case.get("captured_at")}) for case in cases]
    command = [RETRY, "classify", "--batch", "-", "--format", "json"]
    answers = subprocess.run(command, input="\n".join(lines) + "\n", capture_output=True, text=True, check=True)
    return [json.loads(line) for line in answers.stdout.splitlines()]


def attempts(case, folder):
    """How often `retry --max 2` runs a stand-in for the tool."""
    os.makedirs(f"{folder}/bin")
    for stream in ("stdout", "stderr"):
        with open(f"{folder}/{stream}", "w", encoding="utf-8", errors="surrogateescape") as file:
            file.write(case.get(stream) or "")
    argv = [os.path.basename(case["argv"][0]), *case["argv"][1:]]
    for name in {os.path.basename(word) for word in argv[:3]} - {"", ".", ".."}:
        path = f"{folder}/bin/{name}"
        with open(path, "w", encoding="utf-8") as file:
            file.write(f"#!/bin/sh\necho >>{folder}/count\n/bin/cat {folder}/stdout\n/bin/cat {folder}/stderr >&2\n")
            file.write(f"exit {case['exit_code']}\n")
        os.chmod(path, stat.S_IRWXU)
    environment = {"PATH": f"{folder}/bin:/usr/bin:/bin", "HOME": folder}
    null = subprocess.DEVNULL
    command = [RETRY, "--max", "2", "--delay", "1ms", "--max-retry-after", "1ms", "--", *argv]
    subprocess.run(command, env=environment, stdin=null, stdout=null, stderr=null, timeout=60, check=False)
    with open(f"{folder}/count", encoding="utf-8") as file:
        return len(file.readlines())


def main():
    arguments = sys.argv[1:]
    run = "--run" in arguments
    cases = [json.loads(line) for path in arguments if path != "--run" for line in open(path, encoding="utf-8")]
    if not cases:
        sys.exit(__doc__)
    right = useless = gave_up = right_run = 0
    with tempfile.TemporaryDirectory() as folder:
        for number, (case, answer) in enumerate(zip(cases, classify(cases))):
            may_pass = case["label"] in ("transient", "throttled")
            retries = answer["would_retry"]
            right += retries == may_pass
            useless += retries and not may_pass
            gave_up += may_pass and not retries
            if run:
                right_run += (attempts(case, f"{folder}/{number}") > 1) == may_pass
            if retries != may_pass:
                rule = f"{answer['rule'].get('profile') or answer['rule']['source']}/{answer['rule']['id']}"
                text = (case.get("stderr") or case.get("stdout") or "").strip().replace("\n", " | ")
                print(f"{case['label']}, not {answer['class']} by {rule}: {' '.join(case['argv'])[:60]}: {text[:200]}")
    share = 100 / len(cases)
    print(f"right {right * share:.1f} % of {len(cases)}, {useless} useless retries, {gave_up} given up early")
    if run:
        print(f"right {right_run * share:.1f} % when run with default options")


main()
