# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_retry_global_optspecs
    string join \n n/max= deadline= timeout= idle-timeout= progress-timeout= progress-match= signal= k/kill-after= b/backoff= d/delay= max-delay= factor= j/jitter= max-retry-after= reset-after= successes= seed= p/profile= retry-on= permanent-on= success-on= retry-match= permanent-match= throttle-match= success-match= otherwise= non-idempotent c/shell= stdin= stdin-max= fail-if-flaky= exhausted-code= stdout= O= stderr= chronic log= log-argv log-tail= name= label= message-format= color= q/quiet v/verbose new-group key= concurrency= rate= breaker= budget= adaptive gate-wait= state= on-state-error= retries= no-retry policy= config= no-config V/version h/help
end

function __fish_retry_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_retry_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_retry_using_subcommand
    set -l cmd (__fish_retry_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c retry -n "__fish_retry_needs_command" -s n -l max -l attempts -d 'Attempts in all, `inf` for no limit [default: 3]' -r -f
complete -c retry -n "__fish_retry_needs_command" -l deadline -d 'Time for the whole run, attempts and waits' -r -f
complete -c retry -n "__fish_retry_needs_command" -l timeout -d 'Time for one attempt' -r -f
complete -c retry -n "__fish_retry_needs_command" -l idle-timeout -d 'Time that one attempt may write nothing' -r -f
complete -c retry -n "__fish_retry_needs_command" -l progress-timeout -d 'The run ends when no progress was recorded for this long' -r -f
complete -c retry -n "__fish_retry_needs_command" -l progress-match -d 'A regular expression over output that is a line of progress; repeatable' -r -f
complete -c retry -n "__fish_retry_needs_command" -l signal -d 'The signal that a timed-out attempt gets first [default: TERM]' -r -f
complete -c retry -n "__fish_retry_needs_command" -s k -l kill-after -d 'Time between that signal and SIGKILL [default: 10s]' -r -f
complete -c retry -n "__fish_retry_needs_command" -s b -l backoff -d 'How the wait grows: fixed, linear, exponential, fibonacci, decorrelated, or a list 1s,2s,4s [default: exponential]' -r -f -a "fixed\t''
constant\t''
linear\t''
exponential\t''
exp\t''
fibonacci\t''
fib\t''
decorrelated\t''"
complete -c retry -n "__fish_retry_needs_command" -s d -l delay -d 'The first wait [default: 1s]' -r -f
complete -c retry -n "__fish_retry_needs_command" -l max-delay -d 'No drawn wait is longer, jitter included' -r -f
complete -c retry -n "__fish_retry_needs_command" -l factor -d 'Growth per retry of the exponential backoff, 1 or more [default: 2]' -r -f
complete -c retry -n "__fish_retry_needs_command" -s j -l jitter -d 'How a wait is drawn: none, full, equal, additive, a share 25%, or multipliers 0.5..1.5 [default: equal]' -r -f -a "none\t''
full\t''
equal\t''
additive\t''"
complete -c retry -n "__fish_retry_needs_command" -l max-retry-after -d 'The longest wait that a server may ask for; one that asks for more ends the run [default: 5m]' -r -f
complete -c retry -n "__fish_retry_needs_command" -l reset-after -d 'An attempt that ran at least this long starts the backoff again from the first wait' -r -f
complete -c retry -n "__fish_retry_needs_command" -l successes -d 'That many successes in a row are needed [default: 1]' -r -f
complete -c retry -n "__fish_retry_needs_command" -l seed -d 'Makes every draw repeatable' -r -f
complete -c retry -n "__fish_retry_needs_command" -s p -l profile -d 'What is known of the command: auto, none, generic, or a tool\'s name; repeatable [default: auto]' -r -f
complete -c retry -n "__fish_retry_needs_command" -l retry-on -d 'Exit specs that are worth another attempt: 1, 5-9, SIGKILL, signal, timeout, not-found, !2' -r -f
complete -c retry -n "__fish_retry_needs_command" -l permanent-on -d 'Exit specs that end the run; they beat --retry-on' -r -f
complete -c retry -n "__fish_retry_needs_command" -l success-on -d 'Exit codes that count as success; the code itself is still passed on [default: 0]' -r -f
complete -c retry -n "__fish_retry_needs_command" -l retry-match -d 'A regular expression over the lines of stderr that is worth another attempt; repeatable' -r -f
complete -c retry -n "__fish_retry_needs_command" -l permanent-match -d 'A regular expression over output that ends the run; repeatable' -r -f
complete -c retry -n "__fish_retry_needs_command" -l throttle-match -d 'A regular expression over output that means throttled; repeatable' -r -f
complete -c retry -n "__fish_retry_needs_command" -l success-match -d 'A regular expression over output that a success must show; repeatable' -r -f
complete -c retry -n "__fish_retry_needs_command" -l otherwise -d 'What no explicit rule speaks of: retry or stop' -r -f -a "retry\t''
stop\t''"
complete -c retry -n "__fish_retry_needs_command" -s c -l shell -d 'COMMAND is one string for sh -c, or for another shell; further words are $1, $2, …' -r -f
complete -c retry -n "__fish_retry_needs_command" -l stdin -d 'What the command reads: auto, inherit, replay or null [default: auto]' -r -f -a "auto\t''
inherit\t''
replay\t''
null\t''"
complete -c retry -n "__fish_retry_needs_command" -l stdin-max -d 'How much of a pipe is kept for further attempts; one that read more is not tried again [default: 1GiB]' -r -f
complete -c retry -n "__fish_retry_needs_command" -l fail-if-flaky -d 'Exit with this status when it succeeded, but not at first' -r -f
complete -c retry -n "__fish_retry_needs_command" -l exhausted-code -d 'Exit with this status when the attempts ran out' -r -f
complete -c retry -n "__fish_retry_needs_command" -l stdout -d 'What becomes of the command\'s stdout: stream, success or null [default: stream]' -r -f -a "stream\t''
success\t''
null\t''"
complete -c retry -n "__fish_retry_needs_command" -s O -d 'Only the successful attempt\'s stdout: the same as --stdout success' -r
complete -c retry -n "__fish_retry_needs_command" -l stderr -d 'What becomes of the command\'s stderr: stream, last or null [default: stream]' -r -f -a "stream\t''
last\t''
null\t''"
complete -c retry -n "__fish_retry_needs_command" -l log -d 'Append a JSON line for each event; - is stderr' -r -F
complete -c retry -n "__fish_retry_needs_command" -l log-tail -d 'How much of the end of each captured stream the log shows of a failed attempt: 4k, 1MiB [default: 0]' -r -f
complete -c retry -n "__fish_retry_needs_command" -l name -d 'The operation\'s name in messages and the log [default: the program\'s]' -r -f
complete -c retry -n "__fish_retry_needs_command" -l label -d 'A free label for the log; repeatable' -r -f
complete -c retry -n "__fish_retry_needs_command" -l message-format -d 'How messages are written: text or json, an object a line [default: text]' -r -f -a "text\t''
json\t''"
complete -c retry -n "__fish_retry_needs_command" -l color -d 'When messages are coloured: auto, always or never [default: auto]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c retry -n "__fish_retry_needs_command" -l key -d 'What is shared: all processes with this key and the same --state heed each other' -r -f
complete -c retry -n "__fish_retry_needs_command" -l concurrency -d 'Attempts of this key that may run at the same time' -r -f
complete -c retry -n "__fish_retry_needs_command" -l rate -d 'Attempts of this key per time: 100/1m lets 100 start at once, and 100 in every further minute' -r -f
complete -c retry -n "__fish_retry_needs_command" -l breaker -d 'A circuit breaker: 5/30s opens after 5 failures in a row for 30s, then tries one attempt at a time' -r -f
complete -c retry -n "__fish_retry_needs_command" -l budget -d 'Retries, as a share of the first attempts: 20% or 0.2' -r -f
complete -c retry -n "__fish_retry_needs_command" -l gate-wait -d 'The longest wait for admission; 0 is not at all [default: the deadline]' -r -f
complete -c retry -n "__fish_retry_needs_command" -l state -d 'Where it is kept: a directory, or redis://, rediss:// or redis+unix:// for many hosts' -r -f
complete -c retry -n "__fish_retry_needs_command" -l on-state-error -d 'What to do when it cannot be reached: proceed without limits, or fail with exit 75 [default: proceed]' -r -f -a "proceed\t''
fail\t''"
complete -c retry -n "__fish_retry_needs_command" -l retries -d 'The same as --max N+1' -r
complete -c retry -n "__fish_retry_needs_command" -l policy -d 'Take the settings of this policy' -r
complete -c retry -n "__fish_retry_needs_command" -l config -d 'Read this configuration, too' -r -F
complete -c retry -n "__fish_retry_needs_command" -l non-idempotent -d 'Retry only what surely never took effect'
complete -c retry -n "__fish_retry_needs_command" -l chronic -d 'Print nothing unless the run finally fails, then the output of all attempts'
complete -c retry -n "__fish_retry_needs_command" -l log-argv -d 'Put the whole command line into the log'
complete -c retry -n "__fish_retry_needs_command" -s q -l quiet -d 'Say nothing'
complete -c retry -n "__fish_retry_needs_command" -s v -l verbose -d 'Say more; twice for every step'
complete -c retry -n "__fish_retry_needs_command" -l new-group -d 'Give the command a process group of its own'
complete -c retry -n "__fish_retry_needs_command" -l adaptive -d 'Hold attempts back as the success rate falls'
complete -c retry -n "__fish_retry_needs_command" -l no-retry -d 'One attempt, all else as usual'
complete -c retry -n "__fish_retry_needs_command" -l no-config -d 'Read no configuration file'
complete -c retry -n "__fish_retry_needs_command" -s V -l version -d 'Print the version'
complete -c retry -n "__fish_retry_needs_command" -s h -l help -d 'Print help: -h the most needed, --help all'
complete -c retry -n "__fish_retry_needs_command" -a "until" -d 'Run a command until it works: any failure is tried again, every second, for five minutes'
complete -c retry -n "__fish_retry_needs_command" -a "wait" -d 'Wait as long as the policy would before retry N; exit 1 at once when no attempt is left'
complete -c retry -n "__fish_retry_needs_command" -a "explain" -d 'Show the resolved policy: each value, where it came from, and the waits it makes'
complete -c retry -n "__fish_retry_needs_command" -a "classify" -d 'Say what a result would be judged as, and by which rule'
complete -c retry -n "__fish_retry_needs_command" -a "profiles" -d 'Show what is known of tools: every profile, or the rules of one in their order'
complete -c retry -n "__fish_retry_needs_command" -a "state" -d 'Show and change what is shared by key: who may start when'
complete -c retry -n "__fish_retry_using_subcommand until" -s n -l max -l attempts -d 'Attempts in all, `inf` for no limit [default: inf]' -r -f
complete -c retry -n "__fish_retry_using_subcommand until" -l deadline -d 'Time for the whole run, attempts and waits [default: 5m]' -r -f
complete -c retry -n "__fish_retry_using_subcommand until" -l for -d 'Time for the whole run; the same as --deadline [default: 5m]' -r
complete -c retry -n "__fish_retry_using_subcommand until" -l timeout -d 'Time for one attempt' -r -f
complete -c retry -n "__fish_retry_using_subcommand until" -l idle-timeout -d 'Time that one attempt may write nothing' -r -f
complete -c retry -n "__fish_retry_using_subcommand until" -l progress-timeout -d 'The run ends when no progress was recorded for this long' -r -f
complete -c retry -n "__fish_retry_using_subcommand until" -l progress-match -d 'A regular expression over output that is a line of progress; repeatable' -r -f
complete -c retry -n "__fish_retry_using_subcommand until" -l signal -d 'The signal that a timed-out attempt gets first [default: TERM]' -r -f
complete -c retry -n "__fish_retry_using_subcommand until" -s k -l kill-after -d 'Time between that signal and SIGKILL [default: 10s]' -r -f
complete -c retry -n "__fish_retry_using_subcommand until" -s b -l backoff -d 'How the wait grows: fixed, linear, exponential, fibonacci, decorrelated, or a list 1s,2s,4s [default: fixed]' -r -f -a "fixed\t''
constant\t''
linear\t''
exponential\t''
exp\t''
fibonacci\t''
fib\t''
decorrelated\t''"
complete -c retry -n "__fish_retry_using_subcommand until" -s d -l delay -d 'The first wait [default: 1s]' -r -f
complete -c retry -n "__fish_retry_using_subcommand until" -l max-delay -d 'No drawn wait is longer, jitter included' -r -f
complete -c retry -n "__fish_retry_using_subcommand until" -l factor -d 'Growth per retry of the exponential backoff, 1 or more [default: 2]' -r -f
complete -c retry -n "__fish_retry_using_subcommand until" -s j -l jitter -d 'How a wait is drawn: none, full, equal, additive, a share 25%, or multipliers 0.5..1.5 [default: 10%]' -r -f -a "none\t''
full\t''
equal\t''
additive\t''"
complete -c retry -n "__fish_retry_using_subcommand until" -l max-retry-after -d 'The longest wait that a server may ask for; one that asks for more ends the run [default: 5m]' -r -f
complete -c retry -n "__fish_retry_using_subcommand until" -l reset-after -d 'An attempt that ran at least this long starts the backoff again from the first wait' -r -f
complete -c retry -n "__fish_retry_using_subcommand until" -l successes -d 'That many successes in a row are needed [default: 1]' -r -f
complete -c retry -n "__fish_retry_using_subcommand until" -l seed -d 'Makes every draw repeatable' -r -f
complete -c retry -n "__fish_retry_using_subcommand until" -s p -l profile -d 'What is known of the command: auto, none, generic, or a tool\'s name; repeatable [default: none]' -r -f
complete -c retry -n "__fish_retry_using_subcommand until" -l retry-on -d 'Exit specs that are worth another attempt: 1, 5-9, SIGKILL, signal, timeout, not-found, !2 [default: not-found,not-executable]' -r -f
complete -c retry -n "__fish_retry_using_subcommand until" -l permanent-on -d 'Exit specs that end the run; they beat --retry-on' -r -f
complete -c retry -n "__fish_retry_using_subcommand until" -l success-on -d 'Exit codes that count as success; the code itself is still passed on [default: 0]' -r -f
complete -c retry -n "__fish_retry_using_subcommand until" -l retry-match -d 'A regular expression over the lines of stderr that is worth another attempt; repeatable' -r -f
complete -c retry -n "__fish_retry_using_subcommand until" -l permanent-match -d 'A regular expression over output that ends the run; repeatable' -r -f
complete -c retry -n "__fish_retry_using_subcommand until" -l throttle-match -d 'A regular expression over output that means throttled; repeatable' -r -f
complete -c retry -n "__fish_retry_using_subcommand until" -l success-match -d 'A regular expression over output that a success must show; repeatable' -r -f
complete -c retry -n "__fish_retry_using_subcommand until" -l otherwise -d 'What no explicit rule speaks of: retry or stop [default: retry]' -r -f -a "retry\t''
stop\t''"
complete -c retry -n "__fish_retry_using_subcommand until" -s c -l shell -d 'COMMAND is one string for sh -c, or for another shell; further words are $1, $2, …' -r -f
complete -c retry -n "__fish_retry_using_subcommand until" -l stdin -d 'What the command reads: auto, inherit, replay or null [default: auto]' -r -f -a "auto\t''
inherit\t''
replay\t''
null\t''"
complete -c retry -n "__fish_retry_using_subcommand until" -l stdin-max -d 'How much of a pipe is kept for further attempts; one that read more is not tried again [default: 1GiB]' -r -f
complete -c retry -n "__fish_retry_using_subcommand until" -l fail-if-flaky -d 'Exit with this status when it succeeded, but not at first' -r -f
complete -c retry -n "__fish_retry_using_subcommand until" -l exhausted-code -d 'Exit with this status when the attempts ran out' -r -f
complete -c retry -n "__fish_retry_using_subcommand until" -l stdout -d 'What becomes of the command\'s stdout: stream, success or null [default: stream]' -r -f -a "stream\t''
success\t''
null\t''"
complete -c retry -n "__fish_retry_using_subcommand until" -s O -d 'Only the successful attempt\'s stdout: the same as --stdout success' -r
complete -c retry -n "__fish_retry_using_subcommand until" -l stderr -d 'What becomes of the command\'s stderr: stream, last or null [default: stream]' -r -f -a "stream\t''
last\t''
null\t''"
complete -c retry -n "__fish_retry_using_subcommand until" -l log -d 'Append a JSON line for each event; - is stderr' -r -F
complete -c retry -n "__fish_retry_using_subcommand until" -l log-tail -d 'How much of the end of each captured stream the log shows of a failed attempt: 4k, 1MiB [default: 0]' -r -f
complete -c retry -n "__fish_retry_using_subcommand until" -l name -d 'The operation\'s name in messages and the log [default: the program\'s]' -r -f
complete -c retry -n "__fish_retry_using_subcommand until" -l label -d 'A free label for the log; repeatable' -r -f
complete -c retry -n "__fish_retry_using_subcommand until" -l message-format -d 'How messages are written: text or json, an object a line [default: text]' -r -f -a "text\t''
json\t''"
complete -c retry -n "__fish_retry_using_subcommand until" -l color -d 'When messages are coloured: auto, always or never [default: auto]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c retry -n "__fish_retry_using_subcommand until" -l key -d 'What is shared: all processes with this key and the same --state heed each other' -r -f
complete -c retry -n "__fish_retry_using_subcommand until" -l concurrency -d 'Attempts of this key that may run at the same time' -r -f
complete -c retry -n "__fish_retry_using_subcommand until" -l rate -d 'Attempts of this key per time: 100/1m lets 100 start at once, and 100 in every further minute' -r -f
complete -c retry -n "__fish_retry_using_subcommand until" -l breaker -d 'A circuit breaker: 5/30s opens after 5 failures in a row for 30s, then tries one attempt at a time' -r -f
complete -c retry -n "__fish_retry_using_subcommand until" -l budget -d 'Retries, as a share of the first attempts: 20% or 0.2' -r -f
complete -c retry -n "__fish_retry_using_subcommand until" -l gate-wait -d 'The longest wait for admission; 0 is not at all [default: the deadline]' -r -f
complete -c retry -n "__fish_retry_using_subcommand until" -l state -d 'Where it is kept: a directory, or redis://, rediss:// or redis+unix:// for many hosts' -r -f
complete -c retry -n "__fish_retry_using_subcommand until" -l on-state-error -d 'What to do when it cannot be reached: proceed without limits, or fail with exit 75 [default: proceed]' -r -f -a "proceed\t''
fail\t''"
complete -c retry -n "__fish_retry_using_subcommand until" -l retries -d 'The same as --max N+1' -r
complete -c retry -n "__fish_retry_using_subcommand until" -l policy -d 'Take the settings of this policy' -r
complete -c retry -n "__fish_retry_using_subcommand until" -l config -d 'Read this configuration, too' -r -F
complete -c retry -n "__fish_retry_using_subcommand until" -l non-idempotent -d 'Retry only what surely never took effect'
complete -c retry -n "__fish_retry_using_subcommand until" -l chronic -d 'Print nothing unless the run finally fails, then the output of all attempts'
complete -c retry -n "__fish_retry_using_subcommand until" -l log-argv -d 'Put the whole command line into the log'
complete -c retry -n "__fish_retry_using_subcommand until" -s q -l quiet -d 'Say nothing'
complete -c retry -n "__fish_retry_using_subcommand until" -s v -l verbose -d 'Say more; twice for every step'
complete -c retry -n "__fish_retry_using_subcommand until" -l new-group -d 'Give the command a process group of its own'
complete -c retry -n "__fish_retry_using_subcommand until" -l adaptive -d 'Hold attempts back as the success rate falls'
complete -c retry -n "__fish_retry_using_subcommand until" -l no-retry -d 'One attempt, all else as usual'
complete -c retry -n "__fish_retry_using_subcommand until" -l no-config -d 'Read no configuration file'
complete -c retry -n "__fish_retry_using_subcommand until" -s h -l help -d 'Print help: -h the most needed, --help all'
complete -c retry -n "__fish_retry_using_subcommand wait" -s n -l max -l attempts -d 'Attempts in all, `inf` for no limit [default: 3]' -r -f
complete -c retry -n "__fish_retry_using_subcommand wait" -l deadline -d 'Time for the whole run, attempts and waits' -r -f
complete -c retry -n "__fish_retry_using_subcommand wait" -l timeout -d 'Time for one attempt' -r -f
complete -c retry -n "__fish_retry_using_subcommand wait" -l idle-timeout -d 'Time that one attempt may write nothing' -r -f
complete -c retry -n "__fish_retry_using_subcommand wait" -l progress-timeout -d 'The run ends when no progress was recorded for this long' -r -f
complete -c retry -n "__fish_retry_using_subcommand wait" -l progress-match -d 'A regular expression over output that is a line of progress; repeatable' -r -f
complete -c retry -n "__fish_retry_using_subcommand wait" -l signal -d 'The signal that a timed-out attempt gets first [default: TERM]' -r -f
complete -c retry -n "__fish_retry_using_subcommand wait" -s k -l kill-after -d 'Time between that signal and SIGKILL [default: 10s]' -r -f
complete -c retry -n "__fish_retry_using_subcommand wait" -s b -l backoff -d 'How the wait grows: fixed, linear, exponential, fibonacci, decorrelated, or a list 1s,2s,4s [default: exponential]' -r -f -a "fixed\t''
constant\t''
linear\t''
exponential\t''
exp\t''
fibonacci\t''
fib\t''
decorrelated\t''"
complete -c retry -n "__fish_retry_using_subcommand wait" -s d -l delay -d 'The first wait [default: 1s]' -r -f
complete -c retry -n "__fish_retry_using_subcommand wait" -l max-delay -d 'No drawn wait is longer, jitter included' -r -f
complete -c retry -n "__fish_retry_using_subcommand wait" -l factor -d 'Growth per retry of the exponential backoff, 1 or more [default: 2]' -r -f
complete -c retry -n "__fish_retry_using_subcommand wait" -s j -l jitter -d 'How a wait is drawn: none, full, equal, additive, a share 25%, or multipliers 0.5..1.5 [default: equal]' -r -f -a "none\t''
full\t''
equal\t''
additive\t''"
complete -c retry -n "__fish_retry_using_subcommand wait" -l max-retry-after -d 'The longest wait that a server may ask for; one that asks for more ends the run [default: 5m]' -r -f
complete -c retry -n "__fish_retry_using_subcommand wait" -l reset-after -d 'An attempt that ran at least this long starts the backoff again from the first wait' -r -f
complete -c retry -n "__fish_retry_using_subcommand wait" -l successes -d 'That many successes in a row are needed [default: 1]' -r -f
complete -c retry -n "__fish_retry_using_subcommand wait" -l seed -d 'Makes every draw repeatable' -r -f
complete -c retry -n "__fish_retry_using_subcommand wait" -l retries -d 'The same as --max N+1' -r
complete -c retry -n "__fish_retry_using_subcommand wait" -l policy -d 'Take the settings of this policy' -r
complete -c retry -n "__fish_retry_using_subcommand wait" -l config -d 'Read this configuration, too' -r -F
complete -c retry -n "__fish_retry_using_subcommand wait" -s q -l quiet -d 'Say nothing'
complete -c retry -n "__fish_retry_using_subcommand wait" -s v -l verbose -d 'Say more; twice for every step'
complete -c retry -n "__fish_retry_using_subcommand wait" -l no-retry -d 'One attempt, all else as usual'
complete -c retry -n "__fish_retry_using_subcommand wait" -l no-config -d 'Read no configuration file'
complete -c retry -n "__fish_retry_using_subcommand wait" -s h -l help -d 'Print help: -h the most needed, --help all'
complete -c retry -n "__fish_retry_using_subcommand explain" -l format -d 'text, json, or delays: the mean waits in seconds on one line' -r
complete -c retry -n "__fish_retry_using_subcommand explain" -s n -l max -l attempts -d 'Attempts in all, `inf` for no limit [default: 3]' -r -f
complete -c retry -n "__fish_retry_using_subcommand explain" -l deadline -d 'Time for the whole run, attempts and waits' -r -f
complete -c retry -n "__fish_retry_using_subcommand explain" -l timeout -d 'Time for one attempt' -r -f
complete -c retry -n "__fish_retry_using_subcommand explain" -l idle-timeout -d 'Time that one attempt may write nothing' -r -f
complete -c retry -n "__fish_retry_using_subcommand explain" -l progress-timeout -d 'The run ends when no progress was recorded for this long' -r -f
complete -c retry -n "__fish_retry_using_subcommand explain" -l progress-match -d 'A regular expression over output that is a line of progress; repeatable' -r -f
complete -c retry -n "__fish_retry_using_subcommand explain" -l signal -d 'The signal that a timed-out attempt gets first [default: TERM]' -r -f
complete -c retry -n "__fish_retry_using_subcommand explain" -s k -l kill-after -d 'Time between that signal and SIGKILL [default: 10s]' -r -f
complete -c retry -n "__fish_retry_using_subcommand explain" -s b -l backoff -d 'How the wait grows: fixed, linear, exponential, fibonacci, decorrelated, or a list 1s,2s,4s [default: exponential]' -r -f -a "fixed\t''
constant\t''
linear\t''
exponential\t''
exp\t''
fibonacci\t''
fib\t''
decorrelated\t''"
complete -c retry -n "__fish_retry_using_subcommand explain" -s d -l delay -d 'The first wait [default: 1s]' -r -f
complete -c retry -n "__fish_retry_using_subcommand explain" -l max-delay -d 'No drawn wait is longer, jitter included' -r -f
complete -c retry -n "__fish_retry_using_subcommand explain" -l factor -d 'Growth per retry of the exponential backoff, 1 or more [default: 2]' -r -f
complete -c retry -n "__fish_retry_using_subcommand explain" -s j -l jitter -d 'How a wait is drawn: none, full, equal, additive, a share 25%, or multipliers 0.5..1.5 [default: equal]' -r -f -a "none\t''
full\t''
equal\t''
additive\t''"
complete -c retry -n "__fish_retry_using_subcommand explain" -l max-retry-after -d 'The longest wait that a server may ask for; one that asks for more ends the run [default: 5m]' -r -f
complete -c retry -n "__fish_retry_using_subcommand explain" -l reset-after -d 'An attempt that ran at least this long starts the backoff again from the first wait' -r -f
complete -c retry -n "__fish_retry_using_subcommand explain" -l successes -d 'That many successes in a row are needed [default: 1]' -r -f
complete -c retry -n "__fish_retry_using_subcommand explain" -l seed -d 'Makes every draw repeatable' -r -f
complete -c retry -n "__fish_retry_using_subcommand explain" -s p -l profile -d 'What is known of the command: auto, none, generic, or a tool\'s name; repeatable [default: auto]' -r -f
complete -c retry -n "__fish_retry_using_subcommand explain" -l retry-on -d 'Exit specs that are worth another attempt: 1, 5-9, SIGKILL, signal, timeout, not-found, !2' -r -f
complete -c retry -n "__fish_retry_using_subcommand explain" -l permanent-on -d 'Exit specs that end the run; they beat --retry-on' -r -f
complete -c retry -n "__fish_retry_using_subcommand explain" -l success-on -d 'Exit codes that count as success; the code itself is still passed on [default: 0]' -r -f
complete -c retry -n "__fish_retry_using_subcommand explain" -l retry-match -d 'A regular expression over the lines of stderr that is worth another attempt; repeatable' -r -f
complete -c retry -n "__fish_retry_using_subcommand explain" -l permanent-match -d 'A regular expression over output that ends the run; repeatable' -r -f
complete -c retry -n "__fish_retry_using_subcommand explain" -l throttle-match -d 'A regular expression over output that means throttled; repeatable' -r -f
complete -c retry -n "__fish_retry_using_subcommand explain" -l success-match -d 'A regular expression over output that a success must show; repeatable' -r -f
complete -c retry -n "__fish_retry_using_subcommand explain" -l otherwise -d 'What no explicit rule speaks of: retry or stop' -r -f -a "retry\t''
stop\t''"
complete -c retry -n "__fish_retry_using_subcommand explain" -s c -l shell -d 'COMMAND is one string for sh -c, or for another shell; further words are $1, $2, …' -r -f
complete -c retry -n "__fish_retry_using_subcommand explain" -l stdin -d 'What the command reads: auto, inherit, replay or null [default: auto]' -r -f -a "auto\t''
inherit\t''
replay\t''
null\t''"
complete -c retry -n "__fish_retry_using_subcommand explain" -l stdin-max -d 'How much of a pipe is kept for further attempts; one that read more is not tried again [default: 1GiB]' -r -f
complete -c retry -n "__fish_retry_using_subcommand explain" -l fail-if-flaky -d 'Exit with this status when it succeeded, but not at first' -r -f
complete -c retry -n "__fish_retry_using_subcommand explain" -l exhausted-code -d 'Exit with this status when the attempts ran out' -r -f
complete -c retry -n "__fish_retry_using_subcommand explain" -l stdout -d 'What becomes of the command\'s stdout: stream, success or null [default: stream]' -r -f -a "stream\t''
success\t''
null\t''"
complete -c retry -n "__fish_retry_using_subcommand explain" -s O -d 'Only the successful attempt\'s stdout: the same as --stdout success' -r
complete -c retry -n "__fish_retry_using_subcommand explain" -l stderr -d 'What becomes of the command\'s stderr: stream, last or null [default: stream]' -r -f -a "stream\t''
last\t''
null\t''"
complete -c retry -n "__fish_retry_using_subcommand explain" -l log -d 'Append a JSON line for each event; - is stderr' -r -F
complete -c retry -n "__fish_retry_using_subcommand explain" -l log-tail -d 'How much of the end of each captured stream the log shows of a failed attempt: 4k, 1MiB [default: 0]' -r -f
complete -c retry -n "__fish_retry_using_subcommand explain" -l name -d 'The operation\'s name in messages and the log [default: the program\'s]' -r -f
complete -c retry -n "__fish_retry_using_subcommand explain" -l label -d 'A free label for the log; repeatable' -r -f
complete -c retry -n "__fish_retry_using_subcommand explain" -l message-format -d 'How messages are written: text or json, an object a line [default: text]' -r -f -a "text\t''
json\t''"
complete -c retry -n "__fish_retry_using_subcommand explain" -l color -d 'When messages are coloured: auto, always or never [default: auto]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c retry -n "__fish_retry_using_subcommand explain" -l key -d 'What is shared: all processes with this key and the same --state heed each other' -r -f
complete -c retry -n "__fish_retry_using_subcommand explain" -l concurrency -d 'Attempts of this key that may run at the same time' -r -f
complete -c retry -n "__fish_retry_using_subcommand explain" -l rate -d 'Attempts of this key per time: 100/1m lets 100 start at once, and 100 in every further minute' -r -f
complete -c retry -n "__fish_retry_using_subcommand explain" -l breaker -d 'A circuit breaker: 5/30s opens after 5 failures in a row for 30s, then tries one attempt at a time' -r -f
complete -c retry -n "__fish_retry_using_subcommand explain" -l budget -d 'Retries, as a share of the first attempts: 20% or 0.2' -r -f
complete -c retry -n "__fish_retry_using_subcommand explain" -l gate-wait -d 'The longest wait for admission; 0 is not at all [default: the deadline]' -r -f
complete -c retry -n "__fish_retry_using_subcommand explain" -l state -d 'Where it is kept: a directory, or redis://, rediss:// or redis+unix:// for many hosts' -r -f
complete -c retry -n "__fish_retry_using_subcommand explain" -l on-state-error -d 'What to do when it cannot be reached: proceed without limits, or fail with exit 75 [default: proceed]' -r -f -a "proceed\t''
fail\t''"
complete -c retry -n "__fish_retry_using_subcommand explain" -l retries -d 'The same as --max N+1' -r
complete -c retry -n "__fish_retry_using_subcommand explain" -l policy -d 'Take the settings of this policy' -r
complete -c retry -n "__fish_retry_using_subcommand explain" -l config -d 'Read this configuration, too' -r -F
complete -c retry -n "__fish_retry_using_subcommand explain" -l all -d 'List every policy, and the file it is from'
complete -c retry -n "__fish_retry_using_subcommand explain" -l non-idempotent -d 'Retry only what surely never took effect'
complete -c retry -n "__fish_retry_using_subcommand explain" -l chronic -d 'Print nothing unless the run finally fails, then the output of all attempts'
complete -c retry -n "__fish_retry_using_subcommand explain" -l log-argv -d 'Put the whole command line into the log'
complete -c retry -n "__fish_retry_using_subcommand explain" -s q -l quiet -d 'Say nothing'
complete -c retry -n "__fish_retry_using_subcommand explain" -s v -l verbose -d 'Say more; twice for every step'
complete -c retry -n "__fish_retry_using_subcommand explain" -l new-group -d 'Give the command a process group of its own'
complete -c retry -n "__fish_retry_using_subcommand explain" -l adaptive -d 'Hold attempts back as the success rate falls'
complete -c retry -n "__fish_retry_using_subcommand explain" -l no-retry -d 'One attempt, all else as usual'
complete -c retry -n "__fish_retry_using_subcommand explain" -l no-config -d 'Read no configuration file'
complete -c retry -n "__fish_retry_using_subcommand explain" -s h -l help -d 'Print help: -h the most needed, --help all'
complete -c retry -n "__fish_retry_using_subcommand classify" -l exit -d 'The command returned this status' -r
complete -c retry -n "__fish_retry_using_subcommand classify" -l killed-by -d 'The command died of this signal' -r
complete -c retry -n "__fish_retry_using_subcommand classify" -l stderr-file -d 'What it wrote to stderr' -r -F
complete -c retry -n "__fish_retry_using_subcommand classify" -l stdout-file -d 'What it wrote to stdout' -r -F
complete -c retry -n "__fish_retry_using_subcommand classify" -l now -d 'When that was, RFC 3339; dates in the output are read against it [default: now]' -r
complete -c retry -n "__fish_retry_using_subcommand classify" -l batch -d 'Judge many results: JSON lines with argv, exit_code or signal, stdout, stderr, now; - is stdin' -r -F
complete -c retry -n "__fish_retry_using_subcommand classify" -l format -d 'text or json, an object a line' -r
complete -c retry -n "__fish_retry_using_subcommand classify" -s p -l profile -d 'What is known of the command: auto, none, generic, or a tool\'s name; repeatable [default: auto]' -r -f
complete -c retry -n "__fish_retry_using_subcommand classify" -l retry-on -d 'Exit specs that are worth another attempt: 1, 5-9, SIGKILL, signal, timeout, not-found, !2' -r -f
complete -c retry -n "__fish_retry_using_subcommand classify" -l permanent-on -d 'Exit specs that end the run; they beat --retry-on' -r -f
complete -c retry -n "__fish_retry_using_subcommand classify" -l success-on -d 'Exit codes that count as success; the code itself is still passed on [default: 0]' -r -f
complete -c retry -n "__fish_retry_using_subcommand classify" -l retry-match -d 'A regular expression over the lines of stderr that is worth another attempt; repeatable' -r -f
complete -c retry -n "__fish_retry_using_subcommand classify" -l permanent-match -d 'A regular expression over output that ends the run; repeatable' -r -f
complete -c retry -n "__fish_retry_using_subcommand classify" -l throttle-match -d 'A regular expression over output that means throttled; repeatable' -r -f
complete -c retry -n "__fish_retry_using_subcommand classify" -l success-match -d 'A regular expression over output that a success must show; repeatable' -r -f
complete -c retry -n "__fish_retry_using_subcommand classify" -l otherwise -d 'What no explicit rule speaks of: retry or stop' -r -f -a "retry\t''
stop\t''"
complete -c retry -n "__fish_retry_using_subcommand classify" -s c -l shell -d 'COMMAND is one string for sh -c, or for another shell; further words are $1, $2, …' -r -f
complete -c retry -n "__fish_retry_using_subcommand classify" -l policy -d 'Take the settings of this policy' -r
complete -c retry -n "__fish_retry_using_subcommand classify" -l config -d 'Read this configuration, too' -r -F
complete -c retry -n "__fish_retry_using_subcommand classify" -l timed-out -d 'The command was stopped because its time was over'
complete -c retry -n "__fish_retry_using_subcommand classify" -l non-idempotent -d 'Retry only what surely never took effect'
complete -c retry -n "__fish_retry_using_subcommand classify" -l no-config -d 'Read no configuration file'
complete -c retry -n "__fish_retry_using_subcommand classify" -s h -l help -d 'Print help: -h the most needed, --help all'
complete -c retry -n "__fish_retry_using_subcommand profiles" -l format -d 'text or json' -r
complete -c retry -n "__fish_retry_using_subcommand profiles" -l config -d 'Read this configuration, too' -r -F
complete -c retry -n "__fish_retry_using_subcommand profiles" -l no-config -d 'Read no configuration file'
complete -c retry -n "__fish_retry_using_subcommand profiles" -s h -l help -d 'Print help: -h the most needed, --help all'
complete -c retry -n "__fish_retry_using_subcommand state" -l format -d 'text or json' -r
complete -c retry -n "__fish_retry_using_subcommand state" -l for -d 'How long close closes the key, from now on; 0 opens it' -r
complete -c retry -n "__fish_retry_using_subcommand state" -l concurrency -d 'Attempts of this key that may run at the same time' -r -f
complete -c retry -n "__fish_retry_using_subcommand state" -l rate -d 'Attempts of this key per time: 100/1m lets 100 start at once, and 100 in every further minute' -r -f
complete -c retry -n "__fish_retry_using_subcommand state" -l breaker -d 'A circuit breaker: 5/30s opens after 5 failures in a row for 30s, then tries one attempt at a time' -r -f
complete -c retry -n "__fish_retry_using_subcommand state" -l budget -d 'Retries, as a share of the first attempts: 20% or 0.2' -r -f
complete -c retry -n "__fish_retry_using_subcommand state" -l gate-wait -d 'The longest wait for admission; 0 is not at all [default: the deadline]' -r -f
complete -c retry -n "__fish_retry_using_subcommand state" -l state -d 'Where it is kept: a directory, or redis://, rediss:// or redis+unix:// for many hosts' -r -f
complete -c retry -n "__fish_retry_using_subcommand state" -l policy -d 'Take the settings of this policy' -r
complete -c retry -n "__fish_retry_using_subcommand state" -l config -d 'Read this configuration, too' -r -F
complete -c retry -n "__fish_retry_using_subcommand state" -l adaptive -d 'Hold attempts back as the success rate falls'
complete -c retry -n "__fish_retry_using_subcommand state" -l no-config -d 'Read no configuration file'
complete -c retry -n "__fish_retry_using_subcommand state" -s h -l help -d 'Print help: -h the most needed, --help all'
