#!/usr/bin/env bash
# Measures what retry costs.
#
#     scripts/bench.sh [ROUNDS]      /bin/true through a minimal C wrapper, through /usr/bin/retry where Debian's
#                                    is installed, and through retry: wall time and user instructions (400 rounds)
#     scripts/bench.sh attempts [N]  what each further attempt of a failing command adds (1000), and the memory
#                                    that 1000 and 100000 attempts take
#
# $RETRY names the binary (target/release/retry). Each measurement is stopped after five minutes.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

retry=${RETRY:-${CARGO_TARGET_DIR:-target}/release/retry}
debian=/usr/bin/retry
cc=${CC:-cc}

fail() {
  echo "bench: $*" >&2
  exit 1
}

whole_number() {
  [[ $1 =~ ^[1-9][0-9]*$ ]] || fail "not a whole number above 0: $1"
}

[ -x "$retry" ] || fail "$retry is not there: run 'make build' first"
command -v "$cc" >/dev/null || fail "no C compiler ($cc)"

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
"$cc" -O2 -o "$scratch/min" benches/min.c
"$cc" -O2 -o "$scratch/pairs" benches/pairs.c

pairs=("$scratch/pairs")
pin() {
  local cpu
  if command -v taskset >/dev/null && cpu=$(taskset -pc $$ | sed 's/.*[ ,-]//') && taskset -c "$cpu" true; then
    pairs=(taskset -c "$cpu" "$scratch/pairs")
    echo "pinned to CPU $cpu"
  else
    echo "not pinned to a CPU: no taskset here, or it is refused"
  fi
}

instructions() {
  local counted
  counted=$(perf stat -x, -r 20 -e instructions:u -- "$@" 2>&1 >/dev/null </dev/null \
    | awk -F, '/instructions/ { print $1; exit }')
  [[ $counted =~ ^[0-9]+$ ]] && printf '%s\n' "$counted"
}

# Where no processor counts: what valgrind executes of the program itself, without its command. It knows no clone3(2), so
# retry takes fork(2) there.
simulate() {
  local index counted
  command -v valgrind >/dev/null || return 0
  echo "user instructions by valgrind, without those of /bin/true:"
  for ((index = 1; index < $#; index += 2)); do
    # shellcheck disable=SC2068 # the words of the command
    counted=$(valgrind --tool=callgrind --callgrind-out-file=/dev/null ${@:index+1:1} 2>&1 >/dev/null </dev/null \
      | awk '/ Collected : / { print $4 }')
    [[ $counted =~ ^[0-9]+$ ]] || fail "valgrind could not count ${!index}"
    printf '%-32s %12d\n' "${!index}" "$counted"
  done
}

compare() {
  local rounds=$1 bare counted index
  local commands=("min (C, vfork)" "$scratch/min /bin/true")
  if [ -x "$debian" ]; then
    if ! "$debian" --version </dev/null 2>/dev/null | grep -q '^retry 1\.'; then
      echo "skipped: $debian is not Debian's retry"
    else
      commands+=("$debian" "$debian /bin/true")
    fi
  else
    echo "skipped: $debian (Debian's retry) is not installed"
  fi
  commands+=("$retry" "$retry --no-config -- /bin/true")

  echo "$rounds rounds of /bin/true, interleaved, order turned every other round; min.c dynamically linked"
  "${pairs[@]}" compare "$rounds" "${commands[@]}" </dev/null

  if ! command -v perf >/dev/null || ! bare=$(instructions /bin/true); then
    echo "no user instructions by perf: it is not installed, or cannot count them here"
    simulate "${commands[@]}"
    return
  fi
  echo "user instructions, mean of 20 runs, those of /bin/true ($bare) taken off:"
  for ((index = 0; index < ${#commands[@]}; index += 2)); do
    # shellcheck disable=SC2086 # the words of the command
    counted=$(instructions ${commands[index + 1]}) || fail "perf could not count ${commands[index]}"
    printf '%-32s %12d\n' "${commands[index]}" "$((counted - bare))"
  done
}

# Sets wall (microseconds) and memory (largest resident set, KiB) to those of a run that fails so many times.
failing_run() {
  local measured seen
  rm -f "$scratch/log"
  measured=$("${pairs[@]}" once "$retry" --no-config --max "$1" --backoff fixed --delay 0 \
    --jitter none --log "$scratch/log" -- /bin/false </dev/null 2>"$scratch/stderr") || fail "no measurement of $1 attempts"
  read -r wall memory <<<"$measured"
  touch "$scratch/log"
  seen=$(grep -c '"attempt\.\(retry\|failed\)"' "$scratch/log" || true)
  if [ "$seen" != "$1" ]; then
    tail -n 5 "$scratch/stderr" >&2
    fail "the log holds $seen failed attempts, not $1"
  fi
}

attempts() {
  local attempts=$1 bare wall memory
  bare=$("${pairs[@]}" loop "$attempts" /bin/false </dev/null)
  failing_run "$attempts"
  awk -v n="$attempts" -v wall="$wall" -v bare="$bare" 'BEGIN {
    printf "%d attempts of /bin/false with --log: %.1f us each\n", n, wall / n
    printf "bare vfork loop of /bin/false: %.1f us each\n", bare
    printf "overhead of an attempt: %.1f us\n", wall / n - bare
  }'
  for attempts in 1000 100000; do
    failing_run "$attempts"
    echo "largest resident set, $attempts attempts: $memory KiB"
  done
}

pin
if [ "${1:-}" = attempts ]; then
  whole_number "${2:-1000}"
  attempts "${2:-1000}"
else
  whole_number "${1:-400}"
  compare "${1:-400}"
fi
