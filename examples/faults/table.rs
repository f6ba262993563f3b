//! Which errors each call can fail with, from the manual pages, and from what sandboxes and other file systems are known to give.

use crate::tracer::{Call, Fault, How, Object, Seen};

macro_rules! calls {
    ($($call:ident: $($error:ident)*;)*) => {
        paste!{ $($call: $($error)*;)* }
    };
}

macro_rules! paste {
    ($($call:ident: $($error:ident)*;)*) => {
        /// A call: its number, its name, its errors.
        const CALLS: &[(i64, &str, &[i32])] = &[
            $((libc::$call, stringify!($call), &[$(libc::$error),*])),*
        ];

        /// The names of all errors.
        const ERRORS: &[(i32, &str)] = &[$($((libc::$error, stringify!($error))),*),*];
    };
}

calls! {
    SYS_accept4: EINTR EAGAIN ECONNABORTED EMFILE ENFILE ENOMEM;
    SYS_access: EACCES EIO ENOENT ENOMEM;
    SYS_bind: EACCES EADDRINUSE ENOMEM;
    SYS_brk: ENOMEM;
    SYS_chdir: EACCES EIO ENOENT ENOMEM;
    SYS_chmod: EPERM EIO EROFS;
    SYS_clock_nanosleep: EINTR;
    SYS_clone: EAGAIN ENOMEM;
    SYS_clone3: EAGAIN ENOMEM ENOSYS EPERM EINVAL;
    SYS_close: EINTR EIO ENOSPC EDQUOT;
    SYS_close_range: ENOSYS EINVAL EMFILE ENOMEM EPERM;
    SYS_connect: EACCES EADDRNOTAVAIL EAGAIN ECONNREFUSED ECONNRESET EHOSTUNREACH ENETUNREACH ENOENT EPERM ETIMEDOUT;
    SYS_copy_file_range: EFBIG EINVAL EIO ENOMEM ENOSPC EOPNOTSUPP ENOSYS EXDEV EINTR;
    SYS_dup: EMFILE;
    SYS_dup2: EMFILE EINTR EBUSY;
    SYS_dup3: EMFILE EINTR EBUSY;
    SYS_epoll_create1: EMFILE ENFILE ENOMEM;
    SYS_epoll_ctl: ENOMEM ENOSPC;
    SYS_epoll_pwait: EINTR;
    SYS_epoll_wait: EINTR;
    SYS_eventfd2: EMFILE ENFILE ENOMEM;
    SYS_execve: E2BIG EACCES EAGAIN EINVAL EIO EISDIR ELOOP EMFILE ENFILE ENOENT ENOMEM ENOTDIR EPERM ETXTBSY;
    SYS_faccessat: EACCES EIO ENOENT ENOMEM;
    SYS_faccessat2: EACCES EIO ENOENT ENOMEM ENOSYS;
    SYS_fallocate: EFBIG EINTR EIO ENOSPC EOPNOTSUPP ENOSYS;
    SYS_fchmod: EPERM EIO EROFS;
    SYS_fchmodat: EPERM EIO EROFS ENOENT;
    SYS_fchown: EPERM EIO EROFS EDQUOT;
    SYS_fchownat: EPERM EIO EROFS EDQUOT;
    SYS_fcntl: EMFILE EPERM EBUSY ENOMEM EAGAIN EACCES ENOLCK EINTR EDEADLK EINVAL;
    SYS_fdatasync: EIO ENOSPC EDQUOT EINTR EROFS EINVAL;
    SYS_flock: EINTR EWOULDBLOCK ENOLCK EOPNOTSUPP;
    SYS_fstat: EIO ENOMEM ESTALE;
    SYS_fstatfs: EIO ENOSYS EINTR;
    SYS_fsync: EIO ENOSPC EDQUOT EINTR EROFS EINVAL;
    SYS_ftruncate: EFBIG EINTR EIO EPERM ENOSPC;
    SYS_futex: EINTR EAGAIN;
    SYS_getcwd: EACCES ENOENT ENOMEM;
    SYS_getdents64: EIO;
    SYS_getpeername: ENOTCONN ENOBUFS;
    SYS_getrandom: EINTR EAGAIN ENOSYS EINVAL;
    SYS_getsockname: ENOBUFS;
    SYS_getsockopt: ENOMEM;
    SYS_ioctl: EIO ENOTTY EINVAL;
    SYS_kill: EPERM ESRCH;
    SYS_link: EACCES EDQUOT EEXIST EIO EMLINK ENOENT ENOMEM ENOSPC EPERM EROFS;
    SYS_linkat: EACCES EDQUOT EEXIST EIO EMLINK ENOENT ENOMEM ENOSPC EPERM EROFS;
    SYS_lseek: EIO EINVAL;
    SYS_lstat: EACCES EIO ENOENT ENOMEM;
    SYS_madvise: EAGAIN ENOMEM EINVAL;
    SYS_memfd_create: EMFILE ENFILE ENOMEM ENOSYS EACCES EPERM;
    SYS_mkdir: EACCES EDQUOT EEXIST EIO ENOENT ENOMEM ENOSPC EPERM EROFS;
    SYS_mkdirat: EACCES EDQUOT EEXIST EIO ENOENT ENOMEM ENOSPC EPERM EROFS;
    SYS_mmap: ENOMEM EAGAIN;
    SYS_mprotect: ENOMEM;
    SYS_mremap: ENOMEM;
    SYS_munmap: ENOMEM;
    SYS_newfstatat: EACCES EIO ENOENT ENOMEM ESTALE;
    SYS_open: EACCES EDQUOT EINTR EIO EISDIR ELOOP EMFILE ENFILE ENOENT ENOMEM ENOSPC ENXIO EPERM EROFS;
    SYS_openat: EACCES EDQUOT EEXIST EINTR EIO EISDIR ELOOP EMFILE ENFILE ENOENT ENOMEM ENOSPC ENXIO EOPNOTSUPP EPERM EROFS;
    SYS_openat2: EACCES EAGAIN EIO EMFILE ENFILE ENOENT ENOMEM ENOSYS EXDEV;
    SYS_pidfd_open: EMFILE ENFILE ENOMEM ENOSYS EPERM;
    SYS_pidfd_send_signal: EPERM ESRCH ENOSYS;
    SYS_pipe2: EMFILE ENFILE;
    SYS_poll: EINTR ENOMEM;
    SYS_ppoll: EINTR ENOMEM;
    SYS_prctl: EINVAL EPERM;
    SYS_pread64: EINTR EIO ESTALE;
    SYS_prlimit64: EPERM;
    SYS_pwrite64: EDQUOT EFBIG EINTR EIO ENOSPC EPERM;
    SYS_read: EAGAIN EINTR EIO ENOMEM ESTALE;
    SYS_readlink: EACCES EIO ENOENT ENOMEM;
    SYS_readlinkat: EACCES EIO ENOENT ENOMEM;
    SYS_readv: EAGAIN EINTR EIO;
    SYS_recvfrom: EAGAIN ECONNREFUSED ECONNRESET EINTR ENOMEM ETIMEDOUT;
    SYS_recvmsg: EAGAIN ECONNRESET EINTR ENOMEM;
    SYS_rename: EACCES EBUSY EDQUOT EIO ENOENT ENOMEM ENOSPC EPERM EROFS;
    SYS_renameat: EACCES EBUSY EDQUOT EIO ENOENT ENOMEM ENOSPC EPERM EROFS;
    SYS_renameat2: EACCES EEXIST EINVAL EIO ENOENT ENOMEM ENOSPC ENOSYS EPERM EROFS;
    SYS_sched_getaffinity: EPERM;
    SYS_sendfile: EAGAIN EINTR EINVAL EIO ENOMEM;
    SYS_sendmsg: EAGAIN ECONNRESET EINTR ENOBUFS ENOMEM EPIPE;
    SYS_sendto: EAGAIN ECONNRESET EINTR ENOBUFS ENOMEM EPIPE;
    SYS_setpgid: EACCES EPERM;
    SYS_setsid: EPERM;
    SYS_setsockopt: EINVAL ENOMEM ENOPROTOOPT;
    SYS_shutdown: ENOTCONN;
    SYS_socket: EACCES EAFNOSUPPORT EMFILE ENFILE ENOBUFS ENOMEM;
    SYS_socketpair: EAFNOSUPPORT EMFILE ENFILE ENOMEM;
    SYS_splice: EINTR EINVAL EIO ENOMEM ENOSYS EPERM EPIPE;
    SYS_stat: EACCES EIO ENOENT ENOMEM;
    SYS_statfs: EACCES EIO ENOENT ENOSYS;
    SYS_statx: EACCES EIO ENOENT ENOMEM ENOSYS;
    SYS_symlinkat: EACCES EEXIST EIO ENOSPC EPERM EROFS;
    SYS_sysinfo: EPERM;
    SYS_tee: EINTR EINVAL ENOMEM ENOSYS EPERM;
    SYS_tgkill: EAGAIN ESRCH;
    SYS_timerfd_create: EMFILE ENFILE ENOMEM;
    SYS_timerfd_settime: EINVAL;
    SYS_unlink: EACCES EBUSY EIO ENOENT ENOMEM EPERM EROFS;
    SYS_unlinkat: EACCES EBUSY EIO ENOENT ENOMEM EPERM EROFS;
    SYS_utimensat: EACCES EPERM EROFS;
    SYS_wait4: EINTR;
    SYS_waitid: EINTR;
    SYS_write: EAGAIN EDQUOT EFBIG EINTR EIO ENOSPC EPERM EPIPE;
    SYS_writev: EAGAIN EDQUOT EFBIG EINTR EIO ENOSPC EPERM EPIPE;
}

