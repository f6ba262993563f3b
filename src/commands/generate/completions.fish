# Completions of retry for fish, made by `retry generate fish`.
# Options end at the command's name: from there on the command completes as itself.

# The options of a verb whose value is the next word.
function __retry_valued
    switch "$argv[1]"
@VALUED@    end
end

# Reads the words before the cursor: the verb, what follows it, and whether a command has begun.
function __retry_scan
    set -l tokens (commandline -opc)
    set -e tokens[1]
    set -g __retry_verb ''
    set -g __retry_args
    set -g __retry_state
    set -g __retry_where options
    if contains -- "$tokens[1]" @VERBS@
        set __retry_verb $tokens[1]
        set -e tokens[1]
    end
    set -l valued (__retry_valued "$__retry_verb")
    while set -q tokens[1]
        set -l token $tokens[1]
        set -e tokens[1]
        switch $token
            case --
                set __retry_where command
                return
            case '--state=*'
                set __retry_state $token
            case '-*'
                if contains -- $token $valued
                    if not set -q tokens[1]
                        set __retry_where value
                        return
                    end
                    test $token = --state; and set __retry_state --state $tokens[1]
                    set -e tokens[1]
                end
            case '*'
                if contains -- "$__retry_verb" @WRAPPING@
                    set __retry_where command
                    return
                end
                set -a __retry_args $token
        end
    end
end

# May an option of this verb, or its value, stand here?
function __retry_has
    __retry_scan
    test "$__retry_verb" = "$argv[1]"; and test $__retry_where != command
end

# Is the word before the cursor one of these options of this verb?
function __retry_follows
    __retry_has $argv[1]; and contains -- (commandline -opc)[-1] $argv[2..]
end

function __retry_is_first
    test (count (commandline -opc)) -eq 1
end

function __retry_wraps
    __retry_scan
    contains -- "$__retry_verb" @WRAPPING@; and test $__retry_where != value
end

# The wrapped command's own completions, or the names of commands.
function __retry_subcommand
    __retry_scan
    set -l skip 1
    test -n "$__retry_verb"; and set skip 2
    __fish_complete_subcommand --fcs-skip=$skip (__retry_valued "$__retry_verb")
end

# Is the next word of this verb the one behind so many others?
function __retry_takes
    __retry_scan
    test "$__retry_verb" = $argv[1]; and test $__retry_where = options; and test (count $__retry_args) -eq $argv[2]
end

function __retry_takes_key
    __retry_takes state 1; and contains -- $__retry_args[1] @KEYED@
end

# The first word of each line that the program prints.
function __retry_ask
    set -l program (commandline -opc)[1]
    $program $argv 2>/dev/null </dev/null | string replace -r '\s.*' ''
end

complete -c retry -f
complete -c retry -n __retry_wraps -xa '(__retry_subcommand)'
complete -c retry -n '__retry_takes profiles 0' -xa '(__retry_ask @PROFILES@)'
complete -c retry -n '__retry_takes state 0' -xa '@ACTIONS@'
complete -c retry -n __retry_takes_key -xa '(__retry_ask state $__retry_state list)'
@OFFERED@@OPTIONS@
