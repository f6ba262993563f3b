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
@OPTIONS@  esac
}

_retry_value() {
  case "$verb $1" in
@VALUES@  esac
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
    case " @VERBS@ " in
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
      @WRAPPING@)
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
    profiles) ((${#args[@]} == 0)) && _retry_offer "$(_retry_ask @PROFILES@)" ;;
    state)
      if ((${#args[@]} == 0)); then
        _retry_offer '@ACTIONS@'
      elif ((${#args[@]} == 1)) && [[ ${args[0]} != list ]]; then
        _retry_offer "$(_retry_ask state "${state[@]}" list)"
      fi
      ;;
    @WRAPPING@)
      _retry_command "$COMP_CWORD"
      if ((COMP_CWORD == 1)); then
        local IFS=$' \t\n'
        COMPREPLY+=($(compgen -W '@VERBS@' -- "$cur"))
      fi
      ;;
    esac
  fi
}

complete -F _retry retry
