//! Events in order of time. They go into buckets of about a millisecond; a bucket is sorted when it is opened, and only
//! what comes into the open one goes through a heap. With millions of events that is several times faster than one heap.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

use super::call::Call;

/// A bucket is 2^20 nanoseconds wide.
const WIDTH_BITS: u32 = 20;
/// Buckets at hand: the next 69 seconds. What is due later waits in bulk.
const RING: usize = 1 << 16;

/// Events of a chunk: a bucket grows by as many.
const CHUNK: usize = 15;
/// Events that are shown before they are due.
const AHEAD: usize = 32;
/// No chunk.
const NONE: u32 = u32::MAX;

/// The kind of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum What {
    /// The client begins an operation.
    Begin,
    /// The client's timer, of the generation that stands in the call's attempt.
    Timer,
    /// A request reaches the server.
    Arrival,
    /// The server goes on with a request.
    Server,
    /// The server learns that nobody waits for a request any longer.
    Cancel,
    /// The server's answer reaches the client.
    Answer(Answer),
}

impl What {
    /// Whether a client's session takes a step at it.
    pub(super) fn reaches_client(self) -> bool {
        matches!(self, What::Timer | What::Answer(_))
    }
}

/// A server's answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Answer {
    Success,
    Failure,
    /// A failure of the outage of this number, which says when to come back.
    RetryAfter(u16),
    /// The failure of the attempt in the log that this request is.
    Logged,
}

/// An event. Equal times are told apart by the client, then by who was first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Event {
    /// In nanoseconds.
    pub(super) at: u64,
    pub(super) client: u32,
    turn: u32,
    /// Counts events, and begins again after 2^32: it only tells those of one client and one nanosecond apart.
    sequence: u32,
    attempt: u32,
    /// Where the client stands.
    pub(super) place: u32,
    pub(super) what: What,
}

impl Event {
    pub(super) fn call(&self) -> Call {
        Call { client: self.client, turn: self.turn, attempt: self.attempt, place: self.place }
    }
}

/// Some events of a bucket, and the chunk with more of them. Buckets are many, and their lengths change all the time: chunks go
/// from one to another.
#[derive(Debug)]
struct Chunk {
    events: [Event; CHUNK],
    len: u32,
    next: u32,
}

/// The events of one run.
#[derive(Debug)]
pub(super) struct Queue {
    /// The first chunk of each bucket, the only one that may have room.
    ring: Vec<u32>,
    chunks: Vec<Chunk>,
    /// The first of the chunks that are free.
    free: u32,
    /// Events due after the ring's time, by the turn of the ring.
    later: BTreeMap<u64, Vec<Event>>,
    /// The open bucket, counted from time 0; its events, the next one last; and those that came since it was opened.
    open: u64,
    sorted: Vec<Event>,
    fresh: BinaryHeap<Reverse<Event>>,
    /// Of `sorted`, those from here on were shown as coming.
    shown: usize,
    /// Events in the ring's closed buckets.
    closed: usize,
    sequence: u32,
    /// Nothing after this moment is kept.
    end: u64,
}

impl Queue {
    pub(super) fn new(end: u64) -> Self {
        Self {
            ring: vec![NONE; RING],
            chunks: Vec::new(),
            free: NONE,
            later: BTreeMap::new(),
            open: 0,
            sorted: Vec::new(),
            fresh: BinaryHeap::new(),
            shown: 0,
            closed: 0,
            sequence: 0,
            end,
        }
    }

    /// Adds an event; one after the end is dropped.
    pub(super) fn push(&mut self, at: u64, call: Call, what: What) {
        if at > self.end {
            return;
        }
        self.sequence = self.sequence.wrapping_add(1);
        let Call { client, turn, attempt, place } = call;
        let event = Event { at, client, turn, sequence: self.sequence, attempt, place, what };
        let bucket = at >> WIDTH_BITS;
        if bucket <= self.open {
            self.fresh.push(Reverse(event));
        } else if round(bucket) == round(self.open) {
            self.put(event);
            self.closed += 1;
        } else {
            self.later.entry(round(bucket)).or_default().push(event);
        }
    }

