#!/usr/bin/env bash
# Writes scripts/start-order.txt: the functions that a plain run uses, in the order of their first use, as valgrind sees
# them. Run it when the way to the first attempt has changed much; a name that is missing or too many costs a page, no more.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

command -v valgrind >/dev/null || { echo "start-order: valgrind is missing" >&2; exit 1; }
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-target}/order CARGO_PROFILE_RELEASE_STRIP=none
make --no-print-directory build
scratch=$(mktemp)
trap 'rm -f "$scratch"' EXIT
valgrind --tool=callgrind --demangle=no --callgrind-out-file="$scratch" \
  "$CARGO_TARGET_DIR/release/retry" --no-config -- /bin/true 2>/dev/null
# fn=(number) name, the name only where the number is new.
sed -n -E "s/^c?fn=\([0-9]+\) ([A-Za-z_].*)$/\1/p" "$scratch" \
  | sed -E -f scripts/start-order.sed \
  | awk '!seen[$0]++' >scripts/start-order.txt
echo "start-order: $(wc -l <scripts/start-order.txt) functions"