/// Fewer bytes than this move as a whole: they are records in pipes.
const RECORD: u64 = 64;

/// What can happen to this call.
pub(crate) fn faults(seen: &Seen) -> impl Iterator<Item = Fault> + use<'_> {
    let row = CALLS.iter().find(|(number, ..)| *number == seen.call.number);
    let errors = row.map_or(&[][..], |(_, _, errors)| errors);
    let errors = errors.iter().filter(|error| is_possible(seen, **error)).map(|error| How::Error(*error));
    let length = length_argument(seen.call.number).map(|argument| seen.args[argument]);
    let short = length.filter(|length| *length > RECORD).map(|_| How::Short);
    errors.chain(short).map(|how| Fault { call: seen.call, how })
}

/// Calls that cannot fail as we make them.
const SAFE: &[i64] = &[
    libc::SYS_clock_gettime,
    libc::SYS_exit,
    libc::SYS_exit_group,
    libc::SYS_geteuid,
    libc::SYS_getpgid,
    libc::SYS_getpid,
    libc::SYS_getppid,
    libc::SYS_getuid,
    libc::SYS_pause,
    libc::SYS_rseq,
    libc::SYS_rt_sigaction,
    libc::SYS_rt_sigpending,
    libc::SYS_rt_sigprocmask,
    libc::SYS_rt_sigreturn,
    libc::SYS_set_robust_list,
    libc::SYS_umask,
    libc::SYS_uname,
];

