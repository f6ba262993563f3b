//! Label names that Prometheus allows and that are free for user-defined labels.

/// Label names that Prometheus sets itself, and those that our series use.
const TAKEN: [&str; 8] = ["le", "quantile", "job", "instance", "operation", "policy", "outcome", "class"];

/// The reason why metrics cannot have a label of this name, if any.
pub fn check(name: &str) -> Result<(), String> {
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if name.is_empty() || name.starts_with(|c: char| c.is_ascii_digit()) || !name.chars().all(is_word) {
        return Err(format!(
            "invalid label '{name}': Prometheus allows letters, digits and _, no digit first"
        ));
    }
    if name.starts_with("__") {
        return Err(format!("invalid label '{name}': Prometheus reserves names that begin with __"));
    }
    if TAKEN.contains(&name) {
        return Err(format!("label '{name}' is reserved: metrics and Prometheus set it themselves"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::check;

    #[test]
    fn what_prometheus_or_we_take_is_refused() {
        for name in ["team", "_x", "a1", "A_b", "operations", "jobs", "_"] {
            assert_eq!(check(name), Ok(()), "{name}");
        }
        for name in
            ["", "1a", "a-b", "a.b", "a b", "é", "a:b", "__x", "__", "le", "quantile", "job", "instance"]
        {
            assert!(check(name).is_err(), "{name}");
        }
        for name in ["operation", "policy", "outcome", "class"] {
            assert!(check(name).is_err_and(|why| why.contains("reserved")), "{name}");
        }
    }
}
