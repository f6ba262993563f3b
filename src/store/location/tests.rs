use proptest::prelude::*;

use super::*;

fn tcp(host: &str, port: u16, tls: Option<Trust>) -> Address {
    Address::Tcp { host: host.to_owned(), port, tls }
}

#[test]
fn urls_are_read_and_shown_without_the_password() {
    let plain = |host| tcp(host, 6379, None);
    let unix = |path: &str| Address::Unix(path.into());
    for (url, address, login, db, shown) in [
        ("redis://host", plain("host"), None, 0, "redis://host:6379"),
        ("redis://host/", plain("host"), None, 0, "redis://host:6379"),
        ("REDIS://host:1/2", tcp("host", 1, None), None, 2, "redis://host:1/2"),
        ("valkey://host/3", plain("host"), None, 3, "valkey://host:6379/3"),
        ("redis://:pw@host", plain("host"), Some((None, "pw")), 0, "redis://:***@host:6379"),
        ("redis://u:pw@host/2", plain("host"), Some((Some("u"), "pw")), 2, "redis://u:***@host:6379/2"),
        ("redis://u:a@b@host", plain("host"), Some((Some("u"), "a@b")), 0, "redis://u:***@host:6379"),
        (
            "redis://u:a%2Fb%40%25:@host",
            plain("host"),
            Some((Some("u"), "a/b@%:")),
            0,
            "redis://u:***@host:6379",
        ),
        ("redis://[::1]:7", tcp("::1", 7, None), None, 0, "redis://[::1]:7"),
        ("redis://127.0.0.1", plain("127.0.0.1"), None, 0, "redis://127.0.0.1:6379"),
        ("rediss://host", tcp("host", 6379, Some(Trust::Verified)), None, 0, "rediss://host:6379"),
        ("valkeys://host", tcp("host", 6379, Some(Trust::Verified)), None, 0, "valkeys://host:6379"),
        (
            "rediss://h/1#insecure",
            tcp("h", 6379, Some(Trust::Anybody)),
            None,
            1,
            "rediss://h:6379/1#insecure",
        ),
        ("redis+unix:///run/r.sock", unix("/run/r.sock"), None, 0, "redis+unix:///run/r.sock"),
        ("unix:///a%20b", unix("/a b"), None, 0, "unix:///a b"),
        (
            "redis+unix:///r.sock?db=2&user=u&pass=a%26b",
            unix("/r.sock"),
            Some((Some("u"), "a&b")),
            2,
            "redis+unix:///r.sock?db=2&user=u&pass=***",
        ),
    ] {
        let location = Location::parse(url).expect(url);
        let login = login.map(|(user, password): (Option<&str>, &str)| Login {
            user: user.map(str::to_owned),
            password: Secret(password.to_owned()),
            file: None,
        });
        assert_eq!((&location.address, &location.login, location.db), (&address, &login, db), "{url}");
        assert_eq!(location.to_string(), shown, "{url}");
    }
}

#[test]
fn wrong_urls_are_told_by_what_is_wrong() {
    for (url, why) in [
        ("", "begins with redis://"),
        ("/var/tmp", "begins with redis://"),
        ("http://host", "begins with redis://"),
        ("redis:host", "lacks the //"),
        ("redis://", "has no host"),
        ("redis:///2", "has no host"),
        ("redis://:6379", "has no host"),
        ("redis://host:port", "invalid port"),
        ("redis://host:65536", "invalid port"),
        ("redis://:s3cret/x@host", ""),
        ("redis://u:s3cret/x@host", "invalid port"),
        ("redis://u:65/s3cret@host", "invalid database"),
        ("redis://host/two", "invalid database"),
        ("redis://host/-1", "invalid database"),
        ("redis://host/99999999999", "invalid database"),
        ("redis://[::1", "invalid IPv6"),
        ("redis://ho st", ""),
        ("redis://s3cret@host", "without a password"),
        ("redis://host?protocol=3", "after ?"),
        ("redis://:a?s3cret@host", ""),
        ("redis://host#insecure", "after #"),
        ("rediss://host#s3cret", "after #"),
        ("redis://u:%FF@host", "UTF-8"),
        ("redis+unix://host/r.sock", "contains a host"),
        ("redis+unix:///", "has no socket path"),
        ("redis+unix:///r.sock?pass=s3cret&tls=1", "unknown part"),
        ("redis+unix:///r.sock?db=s3cret", "invalid database"),
        ("redis+unix:///r.sock?user=s3cret", "without a password"),
    ] {
        let told = Location::parse(url).expect_err(url);
        assert!(told.contains(why), "{url}: {told}");
        assert!(!told.contains("s3cret") && !told.contains('\n'), "{url}: {told}");
    }
}

#[test]
fn a_password_is_in_the_url_or_in_a_file() {
    assert!(Location::parse("redis://:pw@host?password-file=f").unwrap_err().contains("use one of them"));
}

proptest! {
    #[test]
    fn any_password_is_read_and_never_shown(password in "\\PC{1,20}", user in "[a-z]{0,5}") {
        let marked = format!("s3cret{password}");
        let encoded: String = marked.bytes().map(|byte| format!("%{byte:02X}")).collect();
        let unix = format!("redis+unix:///r.sock?user={user}&pass={encoded}");
        for url in [format!("redis://{user}:{encoded}@host/2"), format!("rediss://{user}:{encoded}@host"), unix] {
            let location = Location::parse(&url).unwrap();
            prop_assert_eq!(&location.login.as_ref().unwrap().password.0, &marked);
            prop_assert!(!location.to_string().contains("s3cret"));
            let debugged = format!("{location:?}");
            prop_assert!(!debugged.contains("s3cret"));
        }
    }

    #[test]
    fn nothing_that_is_no_url_panics_or_is_repeated(rest in "\\PC{0,30}") {
        for scheme in ["redis://", "rediss://u:", "redis+unix://", "redis:"] {
            if let Err(told) = Location::parse(&format!("{scheme}s3cret{rest}")) {
                prop_assert!(!told.contains("s3cret"), "{}", told);
            }
        }
    }
}
