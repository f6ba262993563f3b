//! Regular files: rewound to where they stood.

use std::fs::File;
use std::io::{Seek, SeekFrom};

use super::*;
use crate::support::Sandbox;

#[test]
#[cfg_attr(not(has_fd_path), ignore = "needs fd_path")]
fn a_file_is_rewound_to_where_it_stood() {
    let sandbox = Sandbox::new();
    let path = sandbox.write("input", "first\nsecond\nthird\n");
    let mut file = File::open(path).expect("the file");
    file.seek(SeekFrom::Start(6)).expect("a seek");
    let output = run(&sandbox, file.try_clone().expect("a copy"), &thrice("cat; exit 1"));
    prints(&output, "second\nthird\n".repeat(3));
    // As the last attempt left it.
    assert_eq!(file.stream_position().expect("an offset"), 19);
}

#[test]
#[cfg_attr(not(has_fd_path), ignore = "needs fd_path")]
fn it_is_the_very_file_that_the_command_gets() {
    let sandbox = Sandbox::new();
    let path = sandbox.write("input", "x");
    for _ in 0..2 {
        let file = File::open(&path).expect("the file");
        let output = run(&sandbox, file, &thrice("readlink /proc/self/fd/0; exit 1"));
        let path = path.canonicalize().expect("a path");
        prints(&output, format!("{}\n", path.display()).repeat(3));
    }
}

#[test]
#[cfg_attr(not(has_fd_path), ignore = "needs fd_path")]
fn two_in_one_group_go_on_where_the_first_succeeded() {
    let sandbox = Sandbox::new();
    sandbox.write("input", "1\n2\n3\n");
    let script = r#"{ "$R" -q -d 0 -- sh -c 'read x; echo $x; [ $RETRY_ATTEMPT = 2 ]'
                      "$R" -q -d 0 -- sh -c 'read x; echo $x; [ $RETRY_ATTEMPT = 2 ]'; cat; } <input"#;
    prints(&shell(&sandbox, script), "1\n1\n2\n2\n3\n");
}

#[test]
#[cfg_attr(not(has_fd_path), ignore = "needs fd_path")]
fn a_file_is_not_rewound_under_others() {
    let sandbox = Sandbox::new();
    sandbox.write("input", "1\n2\n3\n4\n");
    // The loop reads two lines while the second attempt runs, and the rest after the run.
    // A shell gives what it starts in the background another stdin.
    let script = r#"{ exec 3<&0; "$R" -q -d 0 -- sh -c 'echo >$RETRY_ATTEMPT; [ $RETRY_ATTEMPT = 1 ] || until [ -e go ]; do sleep .01; done; exit 1' <&3 &
            until [ -e 2 ]; do sleep .01; done; read a; read b; : >go; wait; echo $a $b; cat; } <input"#;
    prints(&shell(&sandbox, script), "1 2\n3\n4\n");
    assert!(sandbox.path("3").exists());
}

#[test]
#[cfg_attr(not(has_fd_path), ignore = "needs fd_path")]
fn it_stands_where_the_last_attempt_stopped_unless_others_moved_it() {
    let sandbox = Sandbox::new();
    sandbox.write("input", "1\n2\n3\n4\n5\n");
    let reads = "for line in $(seq $RETRY_ATTEMPT); do read x; done; exit 1";
    let alone = format!(r#"{{ "$R" -q -d 0 -- sh -c '{reads}'; cat; }} <input"#);
    prints(&shell(&sandbox, &alone), "4\n5\n");
    let beside = format!(
        r#"{{ exec 3<&0; "$R" -q -d 0 --max 2 -- sh -c '[ $RETRY_ATTEMPT = 1 ] || until [ -e go ]; do : >second; sleep .01; done
            {reads}' <&3 & until [ -e second ]; do sleep .01; done; read a; : >go; wait; echo $a; cat; }} <input"#
    );
    // The first read one, the loop the next; the second attempt reads two of its own.
    prints(&shell(&sandbox, &beside), "2\n3\n4\n5\n");
}

#[test]
#[cfg_attr(not(has_fd_path), ignore = "needs fd_path")]
fn a_file_that_cannot_be_opened_again_is_read_once() {
    let sandbox = Sandbox::new();
    sandbox.write("input", "1\n2\n");
    // Another user's, once it is open. That user may be kept from the folder that the binary was built in.
    let script = r#"cp "$R" retry; chmod 600 input; chmod 755 .; exec <input
        exec setpriv --reuid 65534 --regid 65534 --clear-groups env HOME=/ ./retry -d 0 -- sh -c 'cat; exit 3'"#;
    let output = shell(&sandbox, script);
    let said = String::from_utf8_lossy(&output.stderr);
    prints(&output, "1\n2\n");
    assert_eq!(output.status.code(), Some(3), "{said}");
    assert!(said.contains("stdin cannot be replayed: the file cannot be opened again: Permission"), "{said}");
}
