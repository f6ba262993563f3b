//! Why a limit holds an attempt back, or refuses it: a value that is put into words only if somebody reads them. Waiting
//! attempts ask again and again, and few of the answers are ever read.

use std::fmt;

use super::limits::Rate;
use crate::base::duration::exact;
use crate::base::words::plural;

/// Why an attempt has to wait, or does not start. In words, it stands after "because".
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// By a person or another program.
    ClosedByHand,
    /// By a server, for everybody.
    AskedToWait,
    UsedUp(Rate),
    /// The breaker opened after this many failures in a row; 0: by the share of failures.
    Opened(u32),
    ProbeRuns,
    BudgetExhausted,
    /// All permits, so many, are taken.
    Running(u32),
    /// Of late, so many attempts succeeded of so many.
    Succeeded(u32, u32),
    /// What a store says, in its words.
    Said(String),
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Reason::ClosedByHand => f.write_str("the key was closed by hand"),
            Reason::AskedToWait => f.write_str("the server asked clients to wait"),
            Reason::UsedUp(rate) => {
                write!(f, "{} per {} used up", plural(rate.count.into(), "attempt"), exact(rate.per))
            }
            Reason::Opened(0) => f.write_str("opened after too many failures"),
            Reason::Opened(1) => f.write_str("opened after a failure"),
            Reason::Opened(failures) => write!(f, "opened after {failures} failures in a row"),
            Reason::ProbeRuns => f.write_str("half-open, probe running"),
            Reason::BudgetExhausted => f.write_str("retry budget exhausted"),
            Reason::Running(most) => {
                let are = if *most == 1 { "is" } else { "are" };
                write!(f, "{} {are} running", plural((*most).into(), "attempt"))
            }
            Reason::Succeeded(accepts, requests) => {
                write!(f, "{accepts} of {requests} attempts succeeded in two minutes")
            }
            Reason::Said(words) => f.write_str(words),
        }
    }
}
