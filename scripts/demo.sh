#!/usr/bin/env bash
# Shows retry at work: a server on loopback that fails twice, and curl, which does not notice.
# $RETRY names the binary (target/release/retry).
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

retry=${RETRY:-${CARGO_TARGET_DIR:-target}/release/retry}
server=${CARGO_TARGET_DIR:-target}/debug/examples/flaky-server
cargo build --locked --example flaky-server

scratch=$(mktemp -d)
pid=
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
