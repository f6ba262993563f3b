//! How `retry replay` shows a person how far it is.

use super::letters::fail_with;
use crate::supervision::program::End;
use crate::supervision::terminal::Terminal;
use crate::support::Sandbox;

#[test]
fn a_terminal_is_told_how_far_it_is_and_a_file_is_not() {
    let sandbox = Sandbox::new();
    for name in ["one", "two", "three"] {
        let job = ["sh", "-c", "cat >/dev/null; test -e up"];
        fail_with(&sandbox, name.as_bytes(), &["--name", name], &job).exits(1);
    }
    sandbox.write("up", "");
    let ran = sandbox.run(["replay", "--dry-run", "dlq"]).exits(0);
    assert!(!ran.stderr.contains("left]"), "{}", ran.stderr);
    let mut terminal = Terminal::retry(&sandbox, &["replay", "dlq"]);
    assert_eq!(terminal.end(), End::Code(0));
    let screen = terminal.screen();
    for told in ["1/3 one", "[1 done, ", "[2 done, ", "s left]", "3 succeeded, 0 kept"] {
        assert!(screen.contains(told), "{told} is missing: {screen}");
    }
    assert!(!screen.contains("[3 done"), "nothing is left then: {screen}");
}
