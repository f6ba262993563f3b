//! The password of a login: read for each connection, so that a new one in a file is picked up.

use crate::base::words::of_system;
use crate::store::Login;

/// The password; in a file, its first line. Errors reveal nothing of the file.
pub(super) fn read(login: &Login) -> Result<String, String> {
    let Some(path) = &login.file else { return Ok(login.password.0.clone()) };
    let trouble =
        |why: &str| format!("its password file {}: {why}", path.display().to_string().escape_debug());
    let text = std::fs::read(path).map_err(|why| trouble(&of_system(&why)))?;
    let line = text.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    match std::str::from_utf8(line) {
        Ok("") => Err(trouble("its first line is empty")),
        Ok(password) => Ok(password.to_owned()),
        Err(_) => Err(trouble("it is not UTF-8")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Location;

    #[test]
    fn a_password_may_be_in_a_file() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a b");
        let encoded = path.display().to_string().replace(' ', "%20");
        for url in [
            format!("redis://host?password-file={encoded}"),
            format!("rediss://u@host/1?password-file={encoded}"),
            format!("redis+unix:///r.sock?user=u&password-file={encoded}"),
        ] {
            let login = Location::parse(&url).unwrap().login.unwrap();
            for (text, expected) in
                [("s3cret\nmore\n", Ok("s3cret")), ("s3cret\r\n", Ok("s3cret")), ("\ns3cret", Err("empty"))]
            {
                std::fs::write(&path, text).unwrap();
                match (read(&login), expected) {
                    (Ok(found), Ok(expected)) => assert_eq!(found, expected),
                    (Err(told), Err(why)) => {
                        assert!(told.contains(why) && !told.contains("s3cret"), "{told}");
                    }
                    (found, expected) => panic!("{found:?} {expected:?}"),
                }
            }
            std::fs::remove_file(&path).unwrap();
            assert!(read(&login).unwrap_err().contains("a b"));
        }
    }
}
