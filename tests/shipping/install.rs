//! `make install` and `make uninstall`: ours is put there, replaced and removed, and nothing of anybody else's.

use std::os::unix::fs::PermissionsExt as _;
use std::process::{Command, Output, Stdio};

use crate::floors::root;
use crate::support::{RETRY, Sandbox};

/// The target of the Makefile, with the binary under test instead of the one that ships, which would have to be built.
fn make(target: &str, words: &[String]) -> Output {
    Command::new("make")
        .args(["--no-print-directory", "-C"])
        .arg(root())
        .args([target, "MAKE=true", &format!("binary={RETRY}")])
        .args(words)
        .env_remove("FORCE")
        .env_remove("DESTDIR")
        .env_remove("MAKEFLAGS")
        .stdin(Stdio::null())
        .output()
        .expect("make")
}

fn another(sandbox: &Sandbox, name: &str, text: &str) {
    let path = sandbox.write(name, text);
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).expect("a mode");
}

/// The prefix, in words; as it is, or by way of DESTDIR.
fn places(sandbox: &Sandbox) -> [Vec<String>; 2] {
    let place = sandbox.path("").display().to_string();
    [vec![format!("prefix={place}/usr")], vec![format!("DESTDIR={place}"), "prefix=/usr".to_owned()]]
}

#[test]
fn ours_is_installed_replaced_and_removed_without_a_trace() {
    for way in 0..2 {
        let sandbox = Sandbox::new();
        let words = &places(&sandbox)[way];
        for _ in 0..2 {
            let made = make("install", words);
            assert!(made.status.success(), "{made:?}");
            let version =
                Command::new(sandbox.path("usr/bin/retry")).arg("--version").output().expect("it runs");
            assert!(version.stdout.ends_with(b"(retry-command)\n"), "{version:?}");
        }
        let made = make("uninstall", words);
        assert!(made.status.success(), "{made:?}");
        let left =
            Command::new("find").arg(sandbox.path("usr")).args(["!", "-type", "d"]).output().expect("find");
        assert!(left.stdout.is_empty() && !sandbox.path("usr/share/doc/retry").exists(), "{left:?}");
    }
}

#[test]
fn another_retry_is_neither_replaced_nor_removed_unless_that_is_forced() {
    let programs = ["#!/bin/sh\necho retry 1.0.5\n", "#!/bin/sh\ncat\nexit 1\n", "no program"];
    for (way, program) in [(0, programs[0]), (1, programs[0]), (0, programs[1]), (0, programs[2])] {
        let sandbox = Sandbox::new();
        let words = &places(&sandbox)[way];
        another(&sandbox, "usr/bin/retry", program);
        for target in ["install", "uninstall"] {
            let made = make(target, words);
            let said = String::from_utf8_lossy(&made.stderr).into_owned();
            assert!(!made.status.success(), "{said}");
            assert!(said.contains("usr/bin/retry is another program") && said.contains("FORCE=1"), "{said}");
            assert_eq!(sandbox.read("usr/bin/retry"), program);
        }
        assert!(!sandbox.path("usr/share").exists(), "nothing was begun");
        let forced = [&words[..], &["FORCE=1".to_owned()]].concat();
        let made = make("install", &forced);
        assert!(made.status.success(), "{made:?}");
        let version = Command::new(sandbox.path("usr/bin/retry")).arg("--version").output().expect("it runs");
        assert!(version.stdout.ends_with(b"(retry-command)\n"), "{version:?}");
    }
}

#[test]
fn what_a_package_brought_is_that_packages_even_if_it_is_ours() {
    let sandbox = Sandbox::new();
    std::fs::create_dir_all(sandbox.path("usr/bin")).expect("a directory");
    std::os::unix::fs::symlink(RETRY, sandbox.path("usr/bin/retry")).expect("a link");
    // A dpkg that says so, as it says it; a line of a diversion names no owner.
    let said = "echo 'diversion by x from: '$2; [ \"${2##*/}\" != retry ] || echo \"some-package: $2\"";
    another(&sandbox, "bin/dpkg", &format!("#!/bin/sh\n{said}\n"));
    let path = format!("PATH={}:{}", sandbox.path("bin").display(), std::env::var("PATH").expect("a PATH"));
    let [plain, staged] = places(&sandbox);
    for target in ["install", "uninstall"] {
        let made = make(target, &[&plain[..], std::slice::from_ref(&path)].concat());
        let said = String::from_utf8_lossy(&made.stderr).into_owned();
        assert!(!made.status.success() && said.contains("belongs to the package some-package"), "{said}");
    }
    // What is laid out for packing belongs to no package of this system.
    let made = make("install", &[&staged[..], &[path]].concat());
    assert!(made.status.success(), "{made:?}");
}
