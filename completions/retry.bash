# Completions of retry for bash, made by `retry generate bash`.
# Options end at the command's name: from there on the command completes as itself.

# Words, separated by blanks, that begin like the current one.
_retry_offer() {
  local IFS=$' \t\n'
  COMPREPLY=($(compgen -W "$1" -- "$cur"))
}

_retry_files() {
  local IFS=$'\n'
  COMPREPLY=($(compgen -f -- "$cur"))
  compopt -o filenames 2>/dev/null
}

# The first word of each line that the program prints.
_retry_ask() {
  "${COMP_WORDS[0]}" "$@" 2>/dev/null </dev/null | while read -r word _; do printf '%s\n' "$word"; done
}

# Sets the options of a verb, those of them whose value is the next word, and those whose value may be.
_retry_options() {
  case $1 in
    '')
      options='-n --max --attempts --deadline --timeout --idle-timeout --progress-timeout --progress-match --signal -k --kill-after -b --backoff -d --delay --max-delay --factor -j --jitter --max-retry-after --reset-after --successes --splay --seed -p --profile --retry-on --permanent-on --success-on --retry-match --permanent-match --throttle-match --success-match --otherwise --non-idempotent -c --shell --stdin --stdin-max --fail-if-flaky --exhausted-code --stdout -O --stderr --chronic --log --log-argv --log-tail --ping --ping-kind --ping-body --ping-timeout --traces --metrics-file --metrics-label --name --label --message-format --messages-to --ci-groups --ci-stop-commands --summary --outputs --color -q --quiet -v --verbose --new-group --on-retry --on-success --on-failure --hook-timeout --hook-tail --fallback --fallback-timeout --dead-letter --dead-letter-env --dead-letter-copy --dead-letter-redact --dead-letter-on --dead-letter-required --dead-letter-warn --key --concurrency --rate --breaker --budget --adaptive --gate-wait --state --on-state-error --retries --no-retry --policy --config --no-config -V --version -h --help'
      valued=' -n --max --attempts --deadline --timeout --idle-timeout --progress-timeout --progress-match --signal -k --kill-after -b --backoff -d --delay --max-delay --factor -j --jitter --max-retry-after --reset-after --successes --splay --seed -p --profile --retry-on --permanent-on --success-on --retry-match --permanent-match --throttle-match --success-match --otherwise --stdin --stdin-max --fail-if-flaky --exhausted-code --stdout --stderr --log --log-tail --ping --ping-kind --ping-timeout --traces --metrics-file --metrics-label --name --label --message-format --messages-to --ci-groups --summary --color --on-retry --on-success --on-failure --hook-timeout --fallback --fallback-timeout --dead-letter --dead-letter-env --dead-letter-copy --dead-letter-redact --dead-letter-on --dead-letter-warn --key --concurrency --rate --breaker --budget --gate-wait --state --on-state-error --retries --policy --config '
      ;;
    'until')
      options='-n --max --attempts --deadline --for --timeout --idle-timeout --progress-timeout --progress-match --signal -k --kill-after -b --backoff -d --delay --max-delay --factor -j --jitter --max-retry-after --reset-after --successes --splay --seed -p --profile --retry-on --permanent-on --success-on --retry-match --permanent-match --throttle-match --success-match --otherwise --non-idempotent -c --shell --stdin --stdin-max --fail-if-flaky --exhausted-code --stdout -O --stderr --chronic --log --log-argv --log-tail --ping --ping-kind --ping-body --ping-timeout --traces --metrics-file --metrics-label --name --label --message-format --messages-to --ci-groups --ci-stop-commands --summary --outputs --color -q --quiet -v --verbose --new-group --on-retry --on-success --on-failure --hook-timeout --hook-tail --fallback --fallback-timeout --dead-letter --dead-letter-env --dead-letter-copy --dead-letter-redact --dead-letter-on --dead-letter-required --dead-letter-warn --key --concurrency --rate --breaker --budget --adaptive --gate-wait --state --on-state-error --retries --no-retry --policy --config --no-config -h --help'
      valued=' -n --max --attempts --deadline --for --timeout --idle-timeout --progress-timeout --progress-match --signal -k --kill-after -b --backoff -d --delay --max-delay --factor -j --jitter --max-retry-after --reset-after --successes --splay --seed -p --profile --retry-on --permanent-on --success-on --retry-match --permanent-match --throttle-match --success-match --otherwise --stdin --stdin-max --fail-if-flaky --exhausted-code --stdout --stderr --log --log-tail --ping --ping-kind --ping-timeout --traces --metrics-file --metrics-label --name --label --message-format --messages-to --ci-groups --summary --color --on-retry --on-success --on-failure --hook-timeout --fallback --fallback-timeout --dead-letter --dead-letter-env --dead-letter-copy --dead-letter-redact --dead-letter-on --dead-letter-warn --key --concurrency --rate --breaker --budget --gate-wait --state --on-state-error --retries --policy --config '
      ;;
    'wait')
      options='-n --max --attempts --deadline --timeout --idle-timeout --progress-timeout --progress-match --signal -k --kill-after -b --backoff -d --delay --max-delay --factor -j --jitter --max-retry-after --reset-after --successes --splay --seed -q --quiet -v --verbose --retries --no-retry --policy --config --no-config -h --help'
      valued=' -n --max --attempts --deadline --timeout --idle-timeout --progress-timeout --progress-match --signal -k --kill-after -b --backoff -d --delay --max-delay --factor -j --jitter --max-retry-after --reset-after --successes --splay --seed --retries --policy --config '
      ;;
    'explain')
      options='--format --full --simulate --all -n --max --attempts --deadline --timeout --idle-timeout --progress-timeout --progress-match --signal -k --kill-after -b --backoff -d --delay --max-delay --factor -j --jitter --max-retry-after --reset-after --successes --splay --seed -p --profile --retry-on --permanent-on --success-on --retry-match --permanent-match --throttle-match --success-match --otherwise --non-idempotent -c --shell --stdin --stdin-max --fail-if-flaky --exhausted-code --stdout -O --stderr --chronic --log --log-argv --log-tail --ping --ping-kind --ping-body --ping-timeout --traces --metrics-file --metrics-label --name --label --message-format --messages-to --ci-groups --ci-stop-commands --summary --outputs --color -q --quiet -v --verbose --new-group --on-retry --on-success --on-failure --hook-timeout --hook-tail --fallback --fallback-timeout --dead-letter --dead-letter-env --dead-letter-copy --dead-letter-redact --dead-letter-on --dead-letter-required --dead-letter-warn --key --concurrency --rate --breaker --budget --adaptive --gate-wait --state --on-state-error --retries --no-retry --policy --config --no-config -h --help'
      valued=' --format --simulate -n --max --attempts --deadline --timeout --idle-timeout --progress-timeout --progress-match --signal -k --kill-after -b --backoff -d --delay --max-delay --factor -j --jitter --max-retry-after --reset-after --successes --splay --seed -p --profile --retry-on --permanent-on --success-on --retry-match --permanent-match --throttle-match --success-match --otherwise --stdin --stdin-max --fail-if-flaky --exhausted-code --stdout --stderr --log --log-tail --ping --ping-kind --ping-timeout --traces --metrics-file --metrics-label --name --label --message-format --messages-to --ci-groups --summary --color --on-retry --on-success --on-failure --hook-timeout --fallback --fallback-timeout --dead-letter --dead-letter-env --dead-letter-copy --dead-letter-redact --dead-letter-on --dead-letter-warn --key --concurrency --rate --breaker --budget --gate-wait --state --on-state-error --retries --policy --config '
      ;;
    'classify')
      options='--exit --killed-by --timed-out --stderr-file --stdout-file --now --batch --format -p --profile --retry-on --permanent-on --success-on --retry-match --permanent-match --throttle-match --success-match --otherwise --non-idempotent -c --shell --policy --config --no-config -h --help'
      valued=' --exit --killed-by --stderr-file --stdout-file --now --batch --format -p --profile --retry-on --permanent-on --success-on --retry-match --permanent-match --throttle-match --success-match --otherwise --policy --config '
      ;;
    'profiles')
      options='--format --config --no-config -h --help'
      valued=' --format --config '
      ;;
    'state')
      options='--format --for --concurrency --rate --breaker --budget --adaptive --gate-wait --state --policy --config --no-config -h --help'
      valued=' --format --for --concurrency --rate --breaker --budget --gate-wait --state --policy --config '
      ;;
    'replay')
      options='--jobs --give-up-after --rate --keep --list --format --show --sh --dry-run --verify --force --ignore-settings --env-from -n --max --attempts --deadline --timeout --idle-timeout --progress-timeout --progress-match --signal -k --kill-after -b --backoff -d --delay --max-delay --factor -j --jitter --max-retry-after --reset-after --successes --splay --seed -p --profile --retry-on --permanent-on --success-on --retry-match --permanent-match --throttle-match --success-match --otherwise --non-idempotent --fail-if-flaky --exhausted-code --stdout -O --stderr --chronic --log --log-argv --log-tail --ping --ping-kind --ping-body --ping-timeout --traces --metrics-file --metrics-label --name --label --message-format --messages-to --ci-groups --ci-stop-commands --summary --outputs --color -q --quiet -v --verbose --new-group --on-retry --on-success --on-failure --hook-timeout --hook-tail --fallback --fallback-timeout --key --concurrency --breaker --budget --adaptive --gate-wait --state --on-state-error --retries --no-retry --policy --config --no-config -h --help'
      valued=' --jobs --give-up-after --rate --keep --format --env-from -n --max --attempts --deadline --timeout --idle-timeout --progress-timeout --progress-match --signal -k --kill-after -b --backoff -d --delay --max-delay --factor -j --jitter --max-retry-after --reset-after --successes --splay --seed -p --profile --retry-on --permanent-on --success-on --retry-match --permanent-match --throttle-match --success-match --otherwise --fail-if-flaky --exhausted-code --stdout --stderr --log --log-tail --ping --ping-kind --ping-timeout --traces --metrics-file --metrics-label --name --label --message-format --messages-to --ci-groups --summary --color --on-retry --on-success --on-failure --hook-timeout --fallback --fallback-timeout --key --concurrency --breaker --budget --gate-wait --state --on-state-error --retries --policy --config '
      ;;
    'report')
      options='--format -o --output --top --since --until --name --key --label --host --outcome --what-if --run --max-rescued --max-failed --max-unfinished --draft-rules --rejudge --junit-flaky --checkpoint --color --rotated -p --profile --retry-on --permanent-on --success-on --retry-match --permanent-match --throttle-match --success-match --otherwise --non-idempotent --policy --config --no-config -h --help'
      valued=' --format -o --output --top --since --until --name --key --label --host --outcome --what-if --run --max-rescued --max-failed --max-unfinished --junit-flaky --checkpoint --color -p --profile --retry-on --permanent-on --success-on --retry-match --permanent-match --throttle-match --success-match --otherwise --policy --config '
      ;;
    'simulate')
      options='--model --clients --arrive --loop --capacity --workers --service --queue --queue-order --latency --outage --overload --cancel --failure --load --from-log --warm-up --for --horizon --shared --hint --compare --sweep --find --lost --runs --threads --format --timeline -n --max --attempts --deadline --timeout -b --backoff -d --delay --max-delay --factor -j --jitter --max-retry-after --reset-after --successes --splay --seed --key --concurrency --rate --breaker --budget --adaptive --gate-wait --retries --no-retry --policy --config --no-config -h --help'
      valued=' --model --clients --arrive --loop --capacity --workers --service --queue --queue-order --latency --outage --overload --cancel --failure --load --from-log --warm-up --for --horizon --hint --compare --sweep --find --lost --runs --threads --format -n --max --attempts --deadline --timeout -b --backoff -d --delay --max-delay --factor -j --jitter --max-retry-after --reset-after --successes --splay --seed --key --concurrency --rate --breaker --budget --gate-wait --retries --policy --config '
      optional=' --shared '
      ;;
  esac
}

