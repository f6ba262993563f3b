#!/usr/bin/env bash
# The linker of `make build`: has the functions that every run uses stand side by side in the binary, so that a start touches
# few pages. scripts/start-order.txt names them in the order of their first use, without the hashes that differ from build to
# build; scripts/start-order.sh writes it. Only lld can do this; with any other linker the order is left as it is.
set -euo pipefail

order=
trap 'rm -f "$order"' EXIT
if [[ " $* " == *" -fuse-ld=lld "* ]] && command -v nm >/dev/null; then
  order=$(mktemp)
  objects=()
  for word in "$@"; do
    [[ $word != *.o ]] || objects+=("$word")
  done
  names=$(nm --defined-only --format=just-symbols "${objects[@]}")
  here=${BASH_SOURCE[0]%/*}
  paste -d ' ' <(sed -E -f "$here/start-order.sed" <<<"$names") - <<<"$names" | awk -v list="$here/start-order.txt" '
    { full[$1] = $2 }
    END { while ((getline name <list) > 0) print (name in full) ? full[name] : name }
  ' >"$order"
  set -- "$@" "-Wl,--symbol-ordering-file=$order" -Wl,--no-warn-symbol-ordering
fi
"${CC:-cc}" "$@"
