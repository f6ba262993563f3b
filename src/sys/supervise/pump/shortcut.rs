//! The short way from one pipe to another: the kernel hands the pages over instead of copying the bytes through us, which
//! cannot be seen then. Where only the end of a stream is to be seen, what has more than that behind it in the pipe is none.
//!
//! Not tee(2), which would leave the bytes to be seen: measured, both readers then fetch pages that another processor has
//! written, and that costs as much as the copy that it saves.
//!
//! Only a flood takes this way. A page that is handed over fills a slot of the other pipe however few bytes it has, so that
//! a trickle would fill that with next to nothing.

use std::os::fd::BorrowedFd;

use rustix::io::Errno;
use rustix::pipe::{SpliceFlags, splice};

use crate::classify::Observed;

/// Bytes that must be there to be handed over for this to pay.
const FLOOD_BYTES: usize = 32 * 1024;

/// The outcome of a try.
pub(super) enum Shortcut {
    /// So many bytes were handed over.
    Moved(usize),
    /// The reader's pipe is full.
    Full,
    /// There is too little in the pipe that need not be seen.
    Trickle,
}

/// Hands over bytes that need not be seen, without waiting for anybody whatever the descriptors' flags are. Fails where the
/// system refuses it, or the reader is gone: nothing was handed over then.
pub(super) fn hand_over(
    from: BorrowedFd<'_>,
    to: BorrowedFd<'_>,
    observed: Observed,
) -> Result<Shortcut, Errno> {
    let seen = match observed {
        Observed::Nothing => 0,
        Observed::End(length) => length,
        Observed::Everything => return Ok(Shortcut::Trickle),
    };
    let there = usize::try_from(rustix::io::ioctl_fionread(from)?).unwrap_or(usize::MAX);
    let unseen = there.saturating_sub(seen);
    if unseen < FLOOD_BYTES {
        return Ok(Shortcut::Trickle);
    }
    match splice(from, None, to, None, unseen, SpliceFlags::NONBLOCK) {
        // There was something.
        Ok(0) => Err(Errno::INVAL),
        Ok(moved) => Ok(Shortcut::Moved(moved)),
        Err(Errno::AGAIN) => Ok(Shortcut::Full),
        Err(errno) => Err(errno),
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write, pipe};
    use std::os::fd::AsFd;

    use super::*;

    /// Moves 200 000 bytes from pipe to pipe, and checks that they all come, and that the last `seen` ones stay to be seen.
    #[track_caller]
    fn check(observed: Observed, seen: usize) {
        let all: Vec<u8> = (0..200_000_u32).map(|n| n.wrapping_mul(2_654_435_761).to_be_bytes()[0]).collect();
        let (mut from, mut writer) = pipe().unwrap();
        let (mut reader, to) = pipe().unwrap();
        rustix::pipe::fcntl_setpipe_size(&writer, 256 * 1024).unwrap();
        writer.write_all(&all).unwrap();
        let mut passed_on = Vec::new();
        loop {
            match hand_over(from.as_fd(), to.as_fd(), observed).unwrap() {
                Shortcut::Moved(_) => {}
                // Both pipes block: only a call that must not wait comes back.
                Shortcut::Full => {
                    let there = usize::try_from(rustix::io::ioctl_fionread(&reader).unwrap()).unwrap();
                    let mut buffer = vec![0; there];
                    reader.read_exact(&mut buffer).unwrap();
                    passed_on.extend(buffer);
                }
                Shortcut::Trickle => break,
            }
        }
        drop((writer, to));
        reader.read_to_end(&mut passed_on).unwrap();
        let mut rest = Vec::new();
        from.read_to_end(&mut rest).unwrap();
        assert!(rest.len() >= seen && rest.len() < seen + FLOOD_BYTES, "{} were left", rest.len());
        assert!([passed_on, rest].concat() == all);
    }

    #[test]
    fn all_bytes_are_passed_on_but_those_that_are_to_be_seen() {
        check(Observed::Nothing, 0);
        check(Observed::End(100), 100);
        check(Observed::End(70_000), 70_000);
        check(Observed::End(1 << 30), 200_000);
        check(Observed::Everything, 200_000);
    }

    #[test]
    fn a_reader_that_is_gone_is_an_error() {
        let (from, mut writer) = pipe().unwrap();
        writer.write_all(&vec![0; 65536]).unwrap();
        let (reader, to) = pipe().unwrap();
        drop(reader);
        let handed = hand_over(from.as_fd(), to.as_fd(), Observed::Nothing);
        assert!(matches!(handed, Err(Errno::PIPE)));
    }
}
