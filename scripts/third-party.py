#!/usr/bin/env python3
"""Prints the licences of what is linked into the binary.

    scripts/third-party.py [PLATFORM]    for one platform (x86_64-unknown-linux-gnu), else for all together
"""

import json
import os
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
# What no crate brings.
BELOW = [
    "It also contains Rust's standard library (MIT OR Apache-2.0) and, where it is linked statically on Linux, parts of the",
    "GNU C library (LGPL-2.1-or-later). `make build` links it again from its source, with another C library if need be.",
]
TEXTS = re.compile(r"^(licen[cs]e|copying|copyright|notice|unlicense)", re.IGNORECASE)


def metadata():
    """All that cargo knows of the crates."""
    words = [os.environ.get("CARGO", "cargo"), "metadata", "--locked", "--format-version=1"]
    for platform in sys.argv[1:2]:
        words += ["--filter-platform", platform]
    return json.loads(subprocess.run(words, cwd=ROOT, check=True, stdout=subprocess.PIPE).stdout)


def linked(known):
    """The identifiers of the crates that get into the binary: no tools of the build, nothing that only tests use."""
    crates = {crate["id"]: crate for crate in known["packages"]}
    nodes = {node["id"]: node for node in known["resolve"]["nodes"]}
    found, ahead = set(), [known["resolve"]["root"]]
    while ahead:
        node = ahead.pop()
        if node in found:
            continue
        found.add(node)
        for needed in nodes[node]["deps"]:
            normal = any(kind["kind"] is None for kind in needed["dep_kinds"])
            # What a macro is made of runs in the compiler.
            macro = any("proc-macro" in target["kind"] for target in crates[needed["pkg"]]["targets"])
            if normal and not macro:
                ahead.append(needed["pkg"])
    found.discard(known["resolve"]["root"])
    return sorted((crates[one] for one in found), key=lambda crate: (crate["name"], crate["version"]))


def texts(crate):
    """The crate's own licence files: what each says."""
    folder = pathlib.Path(crate["manifest_path"]).parent
    own = {path for path in folder.rglob("*") if path.is_file() and TEXTS.match(path.name) and path.suffix != ".rs"}
    if crate["license_file"]:
        own.add(folder / crate["license_file"])
    own = sorted(path for path in own if not {"tests", "benches"} & set(path.relative_to(folder).parts))
    return [path.read_text("utf-8", "replace").replace("\r\n", "\n").strip("\n") for path in own]


def main():
    """Each text once, under the names of all crates that have it."""
    crates, users, without = linked(metadata()), {}, []
    for crate in crates:
        name = f"{crate['name']} {crate['version']} ({crate['license'] or 'see below'})"
        found = texts(crate)
        for text in found:
            users.setdefault(text, []).append(name)
        if not found:
            without.append((name, crate["authors"]))
    lines = [f"The program `retry` contains these {len(crates)} crates. Below are the licences that they come with.", ""]
    lines += [f"  {crate['name']} {crate['version']}: {crate['license'] or 'see below'}" for crate in crates]
    lines += ["", *BELOW]
    for text, names in sorted(users.items(), key=lambda pair: pair[1]):
        lines += ["", "-" * 78, *names, "", text]
    if without:
        lines += ["", "-" * 78, "Crates that come without a text of their licence; SPDX has it under the name in brackets:", ""]
        lines += [f"{name}, by {', '.join(authors) or 'its authors'}" for name, authors in without]
    sys.stdout.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
