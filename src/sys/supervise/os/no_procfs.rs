//! Systems where no `/proc` has further information on processes.

use std::time::Duration;

pub(in super::super) fn has_own_proc() -> bool {
    false
}

pub(in super::super) fn name_and_user(_: i32) -> Option<(String, Option<u32>)> {
    None
}

pub(in super::super) fn time_run(_: i32) -> Option<Duration> {
    None
}
