#!/usr/bin/env bash
# Runs the fuzz targets for so many seconds each, beginning with their seeds and what earlier runs have found.
# All that is written lies under target/fuzz. The library has no unsafe code, so no sanitizer is needed, and a stable compiler does.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

usage='usage: fuzz.sh TOOLS SECONDS [TARGET]...'
tools=${1:?$usage}
seconds=${2:?$usage}
shift 2
version=0.13.2
target=${CARGO_TARGET_DIR:-target}/fuzz
PATH="$tools/bin:$PATH"

if ! command -v cargo-fuzz >/dev/null; then
  echo "fuzz: installing cargo-fuzz $version into $tools" >&2
  cargo install --quiet --locked --root "$tools" "cargo-fuzz@$version"
fi
# The versions that the program uses.
cp Cargo.lock fuzz/Cargo.lock
cargo fuzz build --sanitizer none --target-dir "$target"

# Words that an input would not happen to have: options, and the keys of configurations, logs and letters.
words=$target/words
{
  grep -oE -e '--[a-z][a-z-]+' completions/retry.bash
  grep -ohE '"[a-z][a-z_-]{2,}"' schema/*.json src/letter.rs | tr -d '"'
  grep -oE '^    [a-z][a-z0-9_]+:' src/letter.rs | tr -d ' :' || true
} | sort -u | sed 's/.*/"&"/' >"$words"

host=$("${RUSTC:-rustc}" -vV | sed -n 's/^host: //p')
binaries=$target/$host/release
targets=("$@")
(($#)) || mapfile -t targets < <(cargo fuzz list)
failed=()
for name in "${targets[@]}"; do
  corpus=$target/corpus/$name
  found=$target/found/$name
  mkdir -p "$corpus" "$found"
  echo "fuzz: $name, $seconds s" >&2
  if ! "$binaries/$name" -max_total_time="$seconds" -max_len=8192 -timeout=10 -rss_limit_mb=2048 -verbosity=0 \
    -print_final_stats=1 -dict="$words" -close_fd_mask=1 -artifact_prefix="$found/" "$corpus" "fuzz/seeds/$name" \
    2>"$found/log"; then
    failed+=("$name")
    grep -aE 'panicked|SUMMARY|ERROR' -A 3 "$found/log" | head -n 20 >&2
  fi
  runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$found/log")
  echo "fuzz: $name: ${runs:-?} inputs, $(find "$corpus" -type f | wc -l) of them kept" >&2
done
if ((${#failed[@]})); then
  echo "fuzz: failed: ${failed[*]} (the inputs are in $target/found)" >&2
  exit 1
fi
echo "fuzz: ${#targets[@]} targets, nothing found"
