#compdef retry
# Completions of retry for zsh, made by `retry generate zsh`.
# Options end at the command's name: from there on the command completes as itself.

# The first word of each line that the program prints.
_retry_ask() {
  local -a found
  found=(${${(f)"$(_call_program values ${(q)retry_program} "$@" 2>/dev/null </dev/null)"}%% *})
  compadd -a found
}

_retry_policies() { _retry_ask @POLICIES@ }
_retry_profiles() { _retry_ask @PROFILES@ }
_retry_profile_words() {
  compadd @PROFILE_WORDS@
  _retry_profiles
}
_retry_keys() {
  [[ $line[1] == list ]] || _retry_ask state ${opt_args[--state]:+--state ${(q)opt_args[--state]}} list
}

_retry_verbs() {
  local -a verbs
  verbs=(
@VERBS@  )
  _describe -t verbs verb verbs
}

# The options of a verb.
_retry_options() {
  case $1 in
@OPTIONS@  esac
}

_retry_first() {
  _alternative 'verbs:verb:_retry_verbs' 'commands:command:_command_names -e'
}

_retry() {
  local retry_program=$words[1] verb= first='_command_names -e'
  local -a options line
  local -A opt_args
  if (( CURRENT > 2 )) && [[ " @VERB_NAMES@ " == *" $words[2] "* ]]; then
    verb=$words[2]
    shift words
    (( CURRENT-- ))
  elif (( CURRENT == 2 )); then
    first=_retry_first
  fi
  _retry_options "$verb"
  # Behind a -- that ends our options stands the command, as if it stood alone.
  local -i at=2
  while (( at < CURRENT )) && [[ $words[at] == -* ]]; do
    if [[ $words[at] == -- ]]; then
      words=("${(@)words[at+1,-1]}")
      (( CURRENT -= at ))
      _normal
      return
    fi
    [[ -n ${(M)options:#\*${words[at]}[+=]\[*} ]] && (( at++ ))
    (( at++ ))
  done
  case $verb in
  @WRAPPING@)
    _arguments -S $options "(-)1:command:$first" '(-)*::arguments:_normal'
    ;;
  profiles) _arguments -S $options '1:profile:_retry_profiles' ;;
  state) _arguments -S $options '1:action:(@ACTIONS@)' '2:key:_retry_keys' ;;
  *) _arguments -S $options '1: : ' ;;
  esac
}

_retry "$@"
