//! The status flags of what the command shares with us: every attempt finds them as the first one did.

use super::*;
use crate::support::Sandbox;

/// Prints for each standard descriptor whether it is non-blocking, and makes it so.
const SPOIL: &str = "import fcntl, os, sys
for fd in 0, 1, 2:
    flags = fcntl.fcntl(fd, fcntl.F_GETFL)
    os.write(3, b'%d' % bool(flags & os.O_NONBLOCK))
    fcntl.fcntl(fd, fcntl.F_SETFL, flags | os.O_NONBLOCK)
os.write(3, b'\\n')
sys.exit(1)";

#[test]
fn an_attempt_leaves_no_flags_to_the_next_one() {
    for stdin in ["inherit", "auto"] {
        let sandbox = Sandbox::new();
        sandbox.write("spoil.py", SPOIL);
        let script = format!(r#": | "$R" -q -d 0 --stdin {stdin} -- python3 spoil.py 3>found 2>said | cat"#);
        let output = shell(&sandbox, &script);
        assert_eq!(sandbox.read("found"), "000\n".repeat(3), "{output:?}");
    }
}

#[test]
fn what_was_set_at_the_start_is_kept() {
    let sandbox = Sandbox::new();
    sandbox.write("spoil.py", SPOIL.replace("flags | os.O_NONBLOCK", "flags & ~os.O_NONBLOCK"));
    sandbox.write(
        "set.py",
        "import fcntl, os, sys
fcntl.fcntl(1, fcntl.F_SETFL, fcntl.fcntl(1, fcntl.F_GETFL) | os.O_NONBLOCK)
os.execvp(sys.argv[1], sys.argv[1:])",
    );
    let script = r#"python3 set.py "$R" -q -d 0 -- python3 spoil.py 3>found </dev/null | cat"#;
    let output = shell(&sandbox, script);
    assert_eq!(sandbox.read("found"), "010\n".repeat(3), "{output:?}");
}
