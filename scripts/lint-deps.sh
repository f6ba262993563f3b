#!/usr/bin/env bash
# Makes sure that shellcheck, cargo-deny and the crates that it looks at are there for `make lint`: shellcheck is installed where
# that is possible without asking (root, with apt-get); cargo-deny is one on the PATH, or one built once into the directory given.
set -euo pipefail

tools=${1:?usage: lint-deps.sh DIRECTORY}
version=0.20.2

if ! command -v shellcheck >/dev/null; then
  if [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null; then
    echo "lint-deps: installing shellcheck" >&2
    apt-get update -q </dev/null >&2 || echo "lint-deps: apt-get update failed; trying with the lists at hand" >&2
    DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends shellcheck </dev/null >&2 || true
  fi
  command -v shellcheck >/dev/null || {
    echo "lint-deps: shellcheck is not here; install it with the package manager of this system" >&2
    exit 1
  }
fi

# Those of all platforms: cargo-deny works without the network, and a build has fetched only its own.
"${CARGO:-cargo}" fetch --quiet --locked </dev/null >&2 || echo "lint-deps: some crates could not be fetched" >&2

command -v cargo-deny >/dev/null && exit 0
[ -x "$tools/bin/cargo-deny" ] && exit 0
echo "lint-deps: building cargo-deny $version into $tools, once: about two minutes" >&2
RUSTFLAGS='' "${CARGO:-cargo}" install --quiet --locked --root "$tools" "cargo-deny@$version" </dev/null >&2 || {
  echo "lint-deps: cargo-deny could not be built; install it with: cargo install --locked cargo-deny@$version" >&2
  exit 1
}
