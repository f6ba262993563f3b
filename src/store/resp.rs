//! The Redis serialisation protocol, version 2 (redis.io/docs/reference/protocol-spec): requests to bytes, bytes to replies.

/// A server's reply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    Nothing,
    /// A simple or a bulk string.
    Text(Vec<u8>),
    Number(i64),
    List(Vec<Reply>),
    /// An error: a code in capitals, a blank, and the server's words.
    Refusal(String),
}

/// The bytes are not a reply of a Redis server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotRedis;

/// The deepest nesting of lists in the replies that we ask for.
const MAX_DEPTH: u32 = 4;

/// A request: its words as a list of bulk strings.
pub fn request(words: &[&[u8]]) -> Vec<u8> {
    let mut bytes = format!("*{}\r\n", words.len()).into_bytes();
    for word in words {
        bytes.extend(format!("${}\r\n", word.len()).bytes());
        bytes.extend(*word);
        bytes.extend(b"\r\n");
    }
    bytes
}

/// The first reply in `bytes` and its length there; `None` while some of it is missing.
pub fn reply(bytes: &[u8]) -> Result<Option<(Reply, usize)>, NotRedis> {
    let mut reader = Reader { bytes, at: 0 };
    Ok(reader.reply(MAX_DEPTH)?.map(|reply| (reply, reader.at)))
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    fn reply(&mut self, depth: u32) -> Result<Option<Reply>, NotRedis> {
        let Some(line) = self.line()? else { return Ok(None) };
        let (kind, rest) = line.split_first().ok_or(NotRedis)?;
        Ok(Some(match kind {
            b'+' => Reply::Text(rest.to_owned()),
            b'-' => Reply::Refusal(String::from_utf8_lossy(rest).into_owned()),
            b':' => Reply::Number(number(rest)?),
            b'$' => {
                let Ok(length) = usize::try_from(number(rest)?) else { return Ok(Some(Reply::Nothing)) };
                let end = self.at.checked_add(length).ok_or(NotRedis)?;
                let Some(text) = self.bytes.get(self.at..end) else { return Ok(None) };
                self.at = end;
                match self.line()? {
                    None => return Ok(None),
                    Some([]) => Reply::Text(text.to_owned()),
                    Some(_) => return Err(NotRedis),
                }
            }
            b'*' => {
                let Ok(count) = u64::try_from(number(rest)?) else { return Ok(Some(Reply::Nothing)) };
                let depth = depth.checked_sub(1).ok_or(NotRedis)?;
                let mut list = Vec::new();
                for _ in 0..count {
                    let Some(reply) = self.reply(depth)? else { return Ok(None) };
                    list.push(reply);
                }
                Reply::List(list)
            }
            _ => return Err(NotRedis),
        }))
    }

    /// Reads up to the next line break and skips it. A first byte that cannot begin a reply is reported before its line
    /// ends.
    fn line(&mut self) -> Result<Option<&'a [u8]>, NotRedis> {
        let rest = &self.bytes[self.at..];
        if rest.first().is_some_and(|first| !b"+-:$*\r".contains(first)) {
            return Err(NotRedis);
        }
        let Some(end) = memchr::memchr(b'\n', rest) else { return Ok(None) };
        self.at += end + 1;
        rest[..end].strip_suffix(b"\r").ok_or(NotRedis).map(Some)
    }
}

fn number(digits: &[u8]) -> Result<i64, NotRedis> {
    std::str::from_utf8(digits).ok().and_then(|text| text.parse().ok()).ok_or(NotRedis)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn text(text: &str) -> Reply {
        Reply::Text(text.into())
    }

    #[test]
    fn replies_are_read_and_what_is_none_is_told() {
        for (bytes, expected) in [
            ("+OK\r\n", Ok(text("OK"))),
            (
                "-NOAUTH Authentication required.\r\n",
                Ok(Reply::Refusal("NOAUTH Authentication required.".into())),
            ),
            (":-12\r\n", Ok(Reply::Number(-12))),
            ("$-1\r\n", Ok(Reply::Nothing)),
            ("$0\r\n\r\n", Ok(text(""))),
            ("$4\r\na\r\nb\r\n", Ok(text("a\r\nb"))),
            ("*-1\r\n", Ok(Reply::Nothing)),
            ("*0\r\n", Ok(Reply::List(vec![]))),
            (
                "*2\r\n$1\r\n0\r\n*1\r\n:7\r\n",
                Ok(Reply::List(vec![text("0"), Reply::List(vec![Reply::Number(7)])])),
            ),
            ("HTTP/1.1 400", Err(NotRedis)),
            ("+OK\n", Err(NotRedis)),
            (":x\r\n", Err(NotRedis)),
            ("$1\r\nab\r\n", Err(NotRedis)),
            ("$99999999999999999999\r\n", Err(NotRedis)),
            ("\r\n", Err(NotRedis)),
        ] {
            let length = bytes.len();
            assert_eq!(reply(bytes.as_bytes()), expected.map(|reply| Some((reply, length))), "{bytes:?}");
        }
        assert_eq!(reply("*1\r\n".repeat(1000).as_bytes()), Err(NotRedis), "too deep");
        for begun in ["*2000000000\r\n:1\r\n", "$9223372036854775000\r\nx"] {
            assert_eq!(reply(begun.as_bytes()), Ok(None), "the rest may still come");
        }
    }

    #[test]
    fn a_request_is_a_list_of_its_words() {
        assert_eq!(request(&[b"GET", b"a\r\n\xff"]), b"*2\r\n$3\r\nGET\r\n$4\r\na\r\n\xff\r\n");
    }

    fn any_reply() -> impl Strategy<Value = Reply> {
        let leaf = prop_oneof![
            Just(Reply::Nothing),
            any::<i64>().prop_map(Reply::Number),
            proptest::collection::vec(any::<u8>(), 0..20).prop_map(Reply::Text),
            "[A-Z]{1,9} [a-z ]{0,9}".prop_map(Reply::Refusal),
        ];
        leaf.prop_recursive(2, 16, 4, |inner| proptest::collection::vec(inner, 0..4).prop_map(Reply::List))
    }

    fn written(reply: &Reply) -> Vec<u8> {
        match reply {
            Reply::Nothing => b"$-1\r\n".to_vec(),
            Reply::Number(number) => format!(":{number}\r\n").into_bytes(),
            Reply::Text(text) => [format!("${}\r\n", text.len()).as_bytes(), text, b"\r\n"].concat(),
            Reply::Refusal(words) => format!("-{words}\r\n").into_bytes(),
            Reply::List(list) => {
                let all: Vec<u8> = list.iter().flat_map(written).collect();
                [format!("*{}\r\n", list.len()).as_bytes(), &all].concat()
            }
        }
    }

    proptest! {
        #[test]
        fn a_reply_is_read_once_it_is_there_and_not_before(sent in any_reply(), more in "[+$]?") {
            let bytes = written(&sent);
            for end in 0..bytes.len() {
                prop_assert_eq!(reply(&bytes[..end]), Ok(None));
            }
            let all = [&bytes[..], more.as_bytes()].concat();
            prop_assert_eq!(reply(&all), Ok(Some((sent, bytes.len()))));
        }

        #[test]
        fn nothing_panics(bytes in proptest::collection::vec(prop_oneof![Just(b'*'), Just(b'$'), Just(b'\r'), Just(b'\n'), b'0'..=b'9', any::<u8>()], 0..60)) {
            let _ = reply(&bytes);
        }
    }
}
