#!/usr/bin/env bash
# Installs and removes the .deb in a folder for real: scripts/test-deb.sh FOLDER. Needs root and Linux.
# In copies of this system that are thrown away (an overlay, in a mount namespace), beside another package retry, in every order.
# What cannot be tested here is said, and makes it fail under CI.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. scripts/checks.sh

need_root
folder=$(cd "${1:?usage: test-deb.sh FOLDER}" && pwd)
if [ -z "${IN_OWN_NAMESPACE:-}" ]; then
  # All that is mounted goes with the namespace.
  IN_OWN_NAMESPACE=yes exec unshare --mount --propagation private "$PWD/scripts/test-deb.sh" "$folder"
fi
export LC_ALL=C DEBIAN_FRONTEND=noninteractive
scratch=$(mktemp -d)
trap 'umount -l "$scratch" 2>/dev/null; rmdir "$scratch"' EXIT
mount -t tmpfs -o size=1g,mode=755 tmpfs "$scratch"
root="$scratch/root"

# A root to install into, like this system, without any retry.
fresh_system() {
  if mountpoint -q "$root"; then
    umount "$root"
    rm -rf "$scratch/upper" "$scratch/work"
  fi
  mkdir -p "$root" "$scratch/upper" "$scratch/work"
  mount -t overlay -o "lowerdir=/,upperdir=$scratch/upper,workdir=$scratch/work" overlay "$root"
  dpkg_quietly --purge retry retry-command >/dev/null 2>&1 || true
  rm -f "$root/usr/bin/retry" "$root"/usr/share/man/man1/retry.*
  cp "$ours" "$root/ours.deb"
  cp "$theirs" "$root/theirs.deb"
  dpkg-deb -x "$theirs" "$scratch/theirs"
}

dpkg_quietly() {
  chroot "$root" dpkg --force-unsafe-io --no-triggers "$@" </dev/null
}

# After each step every file is where it belongs, with the bytes that its package brought.
check_system() {
  local mine=$1 other=$2 after=$3 file aside
  if [ "$mine" = yes ]; then
    check "$after: /usr/bin/retry is not ours" ours_runs "$root" /usr/bin/retry
    check "$after: our files are not as packaged" chroot "$root" dpkg --verify retry-command
  else
    check "$after: a diversion is left" refused grep -q retry-command "$root/var/lib/dpkg/diversions"
  fi
  while read -r file aside; do
    if [ "$other" = no ] || [ ! -e "$scratch/theirs$file" ]; then
      check "$after: their file is left" absent "$root$aside"
      [ "$mine" = yes ] || check "$after: a file is left" absent "$root$file"
    elif [ "$mine" = yes ]; then
      check "$after: their $file is not at $aside" cmp "$scratch/theirs$file" "$root$aside"
    else
      check "$after: their $file is not in its place" cmp "$scratch/theirs$file" "$root$file"
      check "$after: something is left" absent "$root$aside"
    fi
  done <packaging/deb/diversions
}

order() {
  local step mine=no other=no done=
  fresh_system
  for step; do
    done+=" $step"
    case $step in
    ours | theirs) check "$done" dpkg_quietly --install "/$step.deb" ;;
    remove-ours) check "$done" dpkg_quietly --remove retry-command ;;
    purge-ours) check "$done" dpkg_quietly --purge retry-command ;;
    remove-theirs) check "$done" dpkg_quietly --remove retry ;;
    purge-theirs) check "$done" dpkg_quietly --purge retry ;;
    esac
    case $step in
    ours) mine=yes ;;
    theirs) other=yes ;;
    *-ours) mine=no ;;
    *-theirs) other=no ;;
    esac
    check_system "$mine" "$other" "deb:$done"
  done
}

all_orders() {
  order ours theirs remove-ours remove-theirs
  order ours theirs purge-theirs purge-ours
  order theirs ours purge-ours purge-theirs
  order theirs ours remove-theirs remove-ours
  order theirs ours ours theirs theirs ours remove-ours ours purge-theirs theirs purge-ours
}

# A package retry that has all files that ours makes room for.
stand_in() {
  local file tree="$scratch/stand-in"
  while read -r file _; do
    install -D -m 755 /dev/stdin "$tree$file" <<<"#!/bin/sh
# stand-in for $file"
  done <packaging/deb/diversions
  mkdir "$tree/DEBIAN"
  printf '%s\n' 'Package: retry' 'Version: 9' 'Architecture: all' 'Maintainer: nobody' 'Description: stand-in' \
    >"$tree/DEBIAN/control"
  dpkg-deb --build "$tree" "$scratch/stand-in.deb" >/dev/null
}

test_deb() {
  ours=$1
  stand_in
  theirs="$scratch/stand-in.deb"
  all_orders
  mkdir "$scratch/debian"
  chmod 777 "$scratch/debian"
  (cd "$scratch/debian" && apt-get -q download retry >/dev/null 2>&1) || true
  for theirs in "$scratch/debian/"retry_*.deb; do
    [ -e "$theirs" ] || { skip "beside Debian's own retry, which apt-get cannot fetch here"; continue; }
    rm -rf "$scratch/theirs"
    all_orders
  done
}

for package in "$folder"/*.deb; do
  if [ -e "$package" ]; then test_deb "$package"; else skip "the .deb, which is not there"; fi
done
echo "test-deb: all $checks checks hold"
