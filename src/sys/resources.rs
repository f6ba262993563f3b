//! The resources of the machine.

/// The memory available to programs in bytes, as estimated by the kernel; `None` if unknown.
#[expect(clippy::disallowed_methods, reason = "a file of the kernel's")]
pub(crate) fn available_memory() -> Option<u64> {
    if !cfg!(has_procfs) {
        return None;
    }
    let text = std::fs::read_to_string("/proc/meminfo").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()?.checked_mul(1024)
}