_retry_value() {
  case "$verb $1" in
    *" -b" | *" --backoff") _retry_offer 'fixed constant linear exponential exp fibonacci fib decorrelated' ;;
    *" -j" | *" --jitter") _retry_offer 'none full equal additive' ;;
    *" -p" | *" --profile") _retry_offer "auto none $(_retry_ask profiles)" ;;
    *" --otherwise") _retry_offer 'retry stop' ;;
    *" --stdin") _retry_offer 'auto inherit replay null' ;;
    *" --stdout") _retry_offer 'stream success null' ;;
    *" --stderr") _retry_offer 'stream last null' ;;
    *" --log") _retry_files ;;
    *" --ping-kind") _retry_offer 'auto healthchecks sentry cronitor' ;;
    *" --traces") _retry_offer 'auto off' ;;
    *" --message-format") _retry_offer 'auto text json github gitlab buildkite teamcity azure' ;;
    *" --ci-groups") _retry_offer 'auto always never' ;;
    *" --summary") _retry_offer 'auto always never' ;;
    *" --color") _retry_offer 'auto always never' ;;
    *" --dead-letter") _retry_files ;;
    *" --on-state-error") _retry_offer 'proceed fail' ;;
    *" --policy") _retry_offer "$(_retry_ask explain --all)" ;;
    *" --config") _retry_files ;;
    "explain --format") _retry_offer 'text json delays' ;;
    *" --stderr-file") _retry_files ;;
    *" --stdout-file") _retry_files ;;
    *" --batch") _retry_files ;;
    "classify --format") _retry_offer 'text json' ;;
    "profiles --format") _retry_offer 'text json' ;;
    "state --format") _retry_offer 'text json' ;;
    *" --keep") _retry_files ;;
    "replay --format") _retry_offer 'text json' ;;
    *" --env-from") _retry_offer 'letter now' ;;
    "report --format") _retry_offer 'text json markdown html junit prometheus trace' ;;
    *" -o" | *" --output") _retry_files ;;
    *" --checkpoint") _retry_files ;;
    *" --model") _retry_offer 'server occ failures collapse' ;;
    *" --queue-order") _retry_offer 'fifo lifo' ;;
    *" --cancel") _retry_offer 'on off' ;;
    *" --load") _retry_offer 'spike ramp' ;;
    *" --from-log") _retry_files ;;
    *" --shared") _retry_offer 'all off' ;;
    *" --hint") _retry_offer 'on off shared' ;;
    *" --find") _retry_offer 'capacity clients outage delay budget' ;;
    "simulate --format") _retry_offer 'text json csv html' ;;
  esac
}

