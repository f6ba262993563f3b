//! Regular files: rewound to where they stood.

use std::fs::File;
use std::io::{Seek, SeekFrom};

use super::*;
use crate::support::Sandbox;

#[test]
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
fn two_in_one_group_go_on_where_the_first_succeeded() {
    let sandbox = Sandbox::new();
    sandbox.write("input", "1\n2\n3\n");
    let script = r#"{ "$R" -q -d 0 -- sh -c 'read x; echo $x; [ $RETRY_ATTEMPT = 2 ]'
                      "$R" -q -d 0 -- sh -c 'read x; echo $x; [ $RETRY_ATTEMPT = 2 ]'; cat; } <input"#;
    prints(&shell(&sandbox, script), "1\n1\n2\n2\n3\n");
}
