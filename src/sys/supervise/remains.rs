//! Processes as they appear in messages.

use super::os;

/// A process that an attempt left behind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Remains {
    pub(crate) pid: i32,
    /// The name shown in process lists. Empty if unknown.
    pub(crate) name: String,
    /// The owner, by name if that is known.
    pub(crate) user: String,
    /// Whether it belongs to another user, so that we may not kill it.
    pub(crate) foreign: bool,
}

impl Remains {
    pub(super) fn of(pid: i32) -> Self {
        let (name, uid) = os::name_and_user(pid).unwrap_or_default();
        let own = rustix::process::geteuid();
        let foreign = uid.is_some_and(|uid| uid != own.as_raw() && !own.is_root());
        Self { pid, name, user: uid.map_or_else(String::new, user_name), foreign }
    }
}

/// Only from the file: network directories are not worth waiting for.
fn user_name(uid: u32) -> String {
    let users = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
    name_in(&users, uid).map_or_else(|| format!("user {uid}"), str::to_owned)
}

fn name_in(users: &str, uid: u32) -> Option<&str> {
    let fields = |line: &'_ str| {
        let mut fields = line.split(':');
        (fields.next().unwrap_or_default().len(), fields.nth(1).and_then(|field| field.parse::<u32>().ok()))
    };
    let line = users.lines().find(|line| fields(line).1 == Some(uid))?;
    line.get(..fields(line).0).filter(|name| !name.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn users_have_names() {
        let users = "root:x:0:0:root:/root:/bin/sh\n#\n\nbroken:x\n:x:7:7::/:\nbob:x:1000:1000:,,,:/home/bob:/bin/sh\n";
        assert_eq!(name_in(users, 0), Some("root"));
        assert_eq!(name_in(users, 1000), Some("bob"));
        assert_eq!(name_in(users, 7), None);
        assert_eq!(name_in(users, 8), None);
        assert_eq!(user_name(u32::MAX - 5), "user 4294967290");
    }

    #[test]
    fn a_process_that_is_gone_has_a_pid() {
        let gone = Remains::of(i32::MAX);
        assert_eq!((gone.pid, gone.name.as_str(), gone.foreign), (i32::MAX, "", false));
    }
}
