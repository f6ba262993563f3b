//! The clients at work, side by side in the order in which they came: a million of them are in no cache, and each one that
//! stood by itself would be looked for twice.

use crate::session::Session;
use crate::simulate::call::Call;
use crate::store::memory::Memory;

/// A client during an operation.
pub(super) struct Client {
    pub(super) session: Session,
    /// Its handle of the shared state.
    pub(super) store: Option<Box<Memory>>,
    /// When the operation began.
    pub(super) began: u64,
    /// The number of the client, and its operation.
    pub(super) id: u32,
    pub(super) turn: u32,
    /// Attempts of this operation.
    pub(super) attempt: u32,
    /// The timer that counts; earlier ones do not.
    pub(super) timer: u32,
    /// An attempt is under way.
    pub(super) awaits: bool,
}

impl Client {
    /// The last request of this client, which stands at this place.
    pub(super) fn call(&self, place: u32) -> Call {
        Call { client: self.id, turn: self.turn, attempt: self.attempt, place }
    }

    /// Reads a little of all that a step reads, as [`Session::touch`] does.
    pub(super) fn touch(&self) -> u64 {
        self.session.touch() ^ u64::from(self.timer ^ self.id) ^ u64::from(self.store.is_some())
    }
}

#[derive(Default)]
pub(super) struct Clients {
    all: Vec<Option<Client>>,
    /// The places of those that are done.
    free: Vec<u32>,
}

impl Clients {
    /// How many were at work at the same time.
    pub(super) fn most(&self) -> usize {
        self.all.len()
    }

    /// Takes in a client, and says where it stands.
    pub(super) fn keep(&mut self, client: Client) -> u32 {
        if let Some(place) = self.free.pop() {
            self.all[place as usize] = Some(client);
            return place;
        }
        self.all.push(Some(client));
        u32::try_from(self.all.len() - 1).unwrap_or(u32::MAX)
    }

    pub(super) fn at(&self, place: u32) -> Option<&Client> {
        self.all.get(place as usize)?.as_ref()
    }

    pub(super) fn at_mut(&mut self, place: u32) -> Option<&mut Client> {
        self.all.get_mut(place as usize)?.as_mut()
    }

    /// The client that sent this request, if it is still at the same operation.
    pub(super) fn sender(&mut self, call: Call) -> Option<&mut Client> {
        self.at_mut(call.place).filter(|client| (client.id, client.turn) == (call.client, call.turn))
    }

    /// Lets a client go.
    pub(super) fn leave(&mut self, place: u32) -> Option<Client> {
        let client = self.all.get_mut(place as usize)?.take()?;
        self.free.push(place);
        Some(client)
    }
}
