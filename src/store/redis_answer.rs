//! Converts the replies of a Redis server to values of ours, or to errors.

use super::redis_trouble::Trouble;
use super::resp::Reply;
use crate::gate::StoreTime;

/// A key's value, and the server's time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    pub value: Found,
    pub now: StoreTime,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    Nothing,
    Text(Vec<u8>),
    /// A list, a set, …: not ours.
    Odd,
}

impl Found {
    /// The kind of value, as named by the scripts.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Nothing => "none",
            Self::Text(_) => "text",
            Self::Odd => "odd",
        }
    }

    /// The answer to GET.
    pub fn of_get(reply: Reply) -> Self {
        match reply {
            Reply::Nothing => Self::Nothing,
            Reply::Text(text) => Self::Text(text),
            Reply::Number(_) | Reply::List(_) | Reply::Refusal(_) => Self::Odd,
        }
    }
}

/// The answer of a script: `{kind, value, seconds, microseconds}`. `None`: it has written the given value.
pub fn of_script(reply: &Reply) -> Result<Option<Seen>, Trouble> {
    let Reply::List(parts) = reply else { return Err(Trouble::not_redis()) };
    let [Reply::Text(kind), Reply::Text(text), seconds, micros] = &parts[..] else {
        return Err(Trouble::not_redis());
    };
    let value = match &kind[..] {
        b"done" => return Ok(None),
        b"none" => Found::Nothing,
        b"text" => Found::Text(text.clone()),
        b"odd" => Found::Odd,
        _ => return Err(Trouble::not_redis()),
    };
    Ok(Some(Seen { value, now: moment(seconds, micros)? }))
}

/// The answer to TIME.
pub fn of_time(reply: &Reply) -> Result<StoreTime, Trouble> {
    match reply {
        Reply::List(parts) if parts.len() == 2 => moment(&parts[0], &parts[1]),
        _ => Err(Trouble::not_redis()),
    }
}

/// The answer to SCAN: the next cursor, 0 at the end, and names of keys. Names that are not UTF-8 are not ours.
pub fn of_scan(reply: Reply) -> Result<(u64, Vec<String>), Trouble> {
    let Reply::List(parts) = reply else { return Err(Trouble::not_redis()) };
    let mut parts = parts.into_iter();
    let (Some(cursor), Some(Reply::List(names)), None) = (parts.next(), parts.next(), parts.next()) else {
        return Err(Trouble::not_redis());
    };
    let names = names.into_iter().filter_map(|name| match name {
        Reply::Text(name) => String::from_utf8(name).ok(),
        _ => None,
    });
    Ok((number(&cursor)?, names.collect()))
}

/// The answer to GET of a text.
pub fn of_text(reply: Reply) -> Result<Option<String>, Trouble> {
    match reply {
        Reply::Nothing => Ok(None),
        Reply::Text(text) => String::from_utf8(text).map(Some).map_err(|_| Trouble::not_redis()),
        _ => Err(Trouble::not_redis()),
    }
}

fn moment(seconds: &Reply, micros: &Reply) -> Result<StoreTime, Trouble> {
    let seconds = number(seconds)?;
    Ok(StoreTime(seconds.saturating_mul(1_000_000).saturating_add(number(micros)?)))
}

fn number(reply: &Reply) -> Result<u64, Trouble> {
    let number = match reply {
        Reply::Number(number) => u64::try_from(*number).ok(),
        Reply::Text(digits) => std::str::from_utf8(digits).ok().and_then(|text| text.parse().ok()),
        _ => None,
    };
    number.ok_or_else(Trouble::not_redis)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Reply {
        Reply::Text(text.into())
    }

    #[test]
    fn a_script_tells_what_it_saw_and_when() {
        let answer = |kind, seconds| Reply::List(vec![text(kind), text("v"), seconds, text("5")]);
        let seen = |value| Ok(Some(Seen { value, now: StoreTime(7_000_005) }));
        for (kind, expected) in [
            ("done", Ok(None)),
            ("none", seen(Found::Nothing)),
            ("text", seen(Found::Text(b"v".to_vec()))),
            ("odd", seen(Found::Odd)),
            ("other", Err(Trouble::not_redis())),
        ] {
            assert_eq!(of_script(&answer(kind, text("7"))), expected, "{kind}");
        }
        for odd in [answer("none", text("-7")), answer("none", Reply::Nothing), text("none"), Reply::Nothing]
        {
            assert_eq!(of_script(&odd), Err(Trouble::not_redis()), "{odd:?}");
        }
    }

    #[test]
    fn a_search_tells_names_and_where_to_go_on() {
        let names = vec![text("a"), Reply::Text(vec![0xff]), Reply::Nothing, text("b")];
        let answer = Reply::List(vec![text("17"), Reply::List(names)]);
        assert_eq!(of_scan(answer), Ok((17, vec!["a".to_owned(), "b".to_owned()])));
        for odd in
            [Reply::List(vec![text("17")]), Reply::List(vec![text("x"), Reply::List(vec![])]), text("0")]
        {
            assert_eq!(of_scan(odd), Err(Trouble::not_redis()));
        }
        assert_eq!(of_time(&Reply::List(vec![text("1"), text("2")])), Ok(StoreTime(1_000_002)));
        assert_eq!(of_time(&Reply::List(vec![text("1")])), Err(Trouble::not_redis()));
        assert_eq!((of_text(Reply::Nothing), of_text(text("s"))), (Ok(None), Ok(Some("s".to_owned()))));
    }
}