    /// Puts an event into its bucket of the ring.
    fn put(&mut self, event: Event) {
        let first = &mut self.ring[place(event.at >> WIDTH_BITS)];
        if let Some(chunk) = self.chunks.get_mut(*first as usize)
            && let Some(room) = chunk.events.get_mut(chunk.len as usize)
        {
            *room = event;
            chunk.len += 1;
            return;
        }
        let next = *first;
        if let Some(chunk) = self.chunks.get_mut(self.free as usize) {
            *first = std::mem::replace(&mut self.free, chunk.next);
            (chunk.events[0], chunk.len, chunk.next) = (event, 1, next);
        } else {
            *first = u32::try_from(self.chunks.len()).unwrap_or(NONE);
            self.chunks.push(Chunk { events: [event; CHUNK], len: 1, next });
        }
    }

    /// Moves the events of a bucket of the ring to `sorted`, which is empty.
    fn take(&mut self, place: usize) {
        let mut at = std::mem::replace(&mut self.ring[place], NONE);
        while let Some(chunk) = self.chunks.get_mut(at as usize) {
            self.sorted.extend_from_slice(&chunk.events[..chunk.len as usize]);
            at = std::mem::replace(&mut chunk.next, std::mem::replace(&mut self.free, at));
        }
    }

    /// The next events of the open bucket, each shown once; none while some that were shown are still to come.
    pub(super) fn coming(&mut self) -> &[Event] {
        let count = self.sorted.len();
        if count > self.shown {
            return &[];
        }
        self.shown = count.saturating_sub(AHEAD);
        &self.sorted[self.shown..]
    }

    /// Takes the next event.
    pub(super) fn pop(&mut self) -> Option<Event> {
        loop {
            let is_fresh = match (self.sorted.last(), self.fresh.peek()) {
                (Some(sorted), Some(Reverse(fresh))) => fresh < sorted,
                (Some(_), None) => false,
                (None, Some(_)) => true,
                (None, None) => {
                    self.advance()?;
                    continue;
                }
            };
            return if is_fresh { self.fresh.pop().map(|event| event.0) } else { self.sorted.pop() };
        }
    }

    /// Opens the next bucket that has events; `None` if there is none.
    fn advance(&mut self) -> Option<()> {
        if self.closed == 0 {
            let (round, events) = self.later.pop_first()?;
            self.closed = events.len();
            for event in events {
                self.put(event);
            }
            self.open = round * RING as u64;
        } else {
            self.open += 1;
        }
        while self.ring[place(self.open)] == NONE {
            self.open += 1;
        }
        self.take(place(self.open));
        self.shown = self.sorted.len();
        self.closed -= self.sorted.len();
        self.sorted.sort_unstable_by(|one, other| other.cmp(one));
        Some(())
    }
}

/// How often the ring went round before this bucket.
fn round(bucket: u64) -> u64 {
    bucket / RING as u64
}

#[expect(clippy::cast_possible_truncation, reason = "less than the length of the ring")]
fn place(bucket: u64) -> usize {
    (bucket % RING as u64) as usize
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn events_come_in_order_of_time_client_and_arrival(
            first in proptest::collection::vec((0_u64..400_000_000_000, 0_u32..5), 1..200),
            later in proptest::collection::vec((0_u64..3_000_000, 0_u32..5), 0..200),
        ) {
            let mut queue = Queue::new(u64::MAX);
            for (at, client) in &first {
                queue.push(*at, Call::first(*client), What::Begin);
            }
            let mut later = later.into_iter();
            let (mut seen, mut last) = (0, (0, 0));
            let mut expected = first.len();
            while let Some(event) = queue.pop() {
                seen += 1;
                prop_assert!(event.at >= last.0);
                if event.at == last.0 {
                    prop_assert!(event.client >= last.1 || event.sequence as usize > first.len());
                }
                last = (event.at, event.client);
                if let Some((after, client)) = later.next() {
                    queue.push(event.at + after, Call::first(client), What::Timer);
                    expected += 1;
                }
            }
            prop_assert_eq!(seen, expected);
        }
    }

    #[test]
    fn nothing_is_kept_after_the_end() {
        let mut queue = Queue::new(10);
        queue.push(11, Call::first(1), What::Begin);
        queue.push(10, Call::first(2), What::Begin);
        assert_eq!(queue.pop().map(|event| event.client), Some(2));
        assert_eq!(queue.pop(), None);
    }
}
