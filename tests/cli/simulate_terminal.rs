//! What simulations show on a terminal: while they work, after Ctrl-C, and in the end.

use super::harness::Ran;
use crate::support::RETRY;

/// Types Ctrl-C once one of the words before the command is shown, and prints all that is.
const SCRIPT: &str = "
import os, pty, sys
wanted, command = sys.argv[1].split(','), sys.argv[2:]
child, terminal = pty.fork()
if child == 0:
    os.execv(command[0], command)
shown, more = b'', b'begin'
while more:
    try:
        more = os.read(terminal, 65536)
    except OSError:
        more = b''
    shown += more
    if any(word.encode() in shown for word in wanted) and b'^C' not in shown:
        os.write(terminal, b'\\x03')
os.waitpid(child, 0)
sys.stdout.buffer.write(shown)
";

/// All that retry shows, interrupted as soon as one of the wanted words is.
fn interrupted_at(wanted: &str, words: &str) -> String {
    let mut command = assert_cmd::Command::new("python3");
    command.args(["-c", SCRIPT, wanted, RETRY]).args(words.split_whitespace()).env("TERM", "xterm");
    command.env("LC_ALL", "C.UTF-8").timeout(std::time::Duration::from_secs(120));
    Ran::of(&mut command).exits(0).text()
}

/// Who waits in front of a terminal sees how far it is, in a line that is gone in the end.
#[test]
fn a_terminal_is_told_how_far_it_is() {
    let shown = interrupted_at(
        "runs simulated",
        "simulate --threads 1 --clients 3000 --outage 0s..inf:refuse --max inf --delay 1ms --max-delay 1ms --horizon 6d",
    );
    assert!(shown.starts_with("\r\u{1b}[Kretry: 0 of 1 runs simulated, t = "), "{shown:?}");
    let (_, rest) = shown.rsplit_once("\r\u{1b}[K").expect("the line is erased");
    assert!(rest.contains("stopped at t = "), "{rest:?}");
}

/// Nobody tries 25,600 rivals for a row, and a search that is interrupted tells what it has found.
#[test]
fn a_search_says_what_it_tries_and_when_interrupted_what_it_knows() {
    let shown = interrupted_at(
        "clients 6000: ,clients 10000: ",
        "simulate --model occ --find clients --clients 1500 --runs 6 --threads 1",
    );
    assert!(shown.contains("retry: clients "), "{shown:?}");
    let (_, rest) = shown.rsplit_once("\r\u{1b}[K").expect("the line is erased");
    assert!(rest.contains("so far: survives with "), "{rest:?}");
    assert!(rest.contains("stopped at t = "), "{rest:?}");
}

#[test]
fn the_verdict_of_explain_breaks_between_words() {
    let shown = interrupted_at("nothing", "explain --max inf --simulate 1000,outage=30s");
    let lines: Vec<_> = shown.lines().collect();
    assert!(lines.len() > 1 && lines.iter().all(|line| line.chars().count() <= 80), "{shown:?}");
    assert!(lines[0].starts_with("1,000 clients, 30s outage, "), "{shown:?}");
}
