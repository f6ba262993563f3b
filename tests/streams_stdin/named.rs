//! Inputs that an argument names: `/dev/fd/N`, as `<(…)` of a shell becomes.

use super::*;
use crate::support::Sandbox;

/// bash with `$R` as the binary under test.
fn bash(script: &str) -> Output {
    let sandbox = Sandbox::new();
    let mut command = std::process::Command::new("bash");
    command.args(["-c", script]).env("R", crate::support::RETRY).current_dir(sandbox.path("."));
    command.stdin(Stdio::null()).output().expect("bash(1)")
}

#[test]
fn every_attempt_reads_what_a_substitution_writes() {
    for read in [r#"cat "$1""#, "cat <&${1##*/}"] {
        let script = format!(
            r#""$R" -q -d 0 -- bash -c '{read}; test $RETRY_ATTEMPT = 3' x <(echo first; echo second); echo $?"#
        );
        prints(&bash(&script), "first\nsecond\n".repeat(3) + "0\n");
    }
}

#[test]
fn an_argument_may_say_more_than_the_path() {
    let script = r#""$R" -q -d 0 -- sh -c 'cat "${1#*@}"; exit 1' x data@<(echo one)
        "$R" -q -d 0 -c 'cat /proc/self/fd/7; exit 1' 7< <(echo two)"#;
    prints(&bash(script), "one\none\none\ntwo\ntwo\ntwo\n");
}

#[test]
fn any_number_of_them_are_replayed_beside_stdin() {
    let script = r#"seq 7 9 | "$R" -q -d 0 -- sh -c 'paste -d, "$1" "$2" -; exit 1' x <(seq 3) <(seq 4 6)"#;
    prints(&bash(script), "1,4,7\n2,5,8\n3,6,9\n".repeat(3));
}

#[test]
fn much_is_replayed_too() {
    let script = r#""$R" -q -d 0 -- sh -c 'md5sum <"$1"; exit 1' x <(seq 500000); seq 500000 | md5sum"#;
    let output = bash(script);
    let printed = String::from_utf8_lossy(&output.stdout);
    let sums: Vec<_> = printed.lines().collect();
    assert!(sums.len() == 4 && sums.iter().all(|sum| *sum == sums[0]), "{output:?}");
}

#[test]
#[cfg_attr(not(has_tee), ignore = "needs tee")]
fn no_more_is_taken_than_was_read() {
    let script = r#"exec 7< <(seq 100000); "$R" -q -d 0 -- sh -c 'head -c 4 <&7; : "$1"; exit 1' x /dev/fd/7; head -c 4 <&7"#;
    prints(&bash(script), "1\n2\n".repeat(3) + "3\n4\n");
}

#[test]
fn one_pipe_under_two_numbers_is_given_once() {
    let script = r#"seq 3 | "$R" -q -d 0 -- sh -c 'cat; cat "$1"; exit 1' x /dev/fd/7 7<&0"#;
    prints(&bash(script), "1\n2\n3\n".repeat(3));
}

#[test]
fn what_is_opened_twice_goes_on_where_it_was_left() {
    // Also in later attempts: a file would begin anew.
    let script = r#"seq 3 | "$R" -q -d 0 -- sh -c 'read a; echo $a; cat /dev/stdin; cat /dev/stdin; exit 1'"#;
    prints(&bash(script), "1\n2\n3\n".repeat(3));
}

#[test]
#[cfg_attr(not(has_fd_path), ignore = "needs fd_path")]
fn a_file_is_read_from_where_it_stood() {
    let script = r#"seq 4 >f; exec 7<f; read x <&7
        "$R" -q -d 0 -- bash -c 'read a; read b <&7; echo $a $b; : "$1"; exit 1' x /dev/fd/7 <f; cat <&7"#;
    prints(&bash(script), "1 2\n1 2\n1 2\n3\n4\n");
}

#[test]
fn what_cannot_be_kept_is_read_once_and_that_is_said() {
    let script = r#""$R" -d 0 --stdin-max 1k -- sh -c 'wc -l <"$1"; exit 7' x <(seq 5000); echo $?"#;
    let output = bash(script);
    prints(&output, "5000\n7\n");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("/dev/fd/63 cannot be replayed: more than --stdin-max 1KiB was read"), "{said}");
}

#[test]
fn nothing_is_done_for_one_attempt_or_where_stdin_is_inherited() {
    for option in ["--max 1", "--stdin inherit"] {
        let script = format!(
            r#"exec 7< <(seq 3); here=$(readlink /proc/$$/fd/7)
            "$R" -q {option} -- sh -c 'readlink /proc/self/fd/7; : "$1"' x /dev/fd/7 7<&7 | grep -cF "$here""#
        );
        prints(&bash(&script), "1\n");
    }
}

#[test]
fn where_the_command_writes_is_left_alone() {
    let script = r#"{ "$R" -q -d 0 -- sh -c 'echo $RETRY_ATTEMPT >"$1"; exit 1' x /dev/fd/7; } 7> >(cat)
        "$R" -q -d 0 -- sh -c 'echo $RETRY_ATTEMPT >&7; : "$1"; exit 1' x /dev/fd/7 7>f; cat f"#;
    let output = bash(script);
    let mut printed: Vec<_> = output.stdout.split(|&byte| byte == b'\n').collect();
    printed.sort_unstable();
    assert_eq!(printed, [&b""[..], b"1", b"1", b"2", b"2", b"3", b"3"], "{output:?}");
}
