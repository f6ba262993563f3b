//! Processes, signals and the controlling terminal: one command at a time, run, watched, stopped and reaped.
//!
//! Its boundary: it reports events ([`SupervisorEvent`]) and follows instructions ([`Supervisor::stop`]). It classifies
//! nothing, prints nothing except the command's output, knows neither policy nor options, and never reads the terminal.
//!
//! A thread started anywhere in the program must block every signal: handlers belong to the main thread, which is also
//! the only one that may call [`Supervisor::spawn`] (the kernel ties the command's life to the thread that forked it).
#![expect(
    unsafe_code,
    reason = "fork, exec and signal handlers have no safe interface; they live here alone"
)]
#![expect(
    clippy::disallowed_methods,
    reason = "sys/ is the machine: /proc, PATH and waiting in a destructor"
)]

mod supervisor;

mod attempt;
mod beside;
mod crew;
mod held_signals;
mod inherited;
mod inherited_fd;
mod interrupt;
mod memory;
mod os;
mod pause;
mod program;
#[cfg(has_getrandom)]
mod randomness;
mod remains;
mod replace;
mod run_in_fork;
mod signals;
mod spawn;
mod stdin;
mod terminal;
mod tree;
mod witness;

mod capture;
mod delivery;
mod late_reader;
mod outlet;
mod output;
mod pty;
mod pump;
mod watch;

pub(crate) use beside::beside;
pub(crate) use capture::{Capture, Mode};
pub(crate) use crew::{Crew, CrewEvent, HANDED_DOWN, handed_down};
pub(crate) use delivery::Wanted;
pub(crate) use held_signals::HeldSignals;
pub(crate) use inherited_fd::writable_copy;
pub(crate) use interrupt::Interrupt;
pub(crate) use memory::installed_memory;
pub(crate) use output::Captured;
pub(crate) use pause::{moment, since_boot};
pub(crate) use program::{Program, Variable, environment_has};
pub(crate) use remains::Remains;
pub(crate) use replace::exec;
pub(crate) use run_in_fork::run_in_fork;
pub(crate) use signals::{die_by, stop_signals};
pub(crate) use stdin::{InputLoss, InputMode, InputRefusal, Inputs, Rest, WholeInput};
pub(crate) use supervisor::{Options, Supervisor, SupervisorEvent};
#[cfg(not(has_procfs))]
pub(crate) use tree::is_at_work;
pub(crate) use tree::{is_ancestor, is_foreground_of};
