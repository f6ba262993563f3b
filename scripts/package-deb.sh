#!/usr/bin/env bash
# Makes a .deb of what `make install` installs: scripts/package-deb.sh VERSION PROCESSOR BUILD OUTPUT, from scripts/dist.sh.
# The maintainer is $DEBFULLNAME <$DEBEMAIL>, as with Debian's own tools.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

version=${1//-/\~}-1 architecture=$2 build=$3 output=$4
: "${SOURCE_DATE_EPOCH:?}"
root="$build/deb"
docs="$root/usr/share/doc/retry-command"
maintainer="${DEBFULLNAME:-the retry authors}${DEBEMAIL:+ <$DEBEMAIL>}"
case $architecture in
x86_64) architecture=amd64 ;;
aarch64) architecture=arm64 ;;
esac
rm -rf "$root"

make --no-print-directory --silent install DESTDIR="$root" prefix=/usr docdir=/usr/share/doc/retry-command \
  zshcompdir=/usr/share/zsh/vendor-completions
rm "$docs"/LICENSE*
install -m 644 "$build/THIRD-PARTY" "$docs/"
{
  cat LICENSE
  printf '\nThe Apache License, Version 2.0, is in /usr/share/common-licenses/Apache-2.0.\n\n'
  cat LICENSE-MIT
  printf '\nThe licences of what is linked in are in THIRD-PARTY.\n'
} >"$docs/copyright"
mv "$docs/CHANGELOG.md" "$docs/changelog"
cat >"$docs/changelog.Debian" <<END
retry-command ($version) unstable; urgency=medium

  * What changed is in changelog.gz.

 -- $maintainer  $(date -u -d "@$SOURCE_DATE_EPOCH" '+%a, %d %b %Y %T +0000')
END
gzip -n -9 "$docs"/changelog* "$root/usr/share/man/man1/"*

control="$root/DEBIAN"
size=$(find "$root" -type f -printf '%s\n' | awk '{ kib += int(($1 + 1023) / 1024) } END { print kib }')
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
