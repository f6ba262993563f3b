//! The twin of `exact.rs` for systems where bytes cannot be seen before they are consumed.

use std::convert::Infallible;
use std::os::fd::BorrowedFd;

use super::buffer::{InputLoss, ReplayBuffer};
use super::source::Found;

/// Never constructed.
pub(super) struct Exact(Infallible);

impl Exact {
    pub(super) fn new(_: BorrowedFd<'static>, _is_socket: bool) -> Option<Self> {
        None
    }

    pub(super) fn fd(&self) -> BorrowedFd<'static> {
        match self.0 {}
    }

    pub(super) fn can_append(&self) -> bool {
        match self.0 {}
    }

    pub(super) fn has_more_than(&self, _: usize) -> bool {
        match self.0 {}
    }

    pub(super) fn is_contended(&self) -> bool {
        match self.0 {}
    }

    pub(super) fn forget(&mut self) {
        match self.0 {}
    }

    pub(super) fn extend(&mut self, _window: usize, _room: usize, _: BorrowedFd<'_>) -> Found {
        match self.0 {}
    }

    pub(super) fn taken_by_others(&mut self, _: usize) -> usize {
        match self.0 {}
    }

    pub(super) fn take(&mut self, _: usize, _others: usize, _: &mut ReplayBuffer) -> Result<(), InputLoss> {
        match self.0 {}
    }

    pub(super) fn drain(&mut self, _: BorrowedFd<'_>) -> usize {
        match self.0 {}
    }
}