# Completes the command that begins at this word.
_retry_command() {
  if declare -F _comp_command_offset >/dev/null; then
    _comp_command_offset "$1"
  elif declare -F _command_offset >/dev/null; then
    _command_offset "$1"
  elif (($1 == COMP_CWORD)); then
    local IFS=$'\n'
    COMPREPLY=($(compgen -c -- "$cur"))
  else
    _retry_files
  fi
}

_retry() {
  local cur=${COMP_WORDS[COMP_CWORD]} verb='' options valued optional='' word want='' i=1 at='' state=()
  local args=()
  COMPREPLY=()
  if ((COMP_CWORD > 1)); then
    case " until wait explain classify profiles state replay report simulate " in
    *" ${COMP_WORDS[1]} "*) verb=${COMP_WORDS[1]} i=2 ;;
    esac
  fi
  _retry_options "$verb"
  while ((i < COMP_CWORD)); do
    word=${COMP_WORDS[i]}
    if [[ $word == -- ]]; then
      at=$((i + 1))
      break
    elif [[ $word == -* && ${COMP_WORDS[i + 1]} == = ]]; then
      # bash parts words at =
      if ((i + 1 == COMP_CWORD)); then
        want=$word cur=''
        break
      elif ((i + 2 == COMP_CWORD)); then
        want=$word
        break
      fi
      [[ $word == --state ]] && state=(--state "${COMP_WORDS[i + 2]}")
      ((i += 3))
    elif [[ $word == -* && $valued == *" $word "* ]] ||
      [[ $word == -* && $optional == *" $word "* && ${COMP_WORDS[i + 1]} != -* ]]; then
      if ((i + 1 == COMP_CWORD)); then
        want=$word
        break
      fi
      [[ $word == --state ]] && state=(--state "${COMP_WORDS[i + 1]}")
      ((i += 2))
    elif [[ $word == -* ]]; then
      ((i += 1))
    else
      case $verb in
      '' | 'until' | 'explain' | 'classify')
        at=$i
        break
        ;;
      esac
      args+=("$word")
      ((i += 1))
    fi
  done

  if [[ -n $want ]]; then
    _retry_value "$want"
  elif [[ -n $at ]]; then
    _retry_command "$at"
  elif [[ $cur == -* ]]; then
    _retry_offer "$options"
  else
    case $verb in
    profiles) ((${#args[@]} == 0)) && _retry_offer "$(_retry_ask profiles)" ;;
    state)
      if ((${#args[@]} == 0)); then
        _retry_offer 'list show check close wait reset'
      elif ((${#args[@]} == 1)) && [[ ${args[0]} != list ]]; then
        _retry_offer "$(_retry_ask state "${state[@]}" list)"
      fi
      ;;
    '' | 'until' | 'explain' | 'classify')
      _retry_command "$COMP_CWORD"
      if ((COMP_CWORD == 1)); then
        local IFS=$' \t\n'
        COMPREPLY+=($(compgen -W 'until wait explain classify profiles state replay report simulate' -- "$cur"))
      fi
      ;;
    esac
  fi
}

complete -F _retry retry