/// Whether there is a row for it, or none is needed.
pub(crate) fn is_known(number: i64) -> bool {
    SAFE.contains(&number) || CALLS.iter().any(|(known, ..)| *known == number)
}

/// Which argument says how much shall be moved.
fn length_argument(number: i64) -> Option<usize> {
    match number {
        libc::SYS_read
        | libc::SYS_write
        | libc::SYS_pread64
        | libc::SYS_pwrite64
        | libc::SYS_recvfrom
        | libc::SYS_sendto
        | libc::SYS_tee => Some(2),
        libc::SYS_splice => Some(4),
        _ => None,
    }
}

/// Errors that depend on what the call was asked for.
fn is_possible(seen: &Seen, error: i32) -> bool {
    let flags = |argument: usize| i32::try_from(seen.args[argument] & 0x7fff_ffff).unwrap_or(0);
    let opens = |flags: i32| {
        let writes = flags & (libc::O_ACCMODE | libc::O_CREAT | libc::O_TRUNC) != 0;
        let makes = flags & libc::O_CREAT != 0 || flags & libc::O_TMPFILE == libc::O_TMPFILE;
        match error {
            libc::EROFS | libc::EISDIR => writes,
            libc::ENOSPC | libc::EDQUOT => makes,
            libc::EEXIST => flags & libc::O_EXCL != 0,
            libc::EOPNOTSUPP => flags & libc::O_TMPFILE == libc::O_TMPFILE,
            _ => true,
        }
    };
    match seen.call.number {
        libc::SYS_open => opens(flags(1)),
        libc::SYS_openat => opens(flags(2)),
        libc::SYS_close => seen.object == Object::File,
        libc::SYS_epoll_ctl => flags(1) == libc::EPOLL_CTL_ADD,
        libc::SYS_read | libc::SYS_readv | libc::SYS_write | libc::SYS_writev | libc::SYS_fstat => {
            moves(seen, error)
        }
        libc::SYS_fcntl => match flags(1) {
            libc::F_DUPFD | libc::F_DUPFD_CLOEXEC => error == libc::EMFILE,
            libc::F_SETFL => error == libc::EPERM,
            libc::F_SETPIPE_SZ => [libc::EPERM, libc::EBUSY, libc::ENOMEM].contains(&error),
            libc::F_ADD_SEALS => [libc::EPERM, libc::EBUSY, libc::EINVAL].contains(&error),
            libc::F_SETLK | libc::F_OFD_SETLK => {
                [libc::EAGAIN, libc::EACCES, libc::ENOLCK, libc::EINVAL].contains(&error)
            }
            libc::F_SETLKW | libc::F_OFD_SETLKW => {
                [libc::EINTR, libc::EDEADLK, libc::ENOLCK, libc::EINVAL].contains(&error)
            }
            // What merely asks does not fail.
            _ => false,
        },
        // It says EAGAIN when there is nothing to do, and then tells when there is; what does not block is not interrupted.
        libc::SYS_recvfrom | libc::SYS_recvmsg | libc::SYS_sendto | libc::SYS_sendmsg => match seen.object {
            Object::Stream { nonblocking: true } => ![libc::EAGAIN, libc::EINTR].contains(&error),
            _ => true,
        },
        _ => true,
    }
}

