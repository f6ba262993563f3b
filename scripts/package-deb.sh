#!/usr/bin/env bash
# Makes a .deb of what `make install` installs: scripts/package-deb.sh VERSION BUILD OUTPUT, from scripts/dist.sh.
# The maintainer is $DEBFULLNAME <$DEBEMAIL>, as with Debian's own tools.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

version=${1//-/\~} build=$2 output=$3
: "${SOURCE_DATE_EPOCH:?}"
root="$build/deb"
docs="$root/usr/share/doc/retry-command"
architecture=$(dpkg --print-architecture)
rm -rf "$root"

make --no-print-directory --silent install DESTDIR="$root" prefix=/usr docdir=/usr/share/doc/retry-command \
  zshcompdir=/usr/share/zsh/vendor-completions
rm "$docs"/LICENSE*
{
  cat LICENSE
  printf '\nThe Apache License, Version 2.0, is in /usr/share/common-licenses/Apache-2.0.\n\n'
  cat LICENSE-MIT
  printf '\n'
  cat "$build/THIRD-PARTY"
} >"$docs/copyright"
mv "$docs/CHANGELOG.md" "$docs/changelog"
gzip -n -9 "$docs/changelog" "$root/usr/share/man/man1/"*

control="$root/DEBIAN"
size=$(du -sk --apparent-size "$root" | cut -f1)
maintainer="${DEBFULLNAME:-the retry authors}${DEBEMAIL:+ <$DEBEMAIL>}"
mkdir "$control"
(cd "$root" && find usr -type f -print0 | sort -z | xargs -0 md5sum) >"$control/md5sums"
sed -e "s/@VERSION@/$version/" -e "s/@ARCHITECTURE@/$architecture/" -e "s/@SIZE@/$size/" \
  -e "s/@MAINTAINER@/${maintainer//\//\\/}/" packaging/deb/control >"$control/control"
for script in preinst postrm; do
  sed -e '/@DIVERSIONS@/r packaging/deb/diversions' -e '/@DIVERSIONS@/d' "packaging/deb/$script" >"$control/$script"
done
chmod 755 "$control/preinst" "$control/postrm"
chmod 644 "$control/control" "$control/md5sums"

# dpkg-deb only makes newer times that one.
find "$root" -exec touch -h -d "@$SOURCE_DATE_EPOCH" {} +
dpkg-deb --root-owner-group -Zxz --build "$root" "$output/retry-command_${version}_$architecture.deb" >/dev/null
