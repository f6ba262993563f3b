//! Captured streams that are terminals.
#![expect(unsafe_code, reason = "a terminal is made with openpty")]

use std::fs::File;
use std::io::Read;
use std::os::fd::{AsFd, FromRawFd, OwnedFd};
use std::process::{Child, Stdio};

use rustix::io::{FdFlags, fcntl_setfd};
use rustix::termios::{OptionalActions, Winsize, tcgetattr, tcsetattr, tcsetwinsize};

use crate::support::{Sandbox, wait_for};

/// A terminal that shows what is written to it, unaltered.
struct Terminal {
    screen: File,
    line: OwnedFd,
}

impl Terminal {
    fn new(columns: u16) -> Self {
        let (mut screen, mut line) = (-1, -1);
        let null = std::ptr::null_mut;
        // SAFETY: the two descriptors are written to valid places, nothing else is asked for.
        let made =
            unsafe { libc::openpty(&raw mut screen, &raw mut line, null(), null().cast(), null().cast()) };
        assert_eq!(made, 0);
        // SAFETY: both have just been opened.
        let (screen, line) = unsafe { (File::from_raw_fd(screen), OwnedFd::from_raw_fd(line)) };
        // openpty() leaves them to every process that other tests start.
        fcntl_setfd(&screen, FdFlags::CLOEXEC).unwrap();
        fcntl_setfd(&line, FdFlags::CLOEXEC).unwrap();
        let mut modes = tcgetattr(&line).unwrap();
        modes.make_raw();
        tcsetattr(&line, OptionalActions::Now, &modes).unwrap();
        let terminal = Self { screen, line };
        terminal.resize(columns);
        terminal
    }

    fn resize(&self, columns: u16) {
        let size = Winsize { ws_row: 33, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 };
        tcsetwinsize(&self.screen, size).unwrap();
    }

    fn line(&self) -> OwnedFd {
        self.line.try_clone().unwrap()
    }

    /// Both streams of the run on this terminal.
    fn run(&self, sandbox: &Sandbox, words: &[&str]) -> Child {
        sandbox.spawnable(words).stdout(self.line()).stderr(self.line()).spawn().unwrap()
    }

    /// What was shown until everything that could write to it was gone.
    fn shown(self) -> String {
        String::from_utf8(self.shown_bytes()).unwrap()
    }

    fn shown_bytes(mut self) -> Vec<u8> {
        drop(self.line);
        let mut shown = Vec::new();
        // The end of a terminal is an error.
        let _end = self.screen.read_to_end(&mut shown);
        shown
    }
}

#[track_caller]
fn shows(options: &[&str], script: &str, expected: &str) {
    let sandbox = Sandbox::new();
    let terminal = Terminal::new(91);
    let words: Vec<_> = options.iter().chain(&["--", "sh", "-c", script]).copied().collect();
    let mut child = terminal.run(&sandbox, &words);
    assert!(child.wait().unwrap().success());
    assert_eq!(terminal.shown(), expected, "{options:?}");
}

#[test]
fn a_captured_terminal_is_still_a_terminal_of_its_size() {
    let script = "test -t 1 && test -t 2 && stty size <&1 && stty size <&2";
    shows(&["--idle-timeout", "50"], script, "33 91\n33 91\n");
    shows(&["-O", "--stderr", "last"], script, "33 91\n33 91\n");
    shows(&["-O"], "test -t 1 && test -t 2 && echo yes", "yes\n");
}

#[test]
fn what_is_written_to_a_captured_terminal_is_not_altered() {
    let script = r"printf 'a\nb\r\nc\td\033[31m\200\303\244'";
    let sandbox = Sandbox::new();
    let terminal = Terminal::new(80);
    let mut child = terminal.run(&sandbox, &["--idle-timeout", "50", "--", "sh", "-c", script]);
    assert!(child.wait().unwrap().success());
    assert_eq!(terminal.shown_bytes(), b"a\nb\r\nc\td\x1b[31m\x80\xc3\xa4");
}

#[test]
fn both_streams_on_one_terminal_keep_their_order() {
    let script = "n=0; while [ $((n+=1)) -le 50 ]; do echo o$n; echo e$n >&2; done";
    let lines: Vec<_> = (1..=50).map(|n| format!("o{n}\ne{n}\n")).collect();
    let expected = lines.concat();
    shows(&["--idle-timeout", "50"], script, &expected);
}

#[test]
fn what_a_process_writes_after_the_end_is_shown() {
    let sandbox = Sandbox::new();
    let terminal = Terminal::new(91);
    let script = "(n=0; until [ -e go ]; do sleep 0.01; [ $((n+=1)) = 3000 ] && exit; done; echo late; echo $? >wrote) & echo begun";
    let mut child = terminal.run(&sandbox, &["--idle-timeout", "50", "--", "sh", "-c", script]);
    assert!(child.wait().unwrap().success());
    sandbox.write("go", "");
    assert_eq!(terminal.shown(), "begun\nlate\n");
    wait_for("the end of what was left", || sandbox.read("wrote") == "0\n");
}

