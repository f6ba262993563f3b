//! The capabilities that this build lacks.

use super::capability::{CAPABILITIES, Capability};

include!(concat!(env!("OUT_DIR"), "/lacking.rs"));

/// The capabilities that the system lacks or that were left out of the build.
pub fn lacking() -> impl Iterator<Item = &'static Capability> {
    CAPABILITIES.iter().filter(|capability| LACKING.contains(&capability.name))
}

/// The consequences of the capabilities that this build lacks, as whole clauses.
pub fn consequences() -> impl Iterator<Item = &'static str> {
    lacking().filter_map(|capability| capability.consequence)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_capability_is_described_and_its_cfg_agrees_with_what_is_lacking() {
        for capability in CAPABILITIES {
            for text in [capability.name, capability.means, capability.without] {
                assert!(!text.is_empty() && !text.ends_with('.'), "{}: {text:?}", capability.name);
            }
            assert!(capability.is_on("linux", "x86_64"), "{} is on no tested system", capability.name);
        }
        for (name, is_here) in [
            ("process_list", cfg!(has_process_list)),
            ("subreaper", cfg!(has_subreaper)),
            ("procfs", cfg!(has_procfs)),
            ("tee", cfg!(has_tee)),
            ("clone3", cfg!(has_clone3)),
        ] {
            assert_eq!(lacking().all(|capability| capability.name != name), is_here, "{name}");
        }
    }

    #[test]
    fn a_processor_counts_only_where_it_is_named() {
        let of = |name| CAPABILITIES.iter().find(|capability| capability.name == name).unwrap();
        assert!(of("tee").is_on("linux", "aarch64") && !of("clone3").is_on("linux", "aarch64"));
        assert!(of("process_list").is_on("macos", "aarch64") && !of("tee").is_on("macos", "aarch64"));
        assert!(!of("process_list").is_on("freebsd", "x86_64"));
    }
}
