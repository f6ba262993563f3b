//! Tools with protocols of their own: ssh, rsync, psql, redis-cli.

use super::faults::{Fault, Place};
use super::{Case, Run, all_are_judged};
use crate::support::Sandbox;

#[test]
fn ssh_is_judged_by_how_the_connection_ended() {
    let ssh = "{ssh} 127.0.0.1 true";
    let quiet = "{ssh} -q 127.0.0.1 true";
    all_are_judged(&[
        Case::new(ssh, &[], ["transient", "refused", "ssh"]),
        Case::new(quiet, &[], ["transient", "network", "ssh"]),
        Case::new(ssh, &[Fault::Reset], ["transient", "reset", "ssh"]),
        Case::new(ssh, &[Fault::Silence], ["transient", "reset", "ssh"]),
        Case::new(ssh, &[Fault::Greeting("Exceeded MaxStartups\r\n")], ["transient", "reset", "ssh"]),
        Case::new(ssh, &[Fault::Greeting("SSH-2.0-x\r\n")], ["transient", "reset", "ssh"]),
        Case::new(ssh, &[Fault::Greeting("SSH-1.0-x\r\n")], ["permanent", "protocol", "ssh"]),
    ]);
}

#[test]
fn rsync_is_judged_by_what_its_daemon_or_its_shell_did() {
    let daemon = "rsync --contimeout=10 rsync://127.0.0.1:{port}/module/file out";
    let shell = "rsync 127.0.0.1:file out";
    all_are_judged(&[
        Case::new(daemon, &[], ["transient", "refused", "rsync"]),
        Case::new(daemon, &[Fault::Reset], ["transient", "reset", "rsync"]),
        Case::new(daemon, &[Fault::Silence], ["transient", "network", "rsync"]),
        Case::new(
            daemon,
            &[Fault::Greeting("@RSYNCD: 31.0\n@ERROR: max connections (1) reached -- try again later\n")],
            ["transient", "capacity", "rsync"],
        ),
        Case::new(
            daemon,
            &[Fault::Greeting("@RSYNCD: 31.0\n@ERROR: Unknown module 'module'\n")],
            ["permanent", "auth", "rsync"],
        ),
        Case::new(
            daemon,
            &[Fault::Greeting("@RSYNCD: 31.0\n@RSYNCD: OK\n")],
            ["transient", "reset", "rsync"],
        ),
        Case::new(shell, &[], ["transient", "refused", "rsync"]),
        Case::new(shell, &[Fault::Reset], ["transient", "reset", "rsync"]),
    ]);
}

/// What PostgreSQL says when it does not let a client in.
fn fatal(code: &str, message: &str) -> Fault {
    let fields = format!("SFATAL\0VFATAL\0C{code}\0M{message}\0\0");
    let length = u32::try_from(fields.len() + 4).expect("a short message");
    Fault::raw(&[b"E", &length.to_be_bytes()[..], fields.as_bytes()].concat())
}

#[test]
fn psql_is_judged_by_what_the_server_said() {
    let psql = "psql -w -X -c select postgresql://x@127.0.0.1:{port}/x?sslmode=disable&gssencmode=disable";
    all_are_judged(&[
        Case::new(psql, &[], ["transient", "refused", "psql"]),
        Case::new(psql, &[Fault::Reset], ["transient", "reset", "psql"]),
        Case::new(psql, &[Fault::Silence], ["transient", "reset", "psql"]),
        Case::new(
            psql,
            &[fatal("57P03", "the database system is starting up")],
            ["transient", "starting", "psql"],
        ),
        Case::new(
            psql,
            &[fatal("53300", "sorry, too many clients already")],
            ["transient", "capacity", "psql"],
        ),
        Case::new(
            psql,
            &[fatal("28P01", "password authentication failed for user \"x\"")],
            ["permanent", "auth", "psql"],
        ),
        Case::new(
            psql,
            &[fatal("3D000", "database \"x\" does not exist")],
            ["permanent", "not-found", "psql"],
        ),
    ]);
}

#[test]
fn redis_cli_is_judged_by_what_the_server_said() {
    let get = "redis-cli -e -h 127.0.0.1 -p {port} GET x";
    all_are_judged(&[
        Case::new(get, &[], ["transient", "refused", "redis-cli"]),
        Case::new(get, &[Fault::Reset], ["transient", "reset", "redis-cli"]),
        Case::new(get, &[Fault::Silence], ["transient", "reset", "redis-cli"]),
        Case::new(
            get,
            &[Fault::raw(b"-LOADING Redis is loading the dataset in memory\r\n")],
            ["transient", "starting", "redis-cli"],
        ),
        Case::new(
            get,
            &[Fault::raw(b"-NOAUTH Authentication required.\r\n")],
            ["permanent", "auth", "redis-cli"],
        ),
        Case::new(get, &[Fault::raw(b"$4096\r\na bo")], ["transient", "reset", "redis-cli"]),
    ]);
}

#[test]
fn a_server_that_loads_at_first_answers_the_second_attempt() {
    let sandbox = Sandbox::new();
    let loading = Fault::raw(b"-LOADING Redis is loading the dataset in memory\r\n");
    let place = Place::of(vec![loading, Fault::raw(b"$5\r\nvalue\r\n")]);
    let port = place.port.to_string();
    let words = ["redis-cli", "-e", "-h", "127.0.0.1", "-p", &port, "GET", "x"];
    let run = Run::new(&sandbox, place.port, &words);
    assert_eq!((run.exit_code, run.attempts), (Some(0), 2), "{}", run.told);
    assert!(run.stdout.ends_with("value\n"), "{}", run.told);
}
