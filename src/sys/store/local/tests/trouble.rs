//! Directories and files that are damaged, in the way, or not ours.

use std::os::unix::fs::{MetadataExt, PermissionsExt, chown, symlink};
use std::os::unix::process::CommandExt;

use super::*;
use crate::sys::store::Patient as _;

fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().mode() & 0o777
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

fn refusal<T>(result: Result<T, Failure>) -> String {
    let Err(Failure(why)) = result else { panic!("it was not refused") };
    assert!(!why.contains('\n'), "{why}");
    why
}

#[test]
fn a_damaged_record_is_one_warning_and_a_new_beginning() {
    let sandbox = Sandbox::new();
    count(&mut sandbox.local(), "key").unwrap();
    let torn = fs::read(sandbox.state("key")).unwrap()[..100].to_vec();
    for damage in [b"hello".to_vec(), vec![0; record::FILE], torn] {
        fs::write(sandbox.state("key"), damage).unwrap();
        let mut local = sandbox.local();
        for _ in 0..2 {
            assert_eq!(local.entries(), Ok(Vec::new()));
            assert_eq!(local.entry("key").unwrap().state, KeyState::default());
        }
        assert_eq!(local.warnings().len(), 1);
        let mut local = sandbox.local();
        assert_eq!(local.transact("key", Leases::Keep, &mut |_| Grant::default()), Ok(()));
        let warnings = local.warnings();
        assert_eq!(warnings.len(), 1);
        assert!(warnings[0].contains("is damaged; its limits are reset"), "{warnings:?}");
        assert!(warnings[0].contains(sandbox.state("key").to_str().unwrap()), "{warnings:?}");
        assert_eq!(count(&mut sandbox.local(), "key"), Ok(1));
        assert_eq!(sandbox.local().warnings(), Vec::<String>::new());
    }
    let mut local = sandbox.local();
    fs::create_dir_all(sandbox.state("other").parent().unwrap()).unwrap();
    fs::copy(sandbox.state("key"), sandbox.state("other")).unwrap();
    assert_eq!(count(&mut local, "other"), Ok(1));
    assert!(local.warnings()[0].contains("belongs to another key"));
}

#[test]
fn nothing_is_reached_through_a_link() {
    for place in
        ["store", "store/v1", "store/v1/key", "store/v1/key/state", "store/v1/key/0", "store/v1/key/probe"]
    {
        let sandbox = Sandbox::new();
        let mut local = sandbox.local();
        take(&mut local, "key", 1);
        drop(local);
        let (inside, outside) = (sandbox.path(place), sandbox.path("outside"));
        fs::rename(&inside, &outside).unwrap();
        symlink(&outside, &inside).unwrap();
        let before = tree(&outside);
        let leases = Leases::Take { permits: Some(1), probe: true };
        let why = refusal(open(&sandbox.store()).and_then(|mut local| {
            local.transact("key", leases, &mut |transaction| {
                increment(transaction.state);
                Grant::default()
            })
        }));
        assert!(why.contains(inside.to_str().unwrap()), "{why}");
        assert_eq!(tree(&outside), before);

        // Nor through one that leads nowhere.
        fs::remove_file(&inside).unwrap();
        symlink(sandbox.path("missing"), &inside).unwrap();
        let opened = open(&sandbox.store());
        refusal(opened.and_then(|mut local| local.transact("key", leases, &mut |_| Grant::default())));
        assert!(!sandbox.path("missing").exists());
    }
}

/// All files below a path, with their lengths.
fn tree(path: &Path) -> Vec<(PathBuf, u64)> {
    let mut found =
        vec![(path.to_owned(), if path.is_dir() { 0 } else { fs::metadata(path).unwrap().len() })];
    if path.is_dir() {
        for entry in fs::read_dir(path).unwrap() {
            found.extend(tree(&entry.unwrap().path()));
        }
    }
    found.sort();
    found
}

#[test]
fn a_record_with_a_second_name_is_not_written() {
    let sandbox = Sandbox::new();
    count(&mut sandbox.local(), "key").unwrap();
    let outside = sandbox.path("outside");
    fs::hard_link(sandbox.state("key"), &outside).unwrap();
    let before = fs::read(&outside).unwrap();
    let why = refusal(count(&mut sandbox.local(), "key"));
    assert!(why.contains("more than one hard link"), "{why}");
    assert_eq!(fs::read(&outside).unwrap(), before);
}

#[test]
fn what_is_removed_meanwhile_is_made_again() {
    let sandbox = Sandbox::new();
    let mut local = sandbox.local();
    for gone in ["store/v1/key/state", "store/v1/key", "store/v1", "store"] {
        count(&mut local, "key").unwrap();
        let gone = sandbox.path(gone);
        if gone.is_dir() { fs::remove_dir_all(gone) } else { fs::remove_file(gone) }.unwrap();
        assert_eq!(count(&mut local, "key"), Ok(1));
        assert_eq!(count(&mut sandbox.local(), "key"), Ok(2));
        assert_eq!(local.warnings(), Vec::<String>::new());
    }
}

#[test]
fn a_directory_is_made_for_us_alone() {
    let sandbox = Sandbox::new();
    let store = sandbox.path("a/b/store");
    count(&mut open(&store).unwrap(), "key").unwrap();
    for directory in [&store, &store.join("v1/key")] {
        assert_eq!(mode(directory), 0o700, "{}", directory.display());
    }
    assert_eq!(mode(&store.join("v1/key/state")), 0o600);
}

