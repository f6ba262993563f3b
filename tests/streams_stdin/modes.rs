//! `--stdin`, and what each kind of input is by default.

use std::fs::File;
use std::os::fd::AsRawFd;

use super::*;
use crate::support::Sandbox;

/// What the command's descriptor 0 is, once for each attempt.
const WHAT: &str = "readlink /proc/self/fd/0; exit 1";

#[test]
fn a_pipe_is_inherited_when_there_is_one_attempt() {
    for args in [["-q", "--max=1"], ["-q", "--no-retry"]] {
        let (reader, _writer) = std::io::pipe().expect("a pipe");
        let ours = std::fs::read_link(format!("/proc/self/fd/{}", reader.as_raw_fd())).expect("a link");
        let args = [&args[..], &["--", "sh", "-c", WHAT]].concat();
        let output = run(&Sandbox::new(), reader, &args);
        prints(&output, format!("{}\n", ours.display()));
    }
}

#[test]
fn the_last_attempt_has_the_pipe_itself_if_none_has_read() {
    let (reader, _writer) = std::io::pipe().expect("a pipe");
    let ours = std::fs::read_link(format!("/proc/self/fd/{}", reader.as_raw_fd())).expect("a link");
    let output = run(&Sandbox::new(), reader, &thrice(WHAT));
    let links: Vec<_> = std::str::from_utf8(&output.stdout).expect("text").lines().collect();
    assert_eq!(links.len(), 3, "{output:?}");
    let same = links.iter().map(|found| std::path::Path::new(found) == ours);
    assert_eq!(same.collect::<Vec<_>>(), [false, false, true]);
}

#[test]
fn devices_are_inherited() {
    let sandbox = Sandbox::new();
    let zero = File::open("/dev/zero").expect("the device");
    prints(&run(&sandbox, zero, &thrice(WHAT)), "/dev/zero\n".repeat(3));
    prints(&run(&sandbox, Stdio::null(), &thrice(WHAT)), "/dev/null\n".repeat(3));
}

#[test]
fn inherited_input_is_used_up() {
    let output = shell(&Sandbox::new(), r#"seq 3 | "$R" -q -d 0 --stdin inherit -- sh -c 'wc -l; exit 1'"#);
    prints(&output, "3\n0\n0\n");
}

#[test]
fn null_is_empty_and_leaves_the_input_alone() {
    let script =
        r#"seq 3 | ("$R" -q -d 0 --stdin null -- sh -c 'readlink /proc/self/fd/0; wc -l; exit 1'; cat)"#;
    prints(&shell(&Sandbox::new(), script), format!("{}1\n2\n3\n", "/dev/null\n0\n".repeat(3)));
    let script = r#""$R" -q --max 1 --stdin null -- readlink /proc/self/fd/0 <&-"#;
    prints(&shell(&Sandbox::new(), script), "/dev/null\n");
}

#[test]
fn a_closed_stdin_stays_closed() {
    let script = r#""$R" -q -d 0 -- sh -c '[ -e /proc/self/fd/0 ] || echo closed; exit 1' <&-"#;
    let check = r"sh -c '[ -e /proc/$$/fd/0 ] || echo closed' <&-";
    let sandbox = Sandbox::new();
    // The shell itself would not tell if it opened something.
    prints(&shell(&sandbox, check), "closed\n");
    let script = script.replace("/proc/self/", "/proc/$$/");
    prints(&shell(&sandbox, &script), "closed\n".repeat(3));
    let replay = script.replace("-q", "-q --stdin replay");
    prints(&shell(&sandbox, &replay), "closed\n".repeat(3));
}

#[test]
fn a_device_cannot_be_replayed() {
    let sandbox = Sandbox::new();
    let zero = File::open("/dev/zero").expect("the device");
    let output = run(&sandbox, zero, &["--stdin", "replay", "--", "touch", "ran"]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(125), "{said}");
    assert!(said.contains("--stdin replay cannot replay stdin: it is a device"), "{said}");
    assert!(said.contains("hint: use --stdin inherit"), "{said}");
    assert!(!sandbox.path("ran").exists());
}

#[test]
fn a_terminal_cannot_be_replayed() {
    let sandbox = Sandbox::new();
    // script(1) gives it a terminal.
    let line = format!("{} --stdin replay -- touch ran; echo $?", crate::support::RETRY);
    let mut command = std::process::Command::new("script");
    command.args(["-qec", &line, "/dev/null"]).current_dir(sandbox.path(".")).stdin(Stdio::null());
    let output = command.output().expect("script(1) of util-linux");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(said.contains("cannot replay stdin: it is a terminal"), "{said}");
    assert!(said.trim_end().ends_with("125"), "{said}");
    assert!(!sandbox.path("ran").exists());
}

#[test]
#[cfg_attr(not(has_fd_path), ignore = "needs fd_path")]
fn replay_takes_files_pipes_and_nothing_at_all() {
    let sandbox = Sandbox::new();
    sandbox.write("input", "y");
    let script = r#"for from in 'cat input |' '' '<input'; do
        case $from in
        '') "$R" --stdin replay -q -d 0 -- sh -c 'cat; exit 1' </dev/null;;
        '<input') "$R" --stdin replay -q -d 0 -- sh -c 'cat; exit 1' <input;;
        *) cat input | "$R" --stdin replay -q -d 0 -- sh -c 'cat; exit 1';;
        esac; echo; done"#;
    prints(&shell(&sandbox, script), "yyy\n\nyyy\n");
}

#[test]
fn none_of_our_descriptors_reach_the_command() {
    // Others may be open already where the tests run.
    let sandbox = Sandbox::new();
    let plain = shell(&sandbox, &format!("{} fds", crate::support::fixture()));
    let output = shell(
        &sandbox,
        &format!(r#"seq 9 | "$R" -q -d 0 -- sh -c '{} fds; exit 1'"#, crate::support::fixture()),
    );
    prints(&output, plain.stdout.repeat(3));
}

#[test]
fn no_flag_of_the_input_is_changed() {
    // One file description for all who share it: a flag would outlive us.
    let script = r#"seq 100000 | { "$R" -q -d 0 -- sh -c 'head -c 1; exit 1' >/dev/null; grep flags /proc/self/fdinfo/0; }"#;
    let output = shell(&Sandbox::new(), script);
    let said = String::from_utf8_lossy(&output.stdout);
    let flags = said.split_whitespace().last().and_then(|flags| u32::from_str_radix(flags, 8).ok());
    assert_eq!(flags.map(|flags| flags & 0o4000), Some(0), "{said}");
}
