#!/usr/bin/env bash
# Refuses to touch what is not ours: scripts/check-install.sh install|remove PROGRAM FILE..., from the Makefile.
# A file that a package brought is that package's, ours or not; a program that does not call itself retry-command is another's.
# $FORCE, if it is not empty, says that all of them may be taken; with $DESTDIR no package is asked about.
set -euo pipefail

verb=$1 program=$2
shift
[ -z "${FORCE:-}" ] || exit 0

refuse() {
  echo "make ${verb/remove/uninstall}: $1" >&2
  echo "hint: $2, or use FORCE=1 to $verb it all the same" >&2
  exit 1
}

# The package that the file belongs to; nothing if there is none.
owner() {
  local path
  path=$(readlink -f "$(dirname "$1")")/$(basename "$1")
  for path in "$1" "$path"; do
    if command -v dpkg >/dev/null; then
      dpkg -S "$path" 2>/dev/null | sed -n '/^diversion by /!s/: .*//p'
    fi
    if command -v rpm >/dev/null; then
      rpm -qf --queryformat '%{NAME}\n' "$path" 2>/dev/null || true
    fi
  done | sed -n '/^[^ ]*$/{p;q;}'
}

other="choose another place (prefix=/opt/retry, for one)"
for file; do
  [ -e "$file" ] || [ -L "$file" ] || continue
  package=
  [ -n "${DESTDIR:-}" ] || package=$(owner "$file")
  [ -z "$package" ] || refuse "$file belongs to the package $package" "${other/choose/remove the package, choose}"
done
[ -e "$program" ] || [ -L "$program" ] || exit 0

# Some programs of that name read stdin, or never end. Not every system has timeout(1).
limit=()
command -v timeout >/dev/null && limit=(timeout 5)
version=$(${limit[@]+"${limit[@]}"} "$program" --version 2>/dev/null </dev/null | head -n 1) || true
case $version in
"retry "*" (retry-command)") ;;
*) refuse "$program is another program (it says '${version:-nothing}' for --version)" "$other" ;;
esac
