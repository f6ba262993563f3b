//! The command's input: turns the policy's `--stdin` into the supervisor's mode, and describes why an input is not
//! available.

use std::ffi::OsString;

use super::helpers;
use crate::base::error::Error;
use crate::base::size;
use crate::base::words::of_system;
use crate::policy::Policy;
use crate::policy::value::{MaxAttempts, StdinMode};
use crate::sys::supervise::{InputLoss, InputMode, InputRefusal, Inputs};

/// Opens the input of the attempts. Fails if `--stdin` cannot be satisfied.
pub(super) fn open(policy: &Policy, argv: &[OsString]) -> Result<Inputs, Error> {
    let mode = match policy.stdin {
        StdinMode::Auto => InputMode::ReplayIfPossible,
        StdinMode::Inherit => InputMode::Inherit,
        StdinMode::Replay => InputMode::Replay,
        StdinMode::Null => InputMode::Null,
    };
    let keeps_part = policy.dead_letter.is_some();
    let repeats = policy.attempts() != MaxAttempts::Times(1) || helpers::reads_again(policy);
    let opened = Inputs::open(mode, repeats, policy.stdin_max.0, argv).map_err(|refusal| match refusal {
        InputRefusal::NoNull(why) => Error::system("cannot open /dev/null", &why),
        InputRefusal::NotReplayable(what) => {
            Error::usage(format!("--stdin replay cannot replay stdin: it is {what}"))
                .hint("use --stdin inherit, or feed it from a file or a pipe")
        }
    });
    opened.map(|mut inputs| {
        if keeps_part {
            inputs.keep_part();
        }
        inputs
    })
}

/// The reason why another attempt would not read what the last one did. `number`: the descriptor.
pub(super) fn loss(number: i32, loss: &InputLoss) -> String {
    let name = if number == 0 { "stdin".to_owned() } else { format!("/dev/fd/{number}") };
    let why = match loss {
        InputLoss::TooLong(limit) => format!("more than --stdin-max {} was read", size::exact(*limit)),
        InputLoss::NotKept { place, why } => format!("it cannot be kept in {place}: {why}"),
        InputLoss::NotRead(why) => format!("the kept copy cannot be read: {}", of_system(&(*why).into())),
        InputLoss::Broken(why) => format!("reading it failed: {}", of_system(&(*why).into())),
        InputLoss::NotFed(why) => format!("cannot create a pipe for it: {}", of_system(&(*why).into())),
        InputLoss::Unknown(why) => {
            format!("cannot determine what it is: {}", of_system(&(*why).into()))
        }
        InputLoss::NotReopened(why) => {
            format!("the file cannot be opened again: {}", of_system(&(*why).into()))
        }
    };
    format!("{name} cannot be replayed: {why}")
}
