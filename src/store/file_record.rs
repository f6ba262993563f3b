//! The record of a key: a file of two slots that are written in turn, each in place and as a whole. Pure.
//!
//! A crash or a power failure during a write spoils only the slot being written; the other one still holds the previous
//! state. A slot is text of a fixed length, so that `cat` shows it:
//!
//! ```text
//! retry-state 1 <checksum> <sequence> <length> {"key":…,"state":…}      and blanks up to a newline
//! ```

use serde::{Deserialize, Serialize};

use super::key_name;
use crate::base::fnv;
use crate::gate::{self, KeyState};

/// A state takes at most about 1000 bytes, a key 255, or 765 if all of them have to be escaped.
pub const SLOT: usize = 2048;
pub const SLOTS: usize = 2;
pub const FILE: usize = SLOT * SLOTS;

const MAGIC: &[u8] = b"retry-state 1 ";
/// Sixteen hexadecimal digits over all that follows them up to the padding.
const CHECKSUM: usize = 16;
/// Twenty and four decimal digits.
const SEQUENCE: usize = 20;
const LENGTH: usize = 4;
/// Offsets in a slot of the part under the checksum, and of the JSON.
const CHECKED: usize = MAGIC.len() + CHECKSUM + 1;
const JSON: usize = CHECKED + SEQUENCE + 1 + LENGTH + 1;

/// The key in plain ASCII: JSON escapes would take up to six bytes for one.
#[derive(Serialize)]
struct Written<'a> {
    key: &'a str,
    state: &'a KeyState,
}

#[derive(Deserialize)]
struct Parsed {
    key: String,
    state: KeyState,
}

/// The contents of a file.
#[derive(Debug, PartialEq)]
#[expect(clippy::large_enum_variant, reason = "one exists at a time, and is taken apart at once")]
pub enum Found {
    /// Nothing: the file is new.
    Nothing,
    State {
        key: String,
        state: KeyState,
    },
    Unusable(Damage),
}

/// Why a record cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Damage {
    Torn,
    OtherKey,
    Newer,
}

impl Damage {
    /// A description that follows the file's name in messages.
    pub fn words(self) -> &'static str {
        match self {
            Damage::Torn => "is damaged",
            Damage::OtherKey => "belongs to another key",
            Damage::Newer => "was written by a newer version of retry",
        }
    }
}

/// The slot and the sequence number of the next record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Next {
    slot: usize,
    sequence: u64,
}

impl Next {
    /// In bytes from the start of the file.
    pub fn offset(self) -> u64 {
        (self.slot * SLOT) as u64
    }

    /// The file is empty.
    pub fn is_first(self) -> bool {
        self.sequence == 1
    }
}

/// The newest state in a file that belongs to this key.
pub fn read(file: &[u8], is_right: impl Fn(&str) -> bool) -> (Found, Next) {
    let mut slots: Vec<(u64, usize, &[u8])> = Vec::with_capacity(SLOTS);
    for (slot, bytes) in file.chunks(SLOT).take(SLOTS).enumerate() {
        slots.extend(checked(bytes).map(|(sequence, json)| (sequence, slot, json)));
    }
    slots.sort_by_key(|(sequence, ..)| std::cmp::Reverse(*sequence));
    let sequence = slots.first().map_or(0, |(newest, ..)| *newest).saturating_add(1);
    let mut damage = Damage::Torn;
    for (_, slot, json) in slots {
        match parsed(json, &is_right) {
            Ok((key, state)) => {
                return (Found::State { key, state }, Next { slot: (slot + 1) % SLOTS, sequence });
            }
            Err(why) => damage = why,
        }
    }
    let found = if file.is_empty() { Found::Nothing } else { Found::Unusable(damage) };
    (found, Next { slot: 0, sequence })
}

/// The sequence number and the JSON of a slot whose checksum is right.
fn checked(slot: &[u8]) -> Option<(u64, &[u8])> {
    if slot.len() < JSON || !slot.starts_with(MAGIC) {
        return None;
    }
    let text = |from: usize, length: usize| std::str::from_utf8(&slot[from..from + length]).ok();
    let length: usize = text(CHECKED + SEQUENCE + 1, LENGTH)?.parse().ok()?;
    let under = slot.get(CHECKED..JSON.checked_add(length)?)?;
    if u64::from_str_radix(text(MAGIC.len(), CHECKSUM)?, 16).ok()? != fnv::hash64(under.iter().copied()) {
        return None;
    }
    Some((text(CHECKED, SEQUENCE)?.parse().ok()?, &slot[JSON..JSON + length]))
}

