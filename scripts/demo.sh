#!/usr/bin/env bash
# Shows retry at work: a server on loopback that fails twice, and curl, which does not notice.
# $RETRY names the binary (target/release/retry).
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

retry=${RETRY:-${CARGO_TARGET_DIR:-target}/release/retry}
# The server needs no crate: the compiler alone makes it in a second, where cargo would build all that the tests need.
source=examples/flaky-server.rs
server=${CARGO_TARGET_DIR:-target}/demo/flaky-server
if [ ! -x "$server" ] || [ "$source" -nt "$server" ]; then
  echo "demo: compiling the server that fails twice" >&2
  mkdir -p "${server%/*}"
  "${RUSTC:-rustc}" --edition 2024 -o "$server" "$source"
fi

scratch=$(mktemp -d)
pid=
# shellcheck disable=SC2317 # the trap calls it
finish() {
  if [ -n "$pid" ]; then
    kill "$pid" 2>/dev/null || true
    wait "$pid" 2>/dev/null || true
  fi
  rm -rf "$scratch"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

"$server" --fail 2 --port-file "$scratch/port" >"$scratch/output" 2>&1 </dev/null &
pid=$!
for ((tries = 0; tries < 500; tries++)); do
  [ -e "$scratch/port" ] && break
  kill -0 "$pid" 2>/dev/null || break
  sleep 0.02
done
if [ ! -e "$scratch/port" ]; then
  echo "demo: the server did not start" >&2
  cat "$scratch/output" >&2
  exit 1
fi

# Loopback is not for a proxy.
export no_proxy=127.0.0.1 NO_PROXY=127.0.0.1

words=("$retry" --max 5 --backoff exp --delay 300ms -- curl -fsS "http://127.0.0.1:$(<"$scratch/port")/")
echo "\$ ${words[*]}"
status=0
"${words[@]}" || status=$?
exit "$status"
