//! Interns recurring texts: each is held once and known by a number. Beyond a cap, all new ones are `(other)`.

use std::collections::HashMap;

pub(super) use crate::base::words::OTHER;

/// The texts by number, in the order of their first occurrence.
#[derive(Debug)]
pub(super) struct Names {
    cap: usize,
    numbers: HashMap<Box<str>, u32>,
    texts: Vec<Box<str>>,
    /// Something was given the name [`OTHER`].
    pub overflowed: bool,
}

impl Names {
    pub(super) fn new(cap: usize) -> Self {
        Self { cap, numbers: HashMap::new(), texts: Vec::new(), overflowed: false }
    }

    pub(super) fn number(&mut self, text: &str) -> u32 {
        if let Some(number) = self.numbers.get(text) {
            return *number;
        }
        if self.texts.len() < self.cap || text == OTHER {
            let number = u32::try_from(self.texts.len()).unwrap_or(u32::MAX);
            self.texts.push(text.into());
            self.numbers.insert(text.into(), number);
            return number;
        }
        self.overflowed = true;
        self.number(OTHER)
    }

    pub(super) fn text(&self, number: u32) -> &str {
        self.texts.get(number as usize).map_or("", |text| text)
    }
}