#[test]
fn a_directory_that_cannot_be_trusted_is_refused() {
    let sandbox = Sandbox::new();
    let store = sandbox.store();
    fs::write(&store, "").unwrap();
    let why = refusal(open(&store));
    assert!(why.contains("Not a directory") && why.contains(store.to_str().unwrap()), "{why}");
    fs::remove_file(&store).unwrap();

    fs::create_dir(&store).unwrap();
    for (bad, word) in [(0o1777, "everyone"), (0o702, "everyone")] {
        set_mode(&store, bad);
        let why = refusal(open(&store));
        assert!(why.contains(word) && why.contains("chmod"), "{why}");
    }
    set_mode(&store, 0o700);
    let why = if is_root() {
        chown(&store, Some(12345), None).unwrap();
        refusal(open(&store))
    } else {
        refusal(StateDir::Default.open(Path::new("/"), false))
    };
    assert!(why.contains("belongs to user") && why.contains("--state"), "{why}");
}

#[test]
fn files_of_a_shared_directory_belong_to_the_group() {
    let sandbox = Sandbox::new();
    let store = sandbox.store();
    fs::create_dir(&store).unwrap();
    let group = if is_root() { 4242 } else { rustix::process::getegid().as_raw() };
    chown(&store, None, Some(group)).unwrap();
    set_mode(&store, 0o770);
    let mut local = sandbox.local();
    count(&mut local, "key").unwrap();
    take(&mut local, "key", 1);
    for (path, wanted) in [
        ("v1", 0o770),
        ("v1/key", 0o770),
        ("v1/key/state", 0o660),
        ("v1/key/probe", 0o660),
        ("v1/key/0", 0o660),
    ] {
        let path = store.join(path);
        assert_eq!((mode(&path), fs::metadata(&path).unwrap().gid()), (wanted, group), "{}", path.display());
    }
    if !is_root() {
        // Nobody else can be played.
        return;
    }
    set_mode(sandbox.0.path(), 0o755);
    let as_another = |group| Helper::command("count", &store).uid(2345).gid(group).status().unwrap();
    assert!(as_another(group).success());
    assert_eq!(count(&mut local, "key"), Ok(COUNTS + 2));
    assert!(!as_another(4243).success());
    // What that one makes is for us, too.
    fs::remove_dir_all(store.join(LAYOUT)).unwrap();
    assert!(as_another(group).success());
    assert_eq!(count(&mut local, "key"), Ok(COUNTS + 1));
}

/// Where the default directory is, in these surroundings.
fn default_path(sandbox: &Sandbox, variables: &[(&str, &Path)]) -> PathBuf {
    let answer = sandbox.path("answer");
    let mut command = Helper::command("default", &answer);
    command.env_remove("HOME").env_remove("XDG_STATE_HOME").envs(variables.iter().copied());
    assert!(command.status().unwrap().success());
    fs::read_to_string(answer).unwrap().into()
}

#[test]
fn the_default_directory_is_found_without_a_session() {
    let sandbox = Sandbox::new();
    let home = sandbox.path("home");
    fs::create_dir(&home).unwrap();
    let missing = sandbox.path("missing");
    let relative = Path::new("relative");
    let states = sandbox.path("states");
    let in_home = home.join(".local/state/retry");
    let last = PathBuf::from(format!("/var/tmp/retry-{}", rustix::process::geteuid().as_raw()));
    for (variables, wanted) in [
        (&[("HOME", &*home), ("XDG_STATE_HOME", &*states)][..], &states.join("retry")),
        (&[("HOME", &home), ("XDG_STATE_HOME", relative)], &in_home),
        (&[("HOME", &home), ("XDG_STATE_HOME", Path::new(""))], &in_home),
        (&[("HOME", &home)], &in_home),
        (&[("HOME", &missing)], &last),
        (&[("HOME", relative)], &last),
        (&[], &last),
    ] {
        assert_eq!(&default_path(&sandbox, variables), wanted, "{variables:?}");
    }
}

#[test]
fn the_default_directory_is_made_for_us_alone() {
    let sandbox = Sandbox::new();
    let mut command = Helper::command("make default", Path::new("unused"));
    command.env_remove("XDG_STATE_HOME").env("HOME", sandbox.0.path());
    assert!(command.status().unwrap().success());
    assert_eq!(mode(&sandbox.path(".local/state/retry")), 0o700);
}

#[test]
fn a_directory_that_we_may_not_write_is_told_of() {
    let sandbox = Sandbox::new();
    let store = sandbox.store();
    fs::create_dir(&store).unwrap();
    set_mode(&store, 0o555);
    if !is_root() {
        let why = refusal(count(&mut sandbox.local(), "key"));
        assert!(why.contains("Permission denied; use another directory with --state"), "{why}");
        return;
    }
    // Root may write everywhere; who is not root trusts its directories.
    set_mode(sandbox.0.path(), 0o755);
    let output =
        Helper::command("count", &store).uid(2345).gid(2345).stdout(Stdio::piped()).output().unwrap();
    let why = String::from_utf8_lossy(&output.stdout);
    assert!(why.contains("v1: Permission denied; use another directory with --state"), "{why}");
}
