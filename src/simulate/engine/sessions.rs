//! The sessions of a run side by side, in the order of their clients: a million of them are in no cache, and each one that
//! stood by itself would be looked for twice.

use crate::session::Session;

#[derive(Default)]
pub(super) struct Sessions {
    all: Vec<Option<Session>>,
    /// The places of those that are over.
    free: Vec<u32>,
}

impl Sessions {
    /// Keeps a session, and says where.
    pub(super) fn keep(&mut self, session: Session) -> u32 {
        if let Some(place) = self.free.pop() {
            self.all[place as usize] = Some(session);
            return place;
        }
        self.all.push(Some(session));
        u32::try_from(self.all.len() - 1).unwrap_or(u32::MAX)
    }

    pub(super) fn get(&self, place: u32) -> Option<&Session> {
        self.all.get(place as usize)?.as_ref()
    }

    pub(super) fn get_mut(&mut self, place: u32) -> Option<&mut Session> {
        self.all.get_mut(place as usize)?.as_mut()
    }

    pub(super) fn drop(&mut self, place: u32) {
        self.all[place as usize] = None;
        self.free.push(place);
    }
}
