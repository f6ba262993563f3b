# Completions of retry for fish, made by `retry generate fish`.
# Options end at the command's name: from there on the command completes as itself.

# The options of a verb whose value is the next word.
function __retry_valued
    switch "$argv[1]"
        case ''
            printf '%s\n' -n --max --attempts --deadline --timeout --idle-timeout --progress-timeout --progress-match --signal -k --kill-after -b --backoff -d --delay --max-delay --factor -j --jitter --max-retry-after --reset-after --successes --splay --seed -p --profile --retry-on --permanent-on --success-on --retry-match --permanent-match --throttle-match --success-match --otherwise --stdin --stdin-max --fail-if-flaky --exhausted-code --stdout --stderr --log --log-tail --name --label --message-format --color --key --concurrency --rate --breaker --budget --gate-wait --state --on-state-error --retries --policy --config
        case 'until'
            printf '%s\n' -n --max --attempts --deadline --for --timeout --idle-timeout --progress-timeout --progress-match --signal -k --kill-after -b --backoff -d --delay --max-delay --factor -j --jitter --max-retry-after --reset-after --successes --splay --seed -p --profile --retry-on --permanent-on --success-on --retry-match --permanent-match --throttle-match --success-match --otherwise --stdin --stdin-max --fail-if-flaky --exhausted-code --stdout --stderr --log --log-tail --name --label --message-format --color --key --concurrency --rate --breaker --budget --gate-wait --state --on-state-error --retries --policy --config
        case 'wait'
            printf '%s\n' -n --max --attempts --deadline --timeout --idle-timeout --progress-timeout --progress-match --signal -k --kill-after -b --backoff -d --delay --max-delay --factor -j --jitter --max-retry-after --reset-after --successes --splay --seed --retries --policy --config
        case 'explain'
            printf '%s\n' --format --simulate -n --max --attempts --deadline --timeout --idle-timeout --progress-timeout --progress-match --signal -k --kill-after -b --backoff -d --delay --max-delay --factor -j --jitter --max-retry-after --reset-after --successes --splay --seed -p --profile --retry-on --permanent-on --success-on --retry-match --permanent-match --throttle-match --success-match --otherwise --stdin --stdin-max --fail-if-flaky --exhausted-code --stdout --stderr --log --log-tail --name --label --message-format --color --key --concurrency --rate --breaker --budget --gate-wait --state --on-state-error --retries --policy --config
        case 'classify'
            printf '%s\n' --exit --killed-by --stderr-file --stdout-file --now --batch --format -p --profile --retry-on --permanent-on --success-on --retry-match --permanent-match --throttle-match --success-match --otherwise --policy --config
        case 'profiles'
            printf '%s\n' --format --config
        case 'state'
            printf '%s\n' --format --for --concurrency --rate --breaker --budget --gate-wait --state --policy --config
        case 'report'
            printf '%s\n' --format -o --output --top --since --until --name --key --label --host --outcome --what-if --run --max-rescued --max-failed --junit-flaky -p --profile --retry-on --permanent-on --success-on --retry-match --permanent-match --throttle-match --success-match --otherwise --policy --config
        case 'simulate'
            printf '%s\n' --model --clients --arrive --loop --capacity --workers --service --queue --queue-order --latency --outage --overload --cancel --failure --load --warm-up --for --horizon --shared --hint --compare --sweep --find --lost --runs --threads --format -n --max --attempts --deadline --timeout -b --backoff -d --delay --max-delay --factor -j --jitter --max-retry-after --reset-after --successes --splay --seed --key --concurrency --rate --breaker --budget --gate-wait --retries --policy --config
    end
end

# Reads the words before the cursor: the verb, what follows it, and whether a command has begun.
function __retry_scan
    set -l tokens (commandline -opc)
    set -e tokens[1]
    set -g __retry_verb ''
    set -g __retry_args
    set -g __retry_state
    set -g __retry_where options
    if contains -- "$tokens[1]" until wait explain classify profiles state report simulate
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
                if contains -- "$__retry_verb" '' 'until' 'explain' 'classify'
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

function __retry_is_first
    test (count (commandline -opc)) -eq 1
end

function __retry_wraps
    __retry_scan
    contains -- "$__retry_verb" '' 'until' 'explain' 'classify'; and test $__retry_where != value
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
    __retry_takes state 1; and contains -- $__retry_args[1] show check close wait reset
end

# The first word of each line that the program prints.
function __retry_ask
    set -l program (commandline -opc)[1]
    $program $argv 2>/dev/null </dev/null | string replace -r '\s.*' ''
end

