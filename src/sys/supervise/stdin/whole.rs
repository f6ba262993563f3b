//! The whole input of a run whose command has finally failed, including what no attempt has read.

use std::os::fd::{BorrowedFd, OwnedFd};

use rustix::fs::FileType;

use super::buffer::InputLoss;
use super::{Inputs, Kind, inherited};
use crate::sys::spool::Spool;

/// The input that the command was given on standard input.
pub(crate) enum WholeInput<'a> {
    /// Nothing: a terminal, a device such as `/dev/null`.
    Nothing,
    /// These bytes; after a loss, only the first ones, or none.
    Kept(&'a Spool, Option<&'a InputLoss>),
    /// A file of our own, open where the command began to read.
    File { file: OwnedFd, start: u64 },
    /// The input is not available; the text gives the reason.
    Gone(&'static str),
}

/// How far the rest was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rest {
    /// To the end, or to the limit of what is kept.
    Done,
    /// Nothing arrived for too long.
    Silent,
    /// A signal ended the run.
    Interrupted(i32),
}

/// The outcome of one reading.
pub(in crate::sys::supervise) enum Taken {
    Some,
    /// Nothing is available now.
    Nothing,
    /// Nothing more will arrive, or it would not be kept.
    End,
}

impl Inputs {
    /// Keeps what was read even if not all of it can be kept.
    pub(crate) fn keep_part(&mut self) {
        for replay in self.replays() {
            replay.keep_part();
        }
    }

    /// The stream on descriptor 0 that can be read further, if there is one.
    pub(in crate::sys::supervise) fn stream(&self) -> Option<BorrowedFd<'static>> {
        self.list.iter().find_map(|input| match &input.kind {
            Kind::Replayed(replay) if input.numbers.contains(&0) => Some(replay.fd()),
            _ => None,
        })
    }

    /// Reads and keeps the next bytes on descriptor 0. Only while no command runs.
    pub(in crate::sys::supervise) fn take_rest(&mut self) -> Taken {
        let mut inputs = self.list.iter_mut().filter(|input| input.numbers.contains(&0));
        match inputs.next().map(|input| &mut input.kind) {
            Some(Kind::Replayed(replay)) => replay.take_rest(),
            _ => Taken::End,
        }
    }

    /// The descriptors other than 0 that the command was given input on.
    pub(crate) fn others(&self) -> impl Iterator<Item = i32> {
        self.list.iter().flat_map(|input| &input.numbers).copied().filter(|number| *number != 0)
    }

    /// The input that was given on descriptor 0.
    pub(crate) fn whole(&self) -> WholeInput<'_> {
        let mut given = self.list.iter().filter(|input| input.numbers.contains(&0));
        match given.next().map(|input| &input.kind) {
            Some(Kind::Given(_)) => WholeInput::Nothing,
            Some(Kind::Replayed(replay)) => WholeInput::Kept(replay.kept(), replay.loss()),
            Some(Kind::Rewound(file)) => match file.anew() {
                Ok((file, start)) => WholeInput::File { file, start },
                Err(_) => WholeInput::Gone("the file cannot be opened again"),
            },
            Some(Kind::Unknown(_)) => WholeInput::Gone("cannot determine what it is"),
            None => match rustix::fs::fstat(inherited(0)).map(|stat| FileType::from_raw_mode(stat.st_mode)) {
                Ok(FileType::CharacterDevice) | Err(_) => WholeInput::Nothing,
                Ok(_) => WholeInput::Gone("stdin was inherited, and is not kept"),
            },
        }
    }
}
