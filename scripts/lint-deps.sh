#!/usr/bin/env bash
# Makes sure that cargo-deny is there for `make lint`: one on the PATH, or one built once into the directory given.
set -euo pipefail

tools=${1:?usage: lint-deps.sh DIRECTORY}
version=0.20.2

command -v cargo-deny >/dev/null && exit 0
[ -x "$tools/bin/cargo-deny" ] && exit 0
echo "lint-deps: building cargo-deny $version into $tools, once: about two minutes" >&2
RUSTFLAGS='' "${CARGO:-cargo}" install --quiet --locked --root "$tools" "cargo-deny@$version" </dev/null >&2 || {
  echo "lint-deps: cargo-deny could not be built; install it with: cargo install --locked cargo-deny@$version" >&2
  exit 1
}
