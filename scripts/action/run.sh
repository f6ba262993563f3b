#!/usr/bin/env bash
# Second step of action.yml: runs the script in $INPUT_RUN under retry, with the options that the other inputs ask for.
set -euo pipefail

fail() {
  echo "::error title=retry::$*"
  exit 125
}

[[ ${INPUT_RUN:-} == *[![:space:]]* ]] || fail "the input run is empty"

options=(--message-format=auto --outputs)

# option NAME VALUE: nothing if there is no value.
option() {
  [ -z "$2" ] || options+=("--$1=$2")
}

option max "${INPUT_MAX:-}"
option delay "${INPUT_DELAY:-}"
option backoff "${INPUT_BACKOFF:-}"
option timeout "${INPUT_TIMEOUT:-}"
option deadline "${INPUT_DEADLINE:-}"
option retry-on "${INPUT_RETRY_ON:-}"
option permanent-on "${INPUT_PERMANENT_ON:-}"
option policy "${INPUT_POLICY:-}"
option fail-if-flaky "${INPUT_FAIL_IF_FLAKY:-}"
option log "${INPUT_LOG:-}"
while IFS= read -r line; do
  option retry-match "${line%$'\r'}"
done <<<"${INPUT_RETRY_MATCH:-}"

# A line is an option, alone or with its value behind a `=` or white space. Anything else would become the command.
while read -r line; do
  line=${line%$'\r'}
  read -r word value <<<"$line"
  case $word in
  '') ;;
  --) fail "args: -- does not belong there" ;;
  -*=*) options+=("$line") ;;
  -*) options+=("$word" ${value:+"$value"}) ;;
  *) fail "args: a line begins with an option, and one does not" ;;
  esac
done <<<"${INPUT_ARGS:-}"

# The folder is emptied after the job.
script=$(mktemp "${RUNNER_TEMP:?}/retry-script.XXXXXX")
printf '%s\n' "$INPUT_RUN" >"$script"
case ${INPUT_SHELL:-bash} in
bash) command=(bash --noprofile --norc -eo pipefail) ;;
sh) command=(sh -e) ;;
*) command=("$INPUT_SHELL") ;;
esac
exec retry "${options[@]}" -- "${command[@]}" "$script"
