#!/usr/bin/env bash
# Installs and removes the .rpm in a folder for real: scripts/test-rpm.sh FOLDER. Needs root and Linux.
# In a folder of its own, beside another package that has a /usr/bin/retry.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. scripts/checks.sh

need_root
folder=$(cd "${1:?usage: test-rpm.sh FOLDER}" && pwd)
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
root="$scratch/root"

stand_in() {
  cat >"$scratch/retry.spec" <<'END'
%global __os_install_post %{nil}
Name: retry
Version: 9
Release: 1
Summary: Stand-in
License: none
BuildArch: noarch
%description
Stand-in.
%install
mkdir -p %{buildroot}/usr/bin
echo another >%{buildroot}/usr/bin/retry
%files
/usr/bin/retry
END
  rpmbuild -bb --quiet --define "_topdir $scratch/build" --define "_rpmdir $scratch" \
    --define '_build_name_fmt stand-in.rpm' "$scratch/retry.spec"
}

rpm_in() {
  rpm --root "$root" --nodeps --nosignature "$@" </dev/null
}

test_rpm() {
  local ours=$1 theirs="$scratch/stand-in.rpm"
  check "the stand-in cannot be built" stand_in
  mkdir "$root"
  check "rpm --initdb" rpm --root "$root" --initdb
  check "install" rpm_in --install "$ours"
  check "it does not run" ours_runs "$root" /usr/bin/retry
  check "files are not as packaged" rpm_in --verify retry-command
  check "another retry was installed over ours" refused rpm_in --install "$theirs"
  check "ours was harmed" rpm_in --verify retry-command
  check "erase" rpm_in --erase retry-command
  check "something is left" absent "$root"/usr/{bin/retry,share/man/man1/retry.1.gz,share/doc/retry-command}
  check "install another" rpm_in --install "$theirs"
  check "ours was installed over another" refused rpm_in --install "$ours"
  check "another was harmed" rpm_in --verify retry
}

for package in "$folder"/*.rpm; do
  if [ ! -e "$package" ]; then
    skip "the .rpm, which is not there"
  elif ! command -v rpm >/dev/null || ! command -v rpmbuild >/dev/null; then
    skip "the .rpm, since there is no rpm or no rpmbuild here"
  else
    test_rpm "$package"
  fi
done
echo "test-rpm: all $checks checks hold"
