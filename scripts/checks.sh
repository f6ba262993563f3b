# shellcheck shell=bash
# What the tests of the packages share; to be sourced. $scratch is a folder of the test's own.

checks=0

fail() {
  echo "${0##*/}: FAILED: $*" >&2
  exit 1
}

# check SAYS COMMAND...: the command must succeed; its output is shown only if it does not.
check() {
  local says=$1
  shift
  # shellcheck disable=SC2154 # set by who sources this
  "$@" >"$scratch/output" 2>&1 || {
    cat "$scratch/output" >&2
    fail "$says"
  }
  checks=$((checks + 1))
}

skip() {
  echo "${0##*/}: NOT TESTED: $*" >&2
  [ -z "${CI:-}" ] || fail "under CI nothing may stay untested"
}

absent() {
  local file
  for file; do
    if [ -e "$file" ] || [ -L "$file" ]; then
      echo "$file is there"
      return 1
    fi
  done
}

refused() {
  ! "$@"
}

# ours_runs ROOT PROGRAM
ours_runs() {
  local said
  said=$(chroot "$1" "$2" --version </dev/null)
  echo "$2 --version: $said"
  [[ $said == "retry "*" (retry-command)" ]]
}

need_root() {
  [ "$(id -u)" -eq 0 ] || fail "this has to run as root"
}
