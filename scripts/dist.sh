#!/usr/bin/env bash
# Makes what is handed out, in $CARGO_TARGET_DIR/dist (target/dist), for the platform that it runs on: a tarball with the
# binary, a .deb and a .rpm where dpkg-deb and rpmbuild are there, and SHA256SUMS of them all. With make dist TARGET=PLATFORM
# it is for another one, in target/PLATFORM/dist.
#
# The same commit, compiler and packaging tools give the same bytes, wherever the tree and the crates lie: times are the
# commit's, tar sorts, and no path of this machine gets into the binary; that is checked.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
export LC_ALL=C TZ=UTC
umask 022

fail() {
  echo "make dist: $*" >&2
  exit 1
}

# The pinned sums do not count: they are committed after the packages are made, and making them again gives the same.
commit_date() {
  git log -1 --format=%ct -- . ':!scripts/action/SHA256SUMS'
}

# One prefix a line, FROM=TO; where two match, rustc takes the last.
remaps() {
  local sources
  echo "$sysroot/lib/rustlib/src/rust=/rustc/$("$rustc" -vV | sed -n 's/^commit-hash: //p')"
  for sources in "$cargo_home"/registry/src/*/; do
    echo "${sources%/}=/crates"
  done
  echo "$PWD=/retry"
  echo "$build=/build"
}

check_paths() {
  local place
  for place in "$PWD" "$build" "$cargo_home" "$sysroot/lib/rustlib"; do
    ! grep -aqF "$place" "$1" || fail "$1 contains a path of this machine: $place"
  done
}

tarball() {
  local stage="$build/stage/$name"
  rm -rf "$build/stage"
  mkdir -p "$stage/man" "$stage/completions" "$stage/schema" "$stage/docs"
  install -m 755 "$binary" "$stage/"
  install -m 644 README.md BENCHMARKS.md CHANGELOG.md SECURITY.md LICENSE LICENSE-APACHE LICENSE-MIT "$build/THIRD-PARTY" "$stage/"
  install -m 644 docs/* "$stage/docs/"
  install -m 644 man/*.1 "$stage/man/"
  install -m 644 completions/* "$stage/completions/"
  install -m 644 schema/*.json "$stage/schema/"
  tar --sort=name --format=ustar --owner=0 --group=0 --numeric-owner --mtime="@$SOURCE_DATE_EPOCH" \
    -C "$build/stage" -cf - "$name" | gzip -n -9 >"$dist/$name.tar.gz"
}

package() {
  if command -v "$1" >/dev/null; then
    "scripts/package-$2.sh" "$version" "${platform%%-*}" "$build" "$dist"
  else
    echo "make dist: WARNING: no .$2: there is no $1 here" >&2
  fi
}

tar --version 2>/dev/null | grep -q 'GNU tar' || fail "GNU tar is needed"
rustc=${RUSTC:-rustc}
dist=${CARGO_TARGET_DIR:-target}/${TARGET:+$TARGET/}dist
rm -rf "$dist"
mkdir -p "$dist" "$dist-build"
dist=$(cd "$dist" && pwd)
build="$dist-build"
export CARGO_TARGET_DIR="$build"
binary="$build/${TARGET:+$TARGET/}release/retry"
sysroot=$("$rustc" --print sysroot)
cargo_home=${CARGO_HOME:-$HOME/.cargo}
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(commit_date || true)}
[ -n "$SOURCE_DATE_EPOCH" ] || fail "there is no commit here to take the date from: set SOURCE_DATE_EPOCH"
platform=${TARGET:-$("$rustc" -vV | sed -n 's/^host: //p')}
version=$(cargo pkgid --locked)
version=${version##*[#@]}
name="retry-command-$version-$platform"

[ -z "$(git status --porcelain 2>/dev/null)" ] || echo "make dist: WARNING: the tree is not as it was committed" >&2
cargo fetch --locked --quiet </dev/null
RUSTFLAGS=
while IFS= read -r remap; do
  [[ $remap != *[[:space:]]* ]] || fail "a path with white space cannot be kept out of the binary: ${remap%=*}"
  RUSTFLAGS+="--remap-path-prefix=$remap "
done < <(remaps)
export RUSTFLAGS

make --no-print-directory build </dev/null
# Not before: crates with C sources would be built again for every commit, and none of them notes a time.
export SOURCE_DATE_EPOCH
check_paths "$binary"
scripts/third-party.py "$platform" >"$build/THIRD-PARTY"
tarball
package dpkg-deb deb
package rpmbuild rpm
(cd "$dist" && sums=$(sha256sum -- *) && printf '%s\n' "$sums" >SHA256SUMS)
echo "make dist: for $platform, in $dist:"
cat "$dist/SHA256SUMS"
