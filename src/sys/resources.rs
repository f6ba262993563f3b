//! The resources of the machine.

use super::supervise;

/// Memory that cannot be exceeded.
pub(crate) struct Memory {
    pub(crate) bytes: u64,
    /// `available` or `installed`.
    pub(crate) is: &'static str,
}

/// The memory that programs could still take, as the kernel estimates it; where it does not say, what the machine has.
/// `None` where nobody knows that either.
pub(crate) fn memory() -> Option<Memory> {
    let available = available().map(|bytes| Memory { bytes, is: "available" });
    available.or_else(|| Some(Memory { bytes: supervise::installed_memory()?, is: "installed" }))
}

#[expect(clippy::disallowed_methods, reason = "a file of the kernel's")]
fn available() -> Option<u64> {
    if !cfg!(has_procfs) {
        return None;
    }
    let text = std::fs::read_to_string("/proc/meminfo").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()?.checked_mul(1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_available_is_a_part_of_what_is_installed() {
        let installed = supervise::installed_memory().unwrap();
        assert!((1 << 24..1 << 50).contains(&installed), "{installed}");
        assert_eq!(available().is_some(), cfg!(has_procfs));
        assert!(memory().unwrap().bytes <= installed);
    }
}
