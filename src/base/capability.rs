//! Capabilities that some systems lack, each with the name of its `cfg`: the only place that says which system has what.
//!
//! `build.rs` includes this file and sets `has_NAME` for each capability of the target system. A build can leave some out
//! (`BUILD_WITHOUT`), so that the alternatives can be tested on a system that has them.

/// Something that the program uses where the system provides it, and works without elsewhere.
pub struct Capability {
    /// The name of its `cfg`, after `has_`.
    pub name: &'static str,
    /// The systems that have it (`target_os`), followed by an architecture if only that one is supported.
    pub systems: &'static [&'static str],
    /// The system calls or files that it consists of.
    pub means: &'static str,
    /// What the program does without it.
    pub without: &'static str,
    /// The consequence that users have to know about, if any.
    pub consequence: Option<&'static str>,
}

impl Capability {
    /// Whether a system has it.
    pub fn is_on(&self, system: &str, processor: &str) -> bool {
        self.systems.iter().any(|known| match known.split_once(' ') {
            Some((known, of)) => known == system && of == processor,
            None => *known == system,
        })
    }
}

const LINUX: &[&str] = &["linux"];

/// All of them, those with consequences first.
pub const CAPABILITIES: &[Capability] = &[
    Capability {
        name: "process_list",
        systems: &["linux", "macos"],
        means: "/proc/PID/stat and children; proc_pidinfo(), proc_listchildpids()",
        without: "only the command, or its own process group, is signalled; a nested run knows no more than its parent",
        consequence: Some("a timeout stops only the command itself, or its process group with --new-group"),
    },
    Capability {
        name: "subreaper",
        systems: LINUX,
        means: "prctl(PR_SET_CHILD_SUBREAPER)",
        without: "orphans go to process 1, and are found only if they were seen before, or are in the command's own group",
        consequence: Some("a timeout may miss processes whose parent has ended, such as daemons"),
    },
    Capability {
        name: "death_signal",
        systems: LINUX,
        means: "prctl(PR_SET_PDEATHSIG)",
        without: "nothing ties the command to us",
        consequence: Some("the command keeps running if retry itself is killed by SIGKILL"),
    },
    Capability {
        name: "procfs",
        systems: LINUX,
        means: "/proc/self/fd, /proc/PID/status, /proc/locks, /proc/meminfo",
        without: "no witness of signals; descriptors are not opened anew; holders of locks sign them; all memory counts as available",
        consequence: Some("a signal sent to the whole process group reaches the command twice"),
    },
    Capability {
        name: "fd_path",
        systems: &["linux", "macos"],
        means: "/proc/self/fd, fcntl(F_GETPATH)",
        without: "a file on stdin can be read by one attempt alone, and a dead letter cannot name it",
        consequence: Some("a command that reads a file on stdin is not retried"),
    },
    Capability {
        name: "tee",
        systems: LINUX,
        means: "tee(2), splice(2), fcntl(F_SETPIPE_SZ)",
        without: "pipes are read ahead of the command; all output is copied through us",
        consequence: Some("input from a pipe is read ahead of the command, by up to 128 KiB"),
    },
    Capability {
        name: "memfd",
        systems: LINUX,
        means: "memfd_create(2)",
        without: "what is kept is in files in $TMPDIR, from the first byte on",
        consequence: Some("$RETRY_HINT and $RETRY_PROGRESS are files in $TMPDIR"),
    },
    Capability {
        name: "file_system_types",
        systems: LINUX,
        means: "fstatfs(2), whose types are numbers",
        without: "every file system counts as local",
        consequence: Some(
            "network file systems are not recognised: lines of a log shared there may be interleaved",
        ),
    },
    Capability {
        name: "pidfd",
        systems: LINUX,
        means: "pidfd_open(2), pidfd_send_signal(2)",
        without: "a process is looked up once more just before kill(2)",
        consequence: None,
    },
    Capability {
        name: "clone3",
        systems: &["linux x86_64"],
        means: "clone3(2) without the C library",
        without: "fork(2)",
        consequence: None,
    },
    Capability {
        name: "prctl",
        systems: LINUX,
        means: "prctl(PR_SET_NAME, PR_SET_DUMPABLE)",
        without: "processes keep their names; the limit of core files decides",
        consequence: None,
    },
    Capability {
        name: "close_range",
        systems: LINUX,
        means: "close_range(2)",
        without: "no witness of signals",
        consequence: None,
    },
    Capability {
        name: "creation_flags",
        systems: LINUX,
        means: "pipe2(2), SOCK_CLOEXEC, SOCK_NONBLOCK",
        without: "flags are set right after a descriptor is made",
        consequence: None,
    },
    Capability {
        name: "acceptconn",
        systems: LINUX,
        means: "getsockopt(SO_ACCEPTCONN)",
        without: "getpeername(2) says whether a socket is connected",
        consequence: None,
    },
    Capability {
        name: "nowait_write",
        systems: LINUX,
        means: "pwritev2(RWF_NOWAIT)",
        without: "poll(2), then a small write",
        consequence: None,
    },
    Capability {
        name: "tmpfile",
        systems: LINUX,
        means: "open(O_TMPFILE)",
        without: "a file is made, and its name removed",
        consequence: None,
    },
    Capability {
        name: "rename_noreplace",
        systems: LINUX,
        means: "renameat2(RENAME_NOREPLACE)",
        without: "link(2), then unlink(2)",
        consequence: None,
    },
    Capability {
        name: "fdatasync",
        systems: LINUX,
        means: "fdatasync(2)",
        without: "fsync(2)",
        consequence: None,
    },
    Capability {
        name: "getrandom",
        systems: LINUX,
        means: "getrandom(2)",
        without: "what the `rand` crate asks",
        consequence: None,
    },
];