complete -c retry -f
complete -c retry -n __retry_wraps -xa '(__retry_subcommand)'
complete -c retry -n '__retry_takes profiles 0' -xa '(__retry_ask profiles)'
complete -c retry -n '__retry_takes state 0' -xa 'list show check close wait reset'
complete -c retry -n __retry_takes_key -xa '(__retry_ask state $__retry_state list)'
complete -c retry -n __retry_is_first -a until -d 'Run a command until it works: any failure is retried, every second, for up to five minutes'
complete -c retry -n __retry_is_first -a wait -d 'Wait as long as the policy would before retry N; exit 1 at once when no attempt is left'
complete -c retry -n __retry_is_first -a explain -d 'Show the resolved policy: values that are not defaults, where each came from, and the waits'
complete -c retry -n __retry_is_first -a classify -d 'Show how a result would be classified, and by which rule'
complete -c retry -n __retry_is_first -a profiles -d 'Show tool profiles: all of them, or the rules of one in their order'
complete -c retry -n __retry_is_first -a state -d 'Show and change the shared state of a key: what holds attempts back'
complete -c retry -n __retry_is_first -a report -d 'Show what logs say: what was rescued, what it cost, whether retrying helped, what other settings would do'
complete -c retry -n __retry_is_first -a simulate -d 'Show what many clients under this policy do to a server, in virtual time'
complete -c retry -n '__retry_has ""' -s n -l max -l attempts -x -d 'Maximum number of attempts, including the first (inf = unlimited) [default: 3]'
complete -c retry -n '__retry_has ""' -l deadline -x -d 'Total time limit (attempts and waits)'
complete -c retry -n '__retry_has ""' -l timeout -x -d 'Time limit per attempt'
complete -c retry -n '__retry_has ""' -l idle-timeout -x -d 'Stop an attempt that produces no output for this long'
complete -c retry -n '__retry_has ""' -l progress-timeout -x -d 'Give up if no progress is seen for this long'
complete -c retry -n '__retry_has ""' -l progress-match -x -d 'Regex that marks progress; repeatable'
complete -c retry -n '__retry_has ""' -l signal -x -d 'Signal sent first when an attempt times out [default: TERM]'
complete -c retry -n '__retry_has ""' -s k -l kill-after -x -d 'Grace period before SIGKILL [default: 10s]'
complete -c retry -n '__retry_has ""' -s b -l backoff -xa 'fixed constant linear exponential exp fibonacci fib decorrelated' -d 'How the wait grows: fixed, linear, exponential, fibonacci, decorrelated, or a list 1s,2s,4s [default: exponential]'
complete -c retry -n '__retry_has ""' -s d -l delay -x -d 'Initial delay [default: 1s]'
complete -c retry -n '__retry_has ""' -l max-delay -x -d 'Upper bound for the delay, jitter included'
complete -c retry -n '__retry_has ""' -l factor -x -d 'Growth per retry of the exponential backoff, 1 or more [default: 2]'
complete -c retry -n '__retry_has ""' -s j -l jitter -xa 'none full equal additive' -d 'Randomisation of the delay: none, full, equal, additive, ±25%, or 0.5..1.5 [default: equal]'
complete -c retry -n '__retry_has ""' -l max-retry-after -x -d 'Longest wait that a server may ask for; give up if it asks for more [default: 5m]'
complete -c retry -n '__retry_has ""' -l reset-after -x -d 'Restart the backoff after an attempt that ran at least this long'
complete -c retry -n '__retry_has ""' -l successes -x -d 'Number of successes in a row that are needed [default: 1]'
complete -c retry -n '__retry_has ""' -l splay -x -d 'A random wait of at most this long before the first attempt'
complete -c retry -n '__retry_has ""' -l seed -x -d 'Seed for the random delays'
complete -c retry -n '__retry_has ""' -s p -l profile -xa 'auto none (__retry_ask profiles)' -d 'Error-knowledge profile: auto, none, generic, or a tool name; repeatable [default: auto]'
complete -c retry -n '__retry_has ""' -l retry-on -x -d 'Retry only on these exit codes/signals: 1, 5-9, SIGKILL, signal, timeout, not-found, !2'
complete -c retry -n '__retry_has ""' -l permanent-on -x -d 'Never retry on these exit codes/signals (overrides --retry-on)'
complete -c retry -n '__retry_has ""' -l success-on -x -d 'Exit codes that count as success; the code itself is still passed on [default: 0]'
complete -c retry -n '__retry_has ""' -l retry-match -x -d 'Retry if a stderr line matches (repeatable; stdout:RE, both:RE)'
complete -c retry -n '__retry_has ""' -l permanent-match -x -d 'Regex that means another attempt is pointless; repeatable'
complete -c retry -n '__retry_has ""' -l throttle-match -x -d 'Regex that means rate-limited; repeatable'
complete -c retry -n '__retry_has ""' -l success-match -x -d 'Regex that must appear for success, on stdout or stderr; repeatable'
complete -c retry -n '__retry_has ""' -l otherwise -xa 'retry stop' -d 'What to do when no rule matches: retry or stop'
complete -c retry -n '__retry_has ""' -l non-idempotent -d 'Retry only failures where the request cannot have taken effect'
complete -c retry -n '__retry_has ""' -s c -l shell -d 'COMMAND is one string for sh -c, or for another shell; remaining arguments become $1, $2, …'
complete -c retry -n '__retry_has ""' -l stdin -xa 'auto inherit replay null' -d 'What the command reads: auto, inherit, replay or null [default: auto]'
complete -c retry -n '__retry_has ""' -l stdin-max -x -d 'Max stdin kept for replay; no retry beyond that [default: 1GiB]'
complete -c retry -n '__retry_has ""' -l fail-if-flaky -x -d 'Exit with this code if the command succeeded only after a retry'
complete -c retry -n '__retry_has ""' -l exhausted-code -x -d 'Exit with this status when the attempts ran out'
complete -c retry -n '__retry_has ""' -l stdout -xa 'stream success null' -d 'What becomes of the command\'s stdout: stream, success or null [default: stream]'
complete -c retry -n '__retry_has ""' -s O -d 'Only the successful attempt\'s stdout: the same as --stdout success'
complete -c retry -n '__retry_has ""' -l stderr -xa 'stream last null' -d 'What becomes of the command\'s stderr: stream, last or null [default: stream]'
complete -c retry -n '__retry_has ""' -l chronic -d 'Print nothing unless the run finally fails, then the output of all attempts'
complete -c retry -n '__retry_has ""' -l log -rF -d 'Append a JSON line for each event; - is stderr'
complete -c retry -n '__retry_has ""' -l log-argv -d 'Put the whole command line into the log'
complete -c retry -n '__retry_has ""' -l log-tail -x -d 'How much of the end of each captured stream the log shows of a failed attempt: 4k, 1MiB [default: 0]'
complete -c retry -n '__retry_has ""' -l name -x -d 'The operation\'s name in messages and the log [default: the program\'s]'
complete -c retry -n '__retry_has ""' -l label -x -d 'A free label for the log; repeatable'
complete -c retry -n '__retry_has ""' -l message-format -xa 'text json' -d 'How messages are written: text or json, an object a line [default: text]'
complete -c retry -n '__retry_has ""' -l color -xa 'auto always never' -d 'When messages are coloured: auto, always or never [default: auto]'
complete -c retry -n '__retry_has ""' -s q -l quiet -d 'Suppress messages'
complete -c retry -n '__retry_has ""' -s v -l verbose -d 'More messages (-vv for every step)'
complete -c retry -n '__retry_has ""' -l new-group -d 'Give the command a process group of its own'
complete -c retry -n '__retry_has ""' -l key -x -d 'Name for limits shared by all processes using the same --state'
complete -c retry -n '__retry_has ""' -l concurrency -x -d 'Attempts of this key that may run at the same time'
complete -c retry -n '__retry_has ""' -l rate -x -d 'Attempts of this key per time: 100/1m lets 100 start at once, and 100 in every further minute'
complete -c retry -n '__retry_has ""' -l breaker -x -d 'A circuit breaker: 5/30s opens after 5 failures in a row for 30s, then tries one attempt at a time'
complete -c retry -n '__retry_has ""' -l budget -x -d 'Retries, as a share of the first attempts: 20% or 0.2'
complete -c retry -n '__retry_has ""' -l adaptive -d 'Hold attempts back as the success rate falls'
complete -c retry -n '__retry_has ""' -l gate-wait -x -d 'How long to wait for a limit to allow the attempt (0 = don\'t wait) [default: the deadline]'
complete -c retry -n '__retry_has ""' -l state -x -d 'Where shared state is kept: a directory, or redis://, rediss:// or redis+unix:// for many hosts'
complete -c retry -n '__retry_has ""' -l on-state-error -xa 'proceed fail' -d 'If shared state is unreachable: proceed without limits, or fail with exit 75 [default: proceed]'
complete -c retry -n '__retry_has ""' -l retries -x -d 'The same as --max N+1'
complete -c retry -n '__retry_has ""' -l no-retry -d 'Run once without retrying'
complete -c retry -n '__retry_has ""' -l policy -xa '(__retry_ask explain --all)' -d 'Use this named policy'
complete -c retry -n '__retry_has ""' -l config -rF -d 'Also read this config file'
complete -c retry -n '__retry_has ""' -l no-config -d 'Read no configuration file'
complete -c retry -n '__retry_has ""' -s V -l version -d 'Print the version'
complete -c retry -n '__retry_has ""' -s h -l help -d 'Print help (-h: summary, --help: all options)'
complete -c retry -n '__retry_has "until"' -s n -l max -l attempts -x -d 'Maximum number of attempts, including the first (inf = unlimited) [default: inf]'
complete -c retry -n '__retry_has "until"' -l deadline -x -d 'Total time limit (attempts and waits) [default: 5m]'
complete -c retry -n '__retry_has "until"' -l for -x -d 'Total time limit; the same as --deadline [default: 5m]'
complete -c retry -n '__retry_has "until"' -l timeout -x -d 'Time limit per attempt'
complete -c retry -n '__retry_has "until"' -l idle-timeout -x -d 'Stop an attempt that produces no output for this long'
complete -c retry -n '__retry_has "until"' -l progress-timeout -x -d 'Give up if no progress is seen for this long'
complete -c retry -n '__retry_has "until"' -l progress-match -x -d 'Regex that marks progress; repeatable'
complete -c retry -n '__retry_has "until"' -l signal -x -d 'Signal sent first when an attempt times out [default: TERM]'
complete -c retry -n '__retry_has "until"' -s k -l kill-after -x -d 'Grace period before SIGKILL [default: 10s]'
complete -c retry -n '__retry_has "until"' -s b -l backoff -xa 'fixed constant linear exponential exp fibonacci fib decorrelated' -d 'How the wait grows: fixed, linear, exponential, fibonacci, decorrelated, or a list 1s,2s,4s [default: fixed]'
complete -c retry -n '__retry_has "until"' -s d -l delay -x -d 'Initial delay [default: 1s]'
complete -c retry -n '__retry_has "until"' -l max-delay -x -d 'Upper bound for the delay, jitter included'
complete -c retry -n '__retry_has "until"' -l factor -x -d 'Growth per retry of the exponential backoff, 1 or more [default: 2]'
complete -c retry -n '__retry_has "until"' -s j -l jitter -xa 'none full equal additive' -d 'Randomisation of the delay: none, full, equal, additive, ±25%, or 0.5..1.5 [default: 10%]'
complete -c retry -n '__retry_has "until"' -l max-retry-after -x -d 'Longest wait that a server may ask for; give up if it asks for more [default: 5m]'
complete -c retry -n '__retry_has "until"' -l reset-after -x -d 'Restart the backoff after an attempt that ran at least this long'
complete -c retry -n '__retry_has "until"' -l successes -x -d 'Number of successes in a row that are needed [default: 1]'
complete -c retry -n '__retry_has "until"' -l splay -x -d 'A random wait of at most this long before the first attempt'
complete -c retry -n '__retry_has "until"' -l seed -x -d 'Seed for the random delays'
complete -c retry -n '__retry_has "until"' -s p -l profile -xa 'auto none (__retry_ask profiles)' -d 'Error-knowledge profile: auto, none, generic, or a tool name; repeatable [default: none]'
complete -c retry -n '__retry_has "until"' -l retry-on -x -d 'Retry only on these exit codes/signals: 1, 5-9, SIGKILL, signal, timeout, not-found, !2 [default: not-found,not-executable]'
complete -c retry -n '__retry_has "until"' -l permanent-on -x -d 'Never retry on these exit codes/signals (overrides --retry-on)'
complete -c retry -n '__retry_has "until"' -l success-on -x -d 'Exit codes that count as success; the code itself is still passed on [default: 0]'
complete -c retry -n '__retry_has "until"' -l retry-match -x -d 'Retry if a stderr line matches (repeatable; stdout:RE, both:RE)'
complete -c retry -n '__retry_has "until"' -l permanent-match -x -d 'Regex that means another attempt is pointless; repeatable'
complete -c retry -n '__retry_has "until"' -l throttle-match -x -d 'Regex that means rate-limited; repeatable'
complete -c retry -n '__retry_has "until"' -l success-match -x -d 'Regex that must appear for success, on stdout or stderr; repeatable'
complete -c retry -n '__retry_has "until"' -l otherwise -xa 'retry stop' -d 'What to do when no rule matches: retry or stop [default: retry]'
complete -c retry -n '__retry_has "until"' -l non-idempotent -d 'Retry only failures where the request cannot have taken effect'
complete -c retry -n '__retry_has "until"' -s c -l shell -d 'COMMAND is one string for sh -c, or for another shell; remaining arguments become $1, $2, …'
complete -c retry -n '__retry_has "until"' -l stdin -xa 'auto inherit replay null' -d 'What the command reads: auto, inherit, replay or null [default: auto]'
complete -c retry -n '__retry_has "until"' -l stdin-max -x -d 'Max stdin kept for replay; no retry beyond that [default: 1GiB]'
complete -c retry -n '__retry_has "until"' -l fail-if-flaky -x -d 'Exit with this code if the command succeeded only after a retry'
complete -c retry -n '__retry_has "until"' -l exhausted-code -x -d 'Exit with this status when the attempts ran out'
complete -c retry -n '__retry_has "until"' -l stdout -xa 'stream success null' -d 'What becomes of the command\'s stdout: stream, success or null [default: stream]'
complete -c retry -n '__retry_has "until"' -s O -d 'Only the successful attempt\'s stdout: the same as --stdout success'
complete -c retry -n '__retry_has "until"' -l stderr -xa 'stream last null' -d 'What becomes of the command\'s stderr: stream, last or null [default: stream]'
complete -c retry -n '__retry_has "until"' -l chronic -d 'Print nothing unless the run finally fails, then the output of all attempts'
complete -c retry -n '__retry_has "until"' -l log -rF -d 'Append a JSON line for each event; - is stderr'
complete -c retry -n '__retry_has "until"' -l log-argv -d 'Put the whole command line into the log'
complete -c retry -n '__retry_has "until"' -l log-tail -x -d 'How much of the end of each captured stream the log shows of a failed attempt: 4k, 1MiB [default: 0]'
complete -c retry -n '__retry_has "until"' -l name -x -d 'The operation\'s name in messages and the log [default: the program\'s]'
complete -c retry -n '__retry_has "until"' -l label -x -d 'A free label for the log; repeatable'
complete -c retry -n '__retry_has "until"' -l message-format -xa 'text json' -d 'How messages are written: text or json, an object a line [default: text]'
complete -c retry -n '__retry_has "until"' -l color -xa 'auto always never' -d 'When messages are coloured: auto, always or never [default: auto]'
complete -c retry -n '__retry_has "until"' -s q -l quiet -d 'Suppress messages'
complete -c retry -n '__retry_has "until"' -s v -l verbose -d 'More messages (-vv for every step)'
complete -c retry -n '__retry_has "until"' -l new-group -d 'Give the command a process group of its own'
complete -c retry -n '__retry_has "until"' -l key -x -d 'Name for limits shared by all processes using the same --state'
complete -c retry -n '__retry_has "until"' -l concurrency -x -d 'Attempts of this key that may run at the same time'
complete -c retry -n '__retry_has "until"' -l rate -x -d 'Attempts of this key per time: 100/1m lets 100 start at once, and 100 in every further minute'
complete -c retry -n '__retry_has "until"' -l breaker -x -d 'A circuit breaker: 5/30s opens after 5 failures in a row for 30s, then tries one attempt at a time'
complete -c retry -n '__retry_has "until"' -l budget -x -d 'Retries, as a share of the first attempts: 20% or 0.2'
complete -c retry -n '__retry_has "until"' -l adaptive -d 'Hold attempts back as the success rate falls'
complete -c retry -n '__retry_has "until"' -l gate-wait -x -d 'How long to wait for a limit to allow the attempt (0 = don\'t wait) [default: the deadline]'
complete -c retry -n '__retry_has "until"' -l state -x -d 'Where shared state is kept: a directory, or redis://, rediss:// or redis+unix:// for many hosts'
complete -c retry -n '__retry_has "until"' -l on-state-error -xa 'proceed fail' -d 'If shared state is unreachable: proceed without limits, or fail with exit 75 [default: proceed]'
complete -c retry -n '__retry_has "until"' -l retries -x -d 'The same as --max N+1'
complete -c retry -n '__retry_has "until"' -l no-retry -d 'Run once without retrying'
complete -c retry -n '__retry_has "until"' -l policy -xa '(__retry_ask explain --all)' -d 'Use this named policy'
complete -c retry -n '__retry_has "until"' -l config -rF -d 'Also read this config file'
complete -c retry -n '__retry_has "until"' -l no-config -d 'Read no configuration file'
complete -c retry -n '__retry_has "until"' -s h -l help -d 'Print help (-h: summary, --help: all options)'
complete -c retry -n '__retry_has "wait"' -s n -l max -l attempts -x -d 'Maximum number of attempts, including the first (inf = unlimited) [default: 3]'
complete -c retry -n '__retry_has "wait"' -l deadline -x -d 'Total time limit (attempts and waits)'
complete -c retry -n '__retry_has "wait"' -l timeout -x -d 'Time limit per attempt'
complete -c retry -n '__retry_has "wait"' -l idle-timeout -x -d 'Stop an attempt that produces no output for this long'
complete -c retry -n '__retry_has "wait"' -l progress-timeout -x -d 'Give up if no progress is seen for this long'
complete -c retry -n '__retry_has "wait"' -l progress-match -x -d 'Regex that marks progress; repeatable'
complete -c retry -n '__retry_has "wait"' -l signal -x -d 'Signal sent first when an attempt times out [default: TERM]'
complete -c retry -n '__retry_has "wait"' -s k -l kill-after -x -d 'Grace period before SIGKILL [default: 10s]'
complete -c retry -n '__retry_has "wait"' -s b -l backoff -xa 'fixed constant linear exponential exp fibonacci fib decorrelated' -d 'How the wait grows: fixed, linear, exponential, fibonacci, decorrelated, or a list 1s,2s,4s [default: exponential]'
complete -c retry -n '__retry_has "wait"' -s d -l delay -x -d 'Initial delay [default: 1s]'
complete -c retry -n '__retry_has "wait"' -l max-delay -x -d 'Upper bound for the delay, jitter included'
complete -c retry -n '__retry_has "wait"' -l factor -x -d 'Growth per retry of the exponential backoff, 1 or more [default: 2]'
complete -c retry -n '__retry_has "wait"' -s j -l jitter -xa 'none full equal additive' -d 'Randomisation of the delay: none, full, equal, additive, ±25%, or 0.5..1.5 [default: equal]'
complete -c retry -n '__retry_has "wait"' -l max-retry-after -x -d 'Longest wait that a server may ask for; give up if it asks for more [default: 5m]'
complete -c retry -n '__retry_has "wait"' -l reset-after -x -d 'Restart the backoff after an attempt that ran at least this long'
complete -c retry -n '__retry_has "wait"' -l successes -x -d 'Number of successes in a row that are needed [default: 1]'
complete -c retry -n '__retry_has "wait"' -l splay -x -d 'A random wait of at most this long before the first attempt'
complete -c retry -n '__retry_has "wait"' -l seed -x -d 'Seed for the random delays'
complete -c retry -n '__retry_has "wait"' -s q -l quiet -d 'Suppress messages'
complete -c retry -n '__retry_has "wait"' -s v -l verbose -d 'More messages (-vv for every step)'
complete -c retry -n '__retry_has "wait"' -l retries -x -d 'The same as --max N+1'
complete -c retry -n '__retry_has "wait"' -l no-retry -d 'Run once without retrying'
complete -c retry -n '__retry_has "wait"' -l policy -xa '(__retry_ask explain --all)' -d 'Use this named policy'
complete -c retry -n '__retry_has "wait"' -l config -rF -d 'Also read this config file'
complete -c retry -n '__retry_has "wait"' -l no-config -d 'Read no configuration file'
complete -c retry -n '__retry_has "wait"' -s h -l help -d 'Print help (-h: summary, --help: all options)'
complete -c retry -n '__retry_has "explain"' -l format -xa 'text json delays' -d 'text, json, or delays: the mean waits in seconds on one line'
complete -c retry -n '__retry_has "explain"' -l full -d 'Show every setting, including those with default values'
complete -c retry -n '__retry_has "explain"' -l simulate -x -d 'Only say what N clients would do to a server, such as 1000,outage=30s,capacity=100/s'
complete -c retry -n '__retry_has "explain"' -l all -d 'List all policies, with the file that each comes from'
complete -c retry -n '__retry_has "explain"' -s n -l max -l attempts -x -d 'Maximum number of attempts, including the first (inf = unlimited) [default: 3]'
complete -c retry -n '__retry_has "explain"' -l deadline -x -d 'Total time limit (attempts and waits)'
complete -c retry -n '__retry_has "explain"' -l timeout -x -d 'Time limit per attempt'
complete -c retry -n '__retry_has "explain"' -l idle-timeout -x -d 'Stop an attempt that produces no output for this long'
complete -c retry -n '__retry_has "explain"' -l progress-timeout -x -d 'Give up if no progress is seen for this long'
complete -c retry -n '__retry_has "explain"' -l progress-match -x -d 'Regex that marks progress; repeatable'
complete -c retry -n '__retry_has "explain"' -l signal -x -d 'Signal sent first when an attempt times out [default: TERM]'
complete -c retry -n '__retry_has "explain"' -s k -l kill-after -x -d 'Grace period before SIGKILL [default: 10s]'
complete -c retry -n '__retry_has "explain"' -s b -l backoff -xa 'fixed constant linear exponential exp fibonacci fib decorrelated' -d 'How the wait grows: fixed, linear, exponential, fibonacci, decorrelated, or a list 1s,2s,4s [default: exponential]'
complete -c retry -n '__retry_has "explain"' -s d -l delay -x -d 'Initial delay [default: 1s]'
complete -c retry -n '__retry_has "explain"' -l max-delay -x -d 'Upper bound for the delay, jitter included'
complete -c retry -n '__retry_has "explain"' -l factor -x -d 'Growth per retry of the exponential backoff, 1 or more [default: 2]'
complete -c retry -n '__retry_has "explain"' -s j -l jitter -xa 'none full equal additive' -d 'Randomisation of the delay: none, full, equal, additive, ±25%, or 0.5..1.5 [default: equal]'
complete -c retry -n '__retry_has "explain"' -l max-retry-after -x -d 'Longest wait that a server may ask for; give up if it asks for more [default: 5m]'
complete -c retry -n '__retry_has "explain"' -l reset-after -x -d 'Restart the backoff after an attempt that ran at least this long'
complete -c retry -n '__retry_has "explain"' -l successes -x -d 'Number of successes in a row that are needed [default: 1]'
complete -c retry -n '__retry_has "explain"' -l splay -x -d 'A random wait of at most this long before the first attempt'
complete -c retry -n '__retry_has "explain"' -l seed -x -d 'Seed for the random delays'
complete -c retry -n '__retry_has "explain"' -s p -l profile -xa 'auto none (__retry_ask profiles)' -d 'Error-knowledge profile: auto, none, generic, or a tool name; repeatable [default: auto]'
complete -c retry -n '__retry_has "explain"' -l retry-on -x -d 'Retry only on these exit codes/signals: 1, 5-9, SIGKILL, signal, timeout, not-found, !2'
complete -c retry -n '__retry_has "explain"' -l permanent-on -x -d 'Never retry on these exit codes/signals (overrides --retry-on)'
complete -c retry -n '__retry_has "explain"' -l success-on -x -d 'Exit codes that count as success; the code itself is still passed on [default: 0]'
complete -c retry -n '__retry_has "explain"' -l retry-match -x -d 'Retry if a stderr line matches (repeatable; stdout:RE, both:RE)'
complete -c retry -n '__retry_has "explain"' -l permanent-match -x -d 'Regex that means another attempt is pointless; repeatable'
complete -c retry -n '__retry_has "explain"' -l throttle-match -x -d 'Regex that means rate-limited; repeatable'
complete -c retry -n '__retry_has "explain"' -l success-match -x -d 'Regex that must appear for success, on stdout or stderr; repeatable'
complete -c retry -n '__retry_has "explain"' -l otherwise -xa 'retry stop' -d 'What to do when no rule matches: retry or stop'
complete -c retry -n '__retry_has "explain"' -l non-idempotent -d 'Retry only failures where the request cannot have taken effect'
complete -c retry -n '__retry_has "explain"' -s c -l shell -d 'COMMAND is one string for sh -c, or for another shell; remaining arguments become $1, $2, …'
complete -c retry -n '__retry_has "explain"' -l stdin -xa 'auto inherit replay null' -d 'What the command reads: auto, inherit, replay or null [default: auto]'
complete -c retry -n '__retry_has "explain"' -l stdin-max -x -d 'Max stdin kept for replay; no retry beyond that [default: 1GiB]'
complete -c retry -n '__retry_has "explain"' -l fail-if-flaky -x -d 'Exit with this code if the command succeeded only after a retry'
complete -c retry -n '__retry_has "explain"' -l exhausted-code -x -d 'Exit with this status when the attempts ran out'
complete -c retry -n '__retry_has "explain"' -l stdout -xa 'stream success null' -d 'What becomes of the command\'s stdout: stream, success or null [default: stream]'
complete -c retry -n '__retry_has "explain"' -s O -d 'Only the successful attempt\'s stdout: the same as --stdout success'
complete -c retry -n '__retry_has "explain"' -l stderr -xa 'stream last null' -d 'What becomes of the command\'s stderr: stream, last or null [default: stream]'
complete -c retry -n '__retry_has "explain"' -l chronic -d 'Print nothing unless the run finally fails, then the output of all attempts'
complete -c retry -n '__retry_has "explain"' -l log -rF -d 'Append a JSON line for each event; - is stderr'
complete -c retry -n '__retry_has "explain"' -l log-argv -d 'Put the whole command line into the log'
complete -c retry -n '__retry_has "explain"' -l log-tail -x -d 'How much of the end of each captured stream the log shows of a failed attempt: 4k, 1MiB [default: 0]'
complete -c retry -n '__retry_has "explain"' -l name -x -d 'The operation\'s name in messages and the log [default: the program\'s]'
complete -c retry -n '__retry_has "explain"' -l label -x -d 'A free label for the log; repeatable'
complete -c retry -n '__retry_has "explain"' -l message-format -xa 'text json' -d 'How messages are written: text or json, an object a line [default: text]'
complete -c retry -n '__retry_has "explain"' -l color -xa 'auto always never' -d 'When messages are coloured: auto, always or never [default: auto]'
complete -c retry -n '__retry_has "explain"' -s q -l quiet -d 'Suppress messages'
complete -c retry -n '__retry_has "explain"' -s v -l verbose -d 'More messages (-vv for every step)'
complete -c retry -n '__retry_has "explain"' -l new-group -d 'Give the command a process group of its own'
complete -c retry -n '__retry_has "explain"' -l key -x -d 'Name for limits shared by all processes using the same --state'
complete -c retry -n '__retry_has "explain"' -l concurrency -x -d 'Attempts of this key that may run at the same time'
complete -c retry -n '__retry_has "explain"' -l rate -x -d 'Attempts of this key per time: 100/1m lets 100 start at once, and 100 in every further minute'
complete -c retry -n '__retry_has "explain"' -l breaker -x -d 'A circuit breaker: 5/30s opens after 5 failures in a row for 30s, then tries one attempt at a time'
complete -c retry -n '__retry_has "explain"' -l budget -x -d 'Retries, as a share of the first attempts: 20% or 0.2'
complete -c retry -n '__retry_has "explain"' -l adaptive -d 'Hold attempts back as the success rate falls'
complete -c retry -n '__retry_has "explain"' -l gate-wait -x -d 'How long to wait for a limit to allow the attempt (0 = don\'t wait) [default: the deadline]'
complete -c retry -n '__retry_has "explain"' -l state -x -d 'Where shared state is kept: a directory, or redis://, rediss:// or redis+unix:// for many hosts'
complete -c retry -n '__retry_has "explain"' -l on-state-error -xa 'proceed fail' -d 'If shared state is unreachable: proceed without limits, or fail with exit 75 [default: proceed]'
complete -c retry -n '__retry_has "explain"' -l retries -x -d 'The same as --max N+1'
complete -c retry -n '__retry_has "explain"' -l no-retry -d 'Run once without retrying'
complete -c retry -n '__retry_has "explain"' -l policy -xa '(__retry_ask explain --all)' -d 'Use this named policy'
complete -c retry -n '__retry_has "explain"' -l config -rF -d 'Also read this config file'
complete -c retry -n '__retry_has "explain"' -l no-config -d 'Read no configuration file'
complete -c retry -n '__retry_has "explain"' -s h -l help -d 'Print help (-h: summary, --help: all options)'
complete -c retry -n '__retry_has "classify"' -l exit -x -d 'The command returned this status'
complete -c retry -n '__retry_has "classify"' -l killed-by -x -d 'The command died of this signal'
complete -c retry -n '__retry_has "classify"' -l timed-out -d 'The command was stopped by a time limit'
complete -c retry -n '__retry_has "classify"' -l stderr-file -rF -d 'The command\'s stderr'
complete -c retry -n '__retry_has "classify"' -l stdout-file -rF -d 'The command\'s stdout'
complete -c retry -n '__retry_has "classify"' -l now -x -d 'When the command ended, RFC 3339; dates in its output are relative to this [default: now]'
complete -c retry -n '__retry_has "classify"' -l batch -rF -d 'Classify many results: JSON lines with argv, exit_code or signal, stdout, stderr, now; - is stdin'
complete -c retry -n '__retry_has "classify"' -l format -xa 'text json' -d 'text, or json with one object per line'
complete -c retry -n '__retry_has "classify"' -s p -l profile -xa 'auto none (__retry_ask profiles)' -d 'Error-knowledge profile: auto, none, generic, or a tool name; repeatable [default: auto]'
complete -c retry -n '__retry_has "classify"' -l retry-on -x -d 'Retry only on these exit codes/signals: 1, 5-9, SIGKILL, signal, timeout, not-found, !2'
complete -c retry -n '__retry_has "classify"' -l permanent-on -x -d 'Never retry on these exit codes/signals (overrides --retry-on)'
complete -c retry -n '__retry_has "classify"' -l success-on -x -d 'Exit codes that count as success; the code itself is still passed on [default: 0]'
complete -c retry -n '__retry_has "classify"' -l retry-match -x -d 'Retry if a stderr line matches (repeatable; stdout:RE, both:RE)'
complete -c retry -n '__retry_has "classify"' -l permanent-match -x -d 'Regex that means another attempt is pointless; repeatable'
complete -c retry -n '__retry_has "classify"' -l throttle-match -x -d 'Regex that means rate-limited; repeatable'
complete -c retry -n '__retry_has "classify"' -l success-match -x -d 'Regex that must appear for success, on stdout or stderr; repeatable'
complete -c retry -n '__retry_has "classify"' -l otherwise -xa 'retry stop' -d 'What to do when no rule matches: retry or stop'
complete -c retry -n '__retry_has "classify"' -l non-idempotent -d 'Retry only failures where the request cannot have taken effect'
complete -c retry -n '__retry_has "classify"' -s c -l shell -d 'COMMAND is one string for sh -c, or for another shell; remaining arguments become $1, $2, …'
complete -c retry -n '__retry_has "classify"' -l policy -xa '(__retry_ask explain --all)' -d 'Use this named policy'
complete -c retry -n '__retry_has "classify"' -l config -rF -d 'Also read this config file'
complete -c retry -n '__retry_has "classify"' -l no-config -d 'Read no configuration file'
complete -c retry -n '__retry_has "classify"' -s h -l help -d 'Print help (-h: summary, --help: all options)'
complete -c retry -n '__retry_has "profiles"' -l format -xa 'text json' -d 'text or json'
complete -c retry -n '__retry_has "profiles"' -l config -rF -d 'Also read this config file'
complete -c retry -n '__retry_has "profiles"' -l no-config -d 'Read no configuration file'
complete -c retry -n '__retry_has "profiles"' -s h -l help -d 'Print help (-h: summary, --help: all options)'
complete -c retry -n '__retry_has "state"' -l format -xa 'text json' -d 'text or json'
complete -c retry -n '__retry_has "state"' -l for -x -d 'How long close keeps the key closed, from now on; 0 opens it'
complete -c retry -n '__retry_has "state"' -l concurrency -x -d 'Attempts of this key that may run at the same time'
complete -c retry -n '__retry_has "state"' -l rate -x -d 'Attempts of this key per time: 100/1m lets 100 start at once, and 100 in every further minute'
complete -c retry -n '__retry_has "state"' -l breaker -x -d 'A circuit breaker: 5/30s opens after 5 failures in a row for 30s, then tries one attempt at a time'
complete -c retry -n '__retry_has "state"' -l budget -x -d 'Retries, as a share of the first attempts: 20% or 0.2'
complete -c retry -n '__retry_has "state"' -l adaptive -d 'Hold attempts back as the success rate falls'
complete -c retry -n '__retry_has "state"' -l gate-wait -x -d 'How long to wait for a limit to allow the attempt (0 = don\'t wait) [default: the deadline]'
complete -c retry -n '__retry_has "state"' -l state -x -d 'Where shared state is kept: a directory, or redis://, rediss:// or redis+unix:// for many hosts'
complete -c retry -n '__retry_has "state"' -l policy -xa '(__retry_ask explain --all)' -d 'Use this named policy'
complete -c retry -n '__retry_has "state"' -l config -rF -d 'Also read this config file'
complete -c retry -n '__retry_has "state"' -l no-config -d 'Read no configuration file'
complete -c retry -n '__retry_has "state"' -s h -l help -d 'Print help (-h: summary, --help: all options)'
complete -c retry -n '__retry_has "report"' -l format -xa 'text json markdown html junit prometheus trace' -d 'text, json, markdown, html, junit, prometheus or trace (for ui.perfetto.dev)'
complete -c retry -n '__retry_has "report"' -s o -l output -rF -d 'Write to FILE instead of stdout, as a whole or not at all'
complete -c retry -n '__retry_has "report"' -l top -x -d 'Rows of a table [default: 10]'
complete -c retry -n '__retry_has "report"' -l since -x -d 'Only runs that ended at or after TIME: RFC 3339, a date, today, yesterday (UTC), or a duration back from now'
complete -c retry -n '__retry_has "report"' -l until -x -d 'Only runs that ended before TIME'
complete -c retry -n '__retry_has "report"' -l name -x -d 'Only runs of this name; repeatable: any of them'
complete -c retry -n '__retry_has "report"' -l key -x -d 'Only runs with this key; repeatable'
complete -c retry -n '__retry_has "report"' -l label -x -d 'Only runs with this label; repeatable'
complete -c retry -n '__retry_has "report"' -l host -x -d 'Only runs on this host; repeatable'
complete -c retry -n '__retry_has "report"' -l outcome -x -d 'Only runs that ended so: succeeded, exhausted, permanent, deadline, stalled, throttled, refused, interrupted or error; repeatable'
complete -c retry -n '__retry_has "report"' -l what-if -x -d 'What other settings would have changed, such as max=3,timeout=30s,deadline=5m'
complete -c retry -n '__retry_has "report"' -l run -x -d 'Tell of one run: last, or the begin of its id; with another format, only that run'
complete -c retry -n '__retry_has "report"' -l max-rescued -x -d 'Exit 1 if more runs than this were rescued: a number, or a share of all runs'
complete -c retry -n '__retry_has "report"' -l max-failed -x -d 'Exit 1 if more runs than this failed'
complete -c retry -n '__retry_has "report"' -l draft-rules -d 'Only print rules for what no rule knows, as TOML to add to a configuration'
complete -c retry -n '__retry_has "report"' -l rejudge -d 'Judge each failed attempt by the rules of now, and show which verdicts change'
complete -c retry -n '__retry_has "report"' -l junit-flaky -x -d 'With --format junit, count rescued runs as success or failure [default: success]'
complete -c retry -n '__retry_has "report"' -l rotated -d 'For each LOG, also read LOG.1, LOG.2.gz, LOG-20261101.gz and so on'
complete -c retry -n '__retry_has "report"' -s p -l profile -xa 'auto none (__retry_ask profiles)' -d 'Error-knowledge profile: auto, none, generic, or a tool name; repeatable [default: auto]'
complete -c retry -n '__retry_has "report"' -l retry-on -x -d 'Retry only on these exit codes/signals: 1, 5-9, SIGKILL, signal, timeout, not-found, !2'
complete -c retry -n '__retry_has "report"' -l permanent-on -x -d 'Never retry on these exit codes/signals (overrides --retry-on)'
complete -c retry -n '__retry_has "report"' -l success-on -x -d 'Exit codes that count as success; the code itself is still passed on [default: 0]'
complete -c retry -n '__retry_has "report"' -l retry-match -x -d 'Retry if a stderr line matches (repeatable; stdout:RE, both:RE)'
complete -c retry -n '__retry_has "report"' -l permanent-match -x -d 'Regex that means another attempt is pointless; repeatable'
complete -c retry -n '__retry_has "report"' -l throttle-match -x -d 'Regex that means rate-limited; repeatable'
complete -c retry -n '__retry_has "report"' -l success-match -x -d 'Regex that must appear for success, on stdout or stderr; repeatable'
complete -c retry -n '__retry_has "report"' -l otherwise -xa 'retry stop' -d 'What to do when no rule matches: retry or stop'
complete -c retry -n '__retry_has "report"' -l non-idempotent -d 'Retry only failures where the request cannot have taken effect'
complete -c retry -n '__retry_has "report"' -l policy -xa '(__retry_ask explain --all)' -d 'Use this named policy'
complete -c retry -n '__retry_has "report"' -l config -rF -d 'Also read this config file'
complete -c retry -n '__retry_has "report"' -l no-config -d 'Read no configuration file'
complete -c retry -n '__retry_has "report"' -s h -l help -d 'Print help (-h: summary, --help: all options)'
complete -c retry -n '__retry_has "simulate"' -l model -xa 'server occ failures collapse' -d 'What clients meet: server, occ, failures or collapse [default: server]'
complete -c retry -n '__retry_has "simulate"' -l clients -x -d 'Number of clients [default: 1000; 100 for occ and failures]'
complete -c retry -n '__retry_has "simulate"' -l arrive -x -d 'When clients start: all (at once), spread:10s, poisson:100 (per second, each a new client), cron:10s (each minute) [default: all]'
complete -c retry -n '__retry_has "simulate"' -l loop -x -d 'What a client does afterwards: once, closed:1s (again, that long after the end), open [default: once]'
complete -c retry -n '__retry_has "simulate"' -l capacity -x -d 'Requests per second that the server can serve [default: 100/s]'
complete -c retry -n '__retry_has "simulate"' -l workers -x -d 'Requests served at the same time [default: 1]'
complete -c retry -n '__retry_has "simulate"' -l service -x -d 'Service time: exp:10ms, fixed:10ms, lognormal:10ms,1 or pareto:10ms,1.5; the time is the mean'
complete -c retry -n '__retry_has "simulate"' -l queue -x -d 'Requests that may wait at the server; one more is refused [default: 1000]'
complete -c retry -n '__retry_has "simulate"' -l queue-order -xa 'fifo lifo' -d 'Which waiting request is served next: fifo or lifo [default: fifo]'
complete -c retry -n '__retry_has "simulate"' -l latency -x -d 'Network latency, each way [default: fixed:1ms]'
complete -c retry -n '__retry_has "simulate"' -l outage -x -d 'Trouble from A to B: refuse, hang, 503, 503:30s (Retry-After), slow:5, lose:20%, capacity:20% (what is left); none; repeatable [default: 0s..30s:refuse]'
complete -c retry -n '__retry_has "simulate"' -l overload -x -d 'How a full queue slows the server: none, or collapse:F for service time x (1 + F) [default: none]'
complete -c retry -n '__retry_has "simulate"' -l cancel -xa 'on off' -d 'Whether a client\'s timeout frees the server [default: off]'
complete -c retry -n '__retry_has "simulate"' -l failure -x -d 'Share of calls that fail, for the model failures [default: 30%]'
complete -c retry -n '__retry_has "simulate"' -l load -xa 'spike ramp' -d 'Load of the model collapse: spike or ramp [default: spike]'
complete -c retry -n '__retry_has "simulate"' -l warm-up -x -d 'Time before moment 0, which is not counted [default: 0]'
complete -c retry -n '__retry_has "simulate"' -l for -x -d 'How long clients keep coming [default: the horizon]'
complete -c retry -n '__retry_has "simulate"' -l horizon -x -d 'When to stop [default: 10 minutes after the last outage]'
complete -c retry -n '__retry_has "simulate"' -l shared -x -d 'Who shares limits: all, off or groups:N [default: all where a limit is given, else off]'
complete -c retry -n '__retry_has "simulate"' -l hint -xa 'on off shared' -d 'Whether clients respect Retry-After: on, off, or shared by all through a key [default: on]'
complete -c retry -n '__retry_has "simulate"' -l compare -x -d 'Compare values of a setting or parameter; repeatable for all combinations, such as jitter=none,full; off switches a limit off'
complete -c retry -n '__retry_has "simulate"' -l sweep -x -d 'Draw a map of what recovers: a range in N steps or values KEY=V,V,…; twice for two axes'
complete -c retry -n '__retry_has "simulate"' -l find -xa 'capacity clients outage delay budget' -d 'Find the value with which 95 % of the runs recover: capacity, clients, outage, delay or budget'
complete -c retry -n '__retry_has "simulate"' -l lost -x -d 'Share of operations that may be given up in a recovery, for --sweep and --find [default: 1%]'
complete -c retry -n '__retry_has "simulate"' -l runs -x -d 'Runs of each variant, with different random numbers [default: 1; 20 with --sweep and --find]'
complete -c retry -n '__retry_has "simulate"' -l threads -x -d 'Threads to simulate on [default: one per processor]'
complete -c retry -n '__retry_has "simulate"' -l format -xa 'text json csv html' -d 'text, json, csv or html'
complete -c retry -n '__retry_has "simulate"' -l timeline -d 'With --format csv, load over time: t, variant, offered, served'
complete -c retry -n '__retry_has "simulate"' -s n -l max -l attempts -x -d 'Maximum number of attempts, including the first (inf = unlimited) [default: 3]'
complete -c retry -n '__retry_has "simulate"' -l deadline -x -d 'Total time limit (attempts and waits)'
complete -c retry -n '__retry_has "simulate"' -l timeout -x -d 'Time limit per attempt'
complete -c retry -n '__retry_has "simulate"' -s b -l backoff -xa 'fixed constant linear exponential exp fibonacci fib decorrelated' -d 'How the wait grows: fixed, linear, exponential, fibonacci, decorrelated, or a list 1s,2s,4s [default: exponential]'
complete -c retry -n '__retry_has "simulate"' -s d -l delay -x -d 'Initial delay [default: 1s]'
complete -c retry -n '__retry_has "simulate"' -l max-delay -x -d 'Upper bound for the delay, jitter included'
complete -c retry -n '__retry_has "simulate"' -l factor -x -d 'Growth per retry of the exponential backoff, 1 or more [default: 2]'
complete -c retry -n '__retry_has "simulate"' -s j -l jitter -xa 'none full equal additive' -d 'Randomisation of the delay: none, full, equal, additive, ±25%, or 0.5..1.5 [default: equal]'
complete -c retry -n '__retry_has "simulate"' -l max-retry-after -x -d 'Longest wait that a server may ask for; give up if it asks for more [default: 5m]'
complete -c retry -n '__retry_has "simulate"' -l reset-after -x -d 'Restart the backoff after an attempt that ran at least this long'
complete -c retry -n '__retry_has "simulate"' -l successes -x -d 'Number of successes in a row that are needed [default: 1]'
complete -c retry -n '__retry_has "simulate"' -l splay -x -d 'A random wait of at most this long before the first attempt'
complete -c retry -n '__retry_has "simulate"' -l seed -x -d 'Seed for the random delays'
complete -c retry -n '__retry_has "simulate"' -l key -x -d 'Name for limits shared by all processes using the same --state'
complete -c retry -n '__retry_has "simulate"' -l concurrency -x -d 'Attempts of this key that may run at the same time'
complete -c retry -n '__retry_has "simulate"' -l rate -x -d 'Attempts of this key per time: 100/1m lets 100 start at once, and 100 in every further minute'
complete -c retry -n '__retry_has "simulate"' -l breaker -x -d 'A circuit breaker: 5/30s opens after 5 failures in a row for 30s, then tries one attempt at a time'
complete -c retry -n '__retry_has "simulate"' -l budget -x -d 'Retries, as a share of the first attempts: 20% or 0.2'
complete -c retry -n '__retry_has "simulate"' -l adaptive -d 'Hold attempts back as the success rate falls'
complete -c retry -n '__retry_has "simulate"' -l gate-wait -x -d 'How long to wait for a limit to allow the attempt (0 = don\'t wait) [default: the deadline]'
complete -c retry -n '__retry_has "simulate"' -l retries -x -d 'The same as --max N+1'
complete -c retry -n '__retry_has "simulate"' -l no-retry -d 'Run once without retrying'
complete -c retry -n '__retry_has "simulate"' -l policy -xa '(__retry_ask explain --all)' -d 'Use this named policy'
complete -c retry -n '__retry_has "simulate"' -l config -rF -d 'Also read this config file'
complete -c retry -n '__retry_has "simulate"' -l no-config -d 'Read no configuration file'
complete -c retry -n '__retry_has "simulate"' -s h -l help -d 'Print help (-h: summary, --help: all options)'

