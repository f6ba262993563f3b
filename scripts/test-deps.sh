#!/usr/bin/env bash
# Makes sure that the programs the tests run are there: installs them where that is possible without asking
# (root, with apt-get), else says what to install and fails.
set -euo pipefail

# Command names; "command:package" where the package is called otherwise.
NEEDED="bash curl faketime fish git groff man:man-db npm openssl pip:python3-pip psql:postgresql-client python3 redis-cli:redis-tools redis-server rsync sqlite3 ssh:openssh-client strace tmux wget zsh /usr/share/bash-completion/bash_completion:bash-completion"

missing() {
  local entry
  for entry in $NEEDED; do
    # A path is a file that has to be there.
    command -v "${entry%%:*}" >/dev/null || [[ $entry == /* && -e ${entry%%:*} ]] || printf '%s\n' "${entry##*:}"
  done
}

mapfile -t packages < <(missing)
[ "${#packages[@]}" -eq 0 ] && exit 0

if [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null; then
  echo "test-deps: installing ${packages[*]}" >&2
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -q </dev/null >&2 || echo "test-deps: apt-get update failed; trying with the lists at hand" >&2
  apt-get install -q -y --no-install-recommends "${packages[@]}" </dev/null >&2 || true
  mapfile -t packages < <(missing)
  [ "${#packages[@]}" -eq 0 ] && exit 0
fi

echo "test-deps: the tests need ${packages[*]}, not found here" >&2
if command -v apt-get >/dev/null; then
  echo "test-deps: install with: sudo apt-get install ${packages[*]}" >&2
else
  echo "test-deps: install with the package manager of this system" >&2
fi
exit 1