fn parsed(json: &[u8], is_right: impl Fn(&str) -> bool) -> Result<(String, KeyState), Damage> {
    let parsed: Parsed = serde_json::from_slice(json).map_err(|_| Damage::Torn)?;
    let key = key_name::unescaped(&parsed.key).ok_or(Damage::Torn)?;
    if !is_right(&key) {
        return Err(Damage::OtherKey);
    }
    if parsed.state.v > gate::VERSION {
        return Err(Damage::Newer);
    }
    Ok((key, parsed.state))
}

/// The bytes of a slot; `None` if the key is longer than allowed.
pub fn slot(next: Next, key: &str, state: &KeyState) -> Option<Vec<u8>> {
    let key = key_name::escaped(key, |byte| matches!(byte, b' '..=b'~') && !b"%\"\\".contains(&byte));
    let json = serde_json::to_string(&Written { key: &key, state }).ok()?;
    let under = format!("{:020} {:04} {json}", next.sequence, json.len());
    let mut slot = Vec::with_capacity(SLOT);
    slot.extend(MAGIC);
    slot.extend(format!("{:016x} ", fnv::hash64(under.bytes())).bytes());
    slot.extend(under.bytes());
    if slot.len() >= SLOT {
        return None;
    }
    slot.resize(SLOT - 1, b' ');
    slot.push(b'\n');
    Some(slot)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;

    use super::*;
    use crate::gate::{Ask, AttemptKind, Breaker, Free, Limits, Rate, Settlement, StoreTime, Tripping};

    const KEY: &str = "api.example.com";

    fn closed_for(seconds: u64) -> KeyState {
        let mut state = KeyState::default();
        state.close(StoreTime(1_700_000_000_000_000), Duration::from_secs(seconds));
        state
    }

    fn is_key(key: &str) -> bool {
        key == KEY
    }

    /// Writes a state as the next one.
    fn write(file: &mut Vec<u8>, key: &str, state: &KeyState) {
        let (_, next) = read(file, |found| found == key);
        let bytes = slot(next, key, state).unwrap();
        let from = usize::try_from(next.offset()).unwrap();
        file.resize(file.len().max(from + SLOT), b' ');
        file[from..from + SLOT].copy_from_slice(&bytes);
    }

    fn state_in(file: &[u8]) -> Option<KeyState> {
        match read(file, is_key).0 {
            Found::State { state, .. } => Some(state),
            _ => None,
        }
    }

    #[test]
    fn slots_are_written_by_turns_and_the_latest_counts() {
        let mut file = Vec::new();
        assert_eq!(read(&file, is_key), (Found::Nothing, Next { slot: 0, sequence: 1 }));
        for seconds in 1..=5 {
            write(&mut file, KEY, &closed_for(seconds));
            assert_eq!(state_in(&file), Some(closed_for(seconds)));
        }
        assert_eq!(file.len(), FILE);
        assert!(file.is_ascii());
        assert_eq!([file[SLOT - 1], file[FILE - 1]], *b"\n\n");
        assert_eq!(read(&file, is_key).1, Next { slot: 1, sequence: 6 });
    }

    /// A state in which everything that can grow has grown, at the end of time.
    fn fullest() -> KeyState {
        let limits = Limits {
            concurrency: Some(u32::MAX),
            rate: Some(Rate { count: u32::MAX, per: Duration::from_secs(u64::MAX) }),
            breaker: Some(Breaker { trips: Tripping::Share(1.0), open_for: Duration::from_secs(u64::MAX) }),
            budget: Some(1.0 / 3.0),
            adaptive: true,
        };
        let mut state = KeyState::default();
        let start = StoreTime(u64::MAX / 2);
        for step in 0..15 {
            let now = start.plus(Duration::from_secs(10 * step));
            let settlement = Settlement { health: gate::Health::Bad, ..Settlement::UNKNOWN };
            for kind in [AttemptKind::First, AttemptKind::Retry] {
                let ask = Ask { kind, chance: 0.999, ..Ask::default() };
                state.admit(now, &limits, &ask, Free { permit: true, probe: true });
            }
            state.settle(now, &limits, &settlement);
        }
        state.close(start.plus(Duration::from_secs(150)), Duration::from_secs(u64::MAX));
        state
    }

    #[test]
    fn the_fullest_state_of_the_longest_key_fits() {
        for key in ["\u{1}".repeat(255), "\u{fffd}".repeat(85)] {
            let next = Next { slot: 1, sequence: u64::MAX };
            let bytes = slot(next, &key, &fullest()).unwrap();
            // Counters are 32 bits long and make a state no longer than this.
            assert!(bytes.trim_ascii_end().len() < SLOT - 350, "{}", String::from_utf8_lossy(&bytes));
            let Found::State { key: found, state } = read(&bytes, |_| true).0 else { panic!("unreadable") };
            assert_eq!((found, state), (key, fullest()));
        }
        assert_eq!(slot(Next { slot: 0, sequence: 1 }, &"x".repeat(3000), &KeyState::default()), None);
    }

    #[test]
    fn a_record_of_another_key_or_a_newer_version_is_not_used_but_written_over() {
        let mut file = Vec::new();
        write(&mut file, "other", &closed_for(1));
        assert_eq!(read(&file, is_key).0, Found::Unusable(Damage::OtherKey));
        write(&mut file, KEY, &closed_for(2));
        assert_eq!(state_in(&file), Some(closed_for(2)));

        let mut file = Vec::new();
        let mut newer = KeyState::default();
        newer.v = gate::VERSION + 1;
        write(&mut file, KEY, &newer);
        assert_eq!(read(&file, is_key).0, Found::Unusable(Damage::Newer));
        write(&mut file, KEY, &closed_for(2));
        assert_eq!(state_in(&file), Some(closed_for(2)));
        write(&mut file, KEY, &closed_for(3));
        assert_eq!(state_in(&file), Some(closed_for(3)));
    }

    #[test]
    fn what_is_no_record_is_damage() {
        for bytes in [&b"hello"[..], &[0; FILE], &[b' '; SLOT], b"retry-state 1 ", &[0xff; FILE + 1]] {
            assert_eq!(read(bytes, is_key).0, Found::Unusable(Damage::Torn));
        }
    }

    proptest! {
        #[test]
        fn a_torn_write_leaves_the_state_before_or_after_it(writes in 1..5_u64, torn in 0..=SLOT, zeros in any::<bool>()) {
            let mut before = Vec::new();
            (1..=writes).for_each(|seconds| write(&mut before, KEY, &closed_for(seconds)));
            let mut after = before.clone();
            write(&mut after, KEY, &closed_for(99));
            let (_, next) = read(&before, is_key);
            let from = usize::try_from(next.offset()).unwrap();
            let mut file = before.clone();
            file.resize(file.len().max(from + torn), 0);
            file[from..from + torn].copy_from_slice(&after[from..from + torn]);
            if zeros {
                file.resize(after.len(), 0);
            }
            let state = state_in(&file).unwrap();
            prop_assert!([closed_for(writes), closed_for(99)].contains(&state));
        }

        #[test]
        fn a_flipped_bit_never_makes_a_wrong_state(writes in 1..5_u64, at in 0..SLOT * 2, bit in 0..8) {
            let mut file = Vec::new();
            (1..=writes).for_each(|seconds| write(&mut file, KEY, &closed_for(seconds)));
            let at = at % file.len();
            file[at] ^= 1_u8 << bit;
            match read(&file, is_key).0 {
                Found::State { state, .. } => {
                    prop_assert!(state == closed_for(writes) || writes > 1 && state == closed_for(writes - 1));
                }
                Found::Unusable(damage) => prop_assert_eq!((damage, writes), (Damage::Torn, 1)),
                Found::Nothing => prop_assert!(false, "it is not new"),
            }
        }

        #[test]
        fn any_bytes_can_be_read(bytes in proptest::collection::vec(any::<u8>(), 0..5000)) {
            let found = read(&bytes, is_key).0;
            prop_assert!(matches!(found, Found::Nothing | Found::Unusable(Damage::Torn)));
        }
    }
}
