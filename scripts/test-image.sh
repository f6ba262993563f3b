#!/usr/bin/env bash
# Runs the binary of a tarball as the container image does: in a root that has the files of the Dockerfile's last stage and
# nothing else, no /proc, /dev, /tmp or /etc. scripts/test-image.sh FOLDER. Needs root and Linux, and no container engine.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. scripts/checks.sh

need_root
folder=$(cd "${1:?usage: test-image.sh FOLDER}" && pwd)
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
root="$scratch/root"

# The image's files: what the last stage copies, the binary from the tarball.
lay_out() {
  local keyword from source target
  mkdir "$root" "$scratch/unpacked"
  tar -C "$scratch/unpacked" --strip-components=1 -xzf "$1"
  while read -r keyword from source target; do
    [ "$keyword" = COPY ] || continue
    [[ $from == --from=build ]] || fail "the last stage copies something that is not built: $source"
    case $source in
    */retry) install -m 755 "$scratch/unpacked/retry" "$root$target" ;;
    *) install -D -m 644 "$source" "$root$target" ;;
    esac
  done < <(sed '1,/^FROM scratch/d' Dockerfile)
}

# inside STATUS EXPECTED ARGUMENT...: what retry prints there, with `…` for any text, and its exit status.
inside() {
  local status=0 expected=$1 text=$2 output
  shift 2
  output=$(env -i "$(command -v chroot)" "$root" /retry "$@" 2>&1 </dev/null) || status=$?
  printf 'exit status %s, output:\n%s\n' "$status" "$output"
  # shellcheck disable=SC2053 # a pattern
  [ "$status" -eq "$expected" ] && [[ $output == ${text//…/*} ]]
}

test_image() {
  lay_out "$1"
  check "it is not static" refused grep -q 'program interpreter' <(readelf -l "$root/retry" 2>/dev/null)
  check "retry --version" inside 0 'retry … (retry-command)' --version
  check "a command that works" inside 0 'retry … (retry-command)' -- /retry --version
  check "a command that fails" inside 125 '…gave up on retry after 2 attempts…exit 125…' --max 2 --delay 0 \
    -- /retry generate nothing-of-the-kind
  check "output held back" inside 0 'retry … (retry-command)' -O -- /retry --version
  check "a time limit" inside 124 '…attempt 1/1 failed (timeout)…' --max 1 --timeout 500ms \
    -- /retry --delay 1h -- /retry generate nothing-of-the-kind
  check "a log" inside 0 'retry … (retry-command)' --log /log -- /retry --version
  check "shared limits" inside 0 'retry … (retry-command)' --key k --rate 9/s -- /retry --version
  check "a dead letter" inside 125 '…kept as /letters/…' --max 1 --dead-letter /letters -- /retry generate nothing-of-the-kind
  check "a command that is missing" inside 127 '…' -- /none
  check "retry explain" inside 0 '…attempts…' explain -- /retry
}

for package in "$folder"/*.tar.gz; do
  [ -e "$package" ] || fail "there is no tarball in $folder"
  (cd "$folder" && sha256sum --quiet --check --ignore-missing SHA256SUMS) || fail "a checksum is wrong"
  test_image "$package"
done
echo "test-image: all $checks checks hold"