#[test]
fn a_new_size_reaches_the_command() {
    let sandbox = Sandbox::new();
    let terminal = Terminal::new(80);
    let script = "trap 'stty size <&1; exit' WINCH; touch ready; while :; do sleep 0.02; done";
    let mut child = terminal.run(&sandbox, &["--idle-timeout", "50", "--", "sh", "-c", script]);
    wait_for("the command", || sandbox.path("ready").exists());
    terminal.resize(123);
    std::process::Command::new("kill").args(["-WINCH", &child.id().to_string()]).status().unwrap();
    assert!(child.wait().unwrap().success());
    assert!(terminal.shown().contains("33 123\n"));
}

#[test]
fn the_real_terminal_is_left_as_it_is() {
    let sandbox = Sandbox::new();
    let terminal = Terminal::new(80);
    let modes = |terminal: &Terminal| {
        let modes = tcgetattr(&terminal.line).unwrap();
        let flags = rustix::fs::fcntl_getfl(terminal.line.as_fd()).unwrap();
        (modes.input_modes, modes.output_modes, modes.local_modes, modes.control_modes, flags)
    };
    let before = modes(&terminal);
    let mut child =
        terminal.run(&sandbox, &["--idle-timeout", "50", "--", "sh", "-c", "stty sane <&1; echo x"]);
    assert!(child.wait().unwrap().success());
    assert_eq!(modes(&terminal), before);
}

/// What is said on stderr by a run whose stdout is a pipe that nobody reads meanwhile.
fn said_beside_a_pipe(sandbox: &Sandbox, on_terminal: bool, words: &[&str]) -> String {
    let terminal = Terminal::new(200);
    let (unread, stdout) = std::io::pipe().unwrap();
    let mut command = sandbox.spawnable(words);
    command.stdout(stdout);
    if on_terminal {
        command.stderr(terminal.line());
    } else {
        command.stderr(Stdio::piped());
    }
    let child = command.spawn().unwrap();
    drop(command);
    let done = child.wait_with_output().unwrap();
    drop(unread);
    terminal.shown() + &String::from_utf8_lossy(&done.stderr)
}

#[test]
fn advice_on_a_tool_that_never_fails_is_given_once_to_a_person() {
    let sandbox = Sandbox::new();
    let curl = sandbox.write("curl", "#!/bin/sh\n[ \"$RETRY_ATTEMPT\" != \"$FAILS\" ] || exit 7\n");
    std::fs::set_permissions(&curl, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let advice = "hint: curl exits 0 even on HTTP errors; add --fail";
    for (on_terminal, options, command, expected) in [
        (true, &[][..], &["./curl", "http://x"][..], 1),
        (true, &["--successes", "2", "--delay", "0"], &["./curl", "http://x"], 1),
        // What has just failed needs no advice; its later success does.
        (true, &["--delay", "0"], &["env", "FAILS=1", "./curl", "http://x"], 1),
        (true, &["--max", "1"], &["env", "FAILS=1", "./curl", "http://x"], 0),
        (true, &[], &["./curl", "-sSf", "http://x"], 0),
        (true, &["-q"], &["./curl", "http://x"], 0),
        (false, &[], &["./curl", "http://x"], 0),
        (false, &["-v"], &["./curl", "http://x"], 1),
    ] {
        let words = [options, &["--"], command].concat();
        let said = said_beside_a_pipe(&sandbox, on_terminal, &words);
        assert_eq!(said.matches(advice).count(), expected, "{words:?}: {said}");
        // Other advice is for those who ask for more.
        let is_asked = options.contains(&"-v");
        assert_eq!(said.contains("curl hides the server's"), is_asked, "{words:?}: {said}");
    }
}

#[test]
fn a_failed_attempt_that_wrote_to_a_pipe_is_told_of_once_to_a_person() {
    let writes = "echo x; test $RETRY_ATTEMPT = 3";
    for (on_terminal, options, script, expected) in [
        (true, &[][..], writes, 1),
        (false, &["-v"], writes, 1),
        (false, &[], writes, 0),
        (true, &["-q"], writes, 0),
        (true, &["-O"], writes, 0),
        (true, &["--max", "1"], writes, 0),
        (true, &[], "test $RETRY_ATTEMPT = 3 && echo x", 0),
    ] {
        let sandbox = Sandbox::new();
        let words = [&["--delay", "0"], options, &["--", "sh", "-c", script]].concat();
        let said = said_beside_a_pipe(&sandbox, on_terminal, &words);
        assert_eq!(said.matches("already wrote to stdout (a pipe)").count(), expected, "{words:?}: {said}");
        assert_eq!(said.matches(". Use -O to pass on").count(), expected, "{words:?}: {said}");
    }
}
