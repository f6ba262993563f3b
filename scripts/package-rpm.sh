#!/usr/bin/env bash
# Makes a .rpm of what `make install` installs: scripts/package-rpm.sh VERSION PROCESSOR BUILD OUTPUT, from scripts/dist.sh.
# rpm itself refuses to install it beside another package that has a /usr/bin/retry.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

version=$1 processor=$2 build=$3 output=$4
: "${SOURCE_DATE_EPOCH:?}"
top="$build/rpm"
root="$top/root"
rm -rf "$top"
mkdir -p "$top"

make --no-print-directory --silent install DESTDIR="$root" prefix=/usr docdir=/usr/share/doc/retry-command
install -m 644 "$build/THIRD-PARTY" "$root/usr/share/doc/retry-command/"
gzip -n -9 "$root/usr/share/man/man1/"*
find "$root" -exec touch -h -d "@$SOURCE_DATE_EPOCH" {} +

# A version with a dash, of one that is to come, is written with a tilde.
rpmbuild -bb --quiet --target "$processor-linux" \
  --define "_topdir $top" --define "_rpmdir $top" \
  --define "version_given ${version//-/\~}" --define "laid_out $root" \
  --define '_buildhost localhost' --define 'use_source_date_epoch_as_buildtime 1' \
  --define 'clamp_mtime_to_source_date_epoch 1' --define 'source_date_epoch_from_changelog 0' \
  --define '_binary_payload w6.xzdio' --define '_build_name_fmt %%{NAME}-%%{VERSION}-%%{RELEASE}.%%{ARCH}.rpm' \
  packaging/retry-command.spec >"$top/messages" 2>&1 || {
  cat "$top/messages" >&2
  exit 1
}
install -m 644 "$top"/retry-command-*.rpm "$output/"