/// Errors of moving bytes, which depend on where from or to.
fn moves(seen: &Seen, error: i32) -> bool {
    match seen.object {
        Object::Safe => false,
        // Somebody else may have made what is shared with us non-blocking.
        Object::Stream { nonblocking: false } => {
            error == libc::EINTR || error == libc::EPIPE || error == libc::EAGAIN && seen.args[0] < 3
        }
        Object::Stream { nonblocking: true } => error == libc::EPIPE,
        Object::Terminal => [libc::EIO, libc::EINTR, libc::EAGAIN].contains(&error),
        Object::File | Object::Directory | Object::Unknown => ![libc::EAGAIN, libc::EPIPE].contains(&error),
    }
}

/// `0:openat:3=EIO`: the third openat(2) of the program itself.
pub(crate) fn show(fault: &Fault) -> String {
    let Call { process, number, nth } = fault.call;
    let how = match fault.how {
        How::Short => "SHORT",
        How::Error(error) => ERRORS.iter().find(|(known, _)| *known == error).map_or("?", |(_, name)| name),
    };
    format!("{process}:{}:{nth}={how}", name(number))
}

/// The name of a call; its number where there is no row for it.
pub(crate) fn name(number: i64) -> String {
    let row = CALLS.iter().find(|(known, ..)| *known == number);
    row.map_or_else(|| number.to_string(), |(_, name, _)| name.trim_start_matches("SYS_").to_owned())
}

/// The inverse of [`show`].
pub(crate) fn read(text: &str) -> Option<Fault> {
    let (call, how) = text.split_once('=')?;
    let [process, name, nth] = call.split(':').collect::<Vec<_>>().try_into().ok()?;
    let number = CALLS.iter().find(|(_, known, _)| known.trim_start_matches("SYS_") == name)?.0;
    let how = match how {
        "SHORT" => How::Short,
        _ => How::Error(ERRORS.iter().find(|(_, known)| *known == how)?.0),
    };
    Some(Fault { call: Call { process: process.parse().ok()?, number, nth: nth.parse().ok()? }, how })
}
