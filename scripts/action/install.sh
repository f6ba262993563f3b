#!/usr/bin/env bash
# First step of action.yml: puts retry on the PATH of the steps that follow.
#
# It is a release of the action's own repository, and only one whose checksum is in SHA256SUMS beside this script; that is
# checked each time, also of what the tool cache has. $VERSION chooses one of several; `installed` is the retry on the PATH.
set -euo pipefail

fail() {
  echo "::error title=retry::$*"
  exit 1
}

if [ "${VERSION:-}" = installed ]; then
  case $(retry --version 2>/dev/null </dev/null || true) in
  "retry "*" (retry-command)") exit 0 ;;
  *) fail "version is 'installed', but there is no retry (retry-command) on the PATH" ;;
  esac
fi

case ${RUNNER_OS:?}-${RUNNER_ARCH:?} in
Linux-X64) platform=x86_64-unknown-linux-gnu ;;
Linux-ARM64) platform=aarch64-unknown-linux-gnu ;;
macOS-X64) platform=x86_64-apple-darwin ;;
macOS-ARM64) platform=aarch64-apple-darwin ;;
*) fail "there is no retry for $RUNNER_OS on $RUNNER_ARCH" ;;
esac

# The version's own line of the sums, or the first for this platform.
sum='' asset=''
sums="$(dirname "${BASH_SOURCE[0]}")/SHA256SUMS"
if [ -r "$sums" ]; then
  while read -r sum asset; do
    case $asset in
    "retry-command-"*"-$platform.tar.gz")
      version=${asset#retry-command-}
      version=${version%"-$platform.tar.gz"}
      [ "${VERSION:-$version}" = "$version" ] && break
      ;;
    esac
    sum=''
  done <"$sums"
fi
[ -n "$sum" ] || fail "no checksum of retry ${VERSION:+$VERSION }for $platform is pinned in this action"

# The runner's own variable is empty in composite actions; the path always has the name: _actions/OWNER/NAME/REF.
repository=${ACTION_REPOSITORY:-}
if [ -z "$repository" ] && [[ ${GITHUB_ACTION_PATH:?} =~ /_actions/([^/]+/[^/]+)/ ]]; then
  repository=${BASH_REMATCH[1]}
fi

is_right() {
  [ -f "$1" ] || return 1
  if command -v sha256sum >/dev/null; then
    sha256sum --status --check <<<"$sum  $1"
  else
    shasum -a 256 --status --check <<<"$sum  $1"
  fi
}

cached="${RUNNER_TOOL_CACHE:-${RUNNER_TEMP:?}}/retry-command/$version/$asset"
if ! is_right "$cached"; then
  [ -n "$repository" ] || fail "the repository of this action is not known, so there is no place to download retry from"
  mkdir -p "${cached%/*}"
  new=$(mktemp "${cached%/*}/new.XXXXXX")
  trap 'rm -f "$new"' EXIT
  curl -fsSL --proto '=https' --retry 3 --max-time 300 -o "$new" \
    "${GITHUB_SERVER_URL:?}/$repository/releases/download/v$version/$asset" || fail "$asset could not be downloaded"
  is_right "$new" || fail "$asset is not what this action's checksum says: it is not used"
  mv -f "$new" "$cached"
fi

folder=$(mktemp -d "${RUNNER_TEMP:?}/retry.XXXXXX")
tar -C "$folder" --strip-components=1 -xzf "$cached"
echo "$folder" >>"${GITHUB_PATH:?}"
