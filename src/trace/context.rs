//! `TRACEPARENT`, as W3C Trace Context writes it: `version-trace-parent-flags`, in lower-case hexadecimal digits.

/// The span of a trace that a process is started in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TraceContext {
    /// The trace; never 0.
    pub trace: u128,
    /// The span that is the parent of what the process does; never 0.
    pub span: u64,
    /// The flags: bit 0 says that the trace is sampled.
    pub flags: u8,
}

/// The flag of a trace that is recorded.
pub(super) const SAMPLED: u8 = 1;
/// The flag of a trace whose id is random.
pub(super) const RANDOM: u8 = 2;

impl TraceContext {
    /// Parses a `TRACEPARENT`; `None` if it names nothing, is malformed, or has the forbidden version ff. A later version
    /// may have further fields (W3C Trace Context, 3.2.2 and 4.3).
    pub fn parse(text: &str) -> Option<Self> {
        let fields: Vec<_> = text.trim().split('-').collect();
        let [version, trace, span, flags, ..] = fields[..] else { return None };
        let version = digits(version, 2)?;
        if version == 0xff || version == 0 && fields.len() != 4 {
            return None;
        }
        let (trace, span) = (digits(trace, 32)?, u64::try_from(digits(span, 16)?).ok()?);
        let flags = u8::try_from(digits(flags, 2)?).ok()?;
        (trace != 0 && span != 0).then_some(Self { trace, span, flags })
    }

    /// The trace's 32 hexadecimal digits.
    pub fn trace_id(&self) -> String {
        format!("{:032x}", self.trace)
    }

    /// The span's 16 hexadecimal digits.
    pub fn span_id(&self) -> String {
        format!("{:016x}", self.span)
    }

    pub fn is_sampled(&self) -> bool {
        self.flags & SAMPLED != 0
    }
}

impl std::fmt::Display for TraceContext {
    /// A `TRACEPARENT` of version 0. Unknown flags are not passed on.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "00-{}-{}-{:02x}", self.trace_id(), self.span_id(), self.flags & (SAMPLED | RANDOM))
    }
}

/// The number given by exactly this many lower-case hexadecimal digits.
fn digits(text: &str, length: usize) -> Option<u128> {
    let hexadecimal = |byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    let fits = text.len() == length && text.bytes().all(hexadecimal);
    fits.then(|| u128::from_str_radix(text, 16).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_context_is_read_as_w3c_has_it() {
        let trace = "0af7651916cd43dd8448eb211c80319c";
        let good = TraceContext::parse(&format!("00-{trace}-b7ad6b7169203331-01")).unwrap();
        assert_eq!((good.trace_id().as_str(), good.span, good.flags), (trace, 0xb7ad_6b71_6920_3331, 1));
        assert_eq!(good.to_string(), format!("00-{trace}-b7ad6b7169203331-01"));
        let other = TraceContext::parse(&format!("01-{trace}-b7ad6b7169203331-fe-more")).unwrap();
        assert_eq!(
            (other.is_sampled(), other.to_string()),
            (false, format!("00-{trace}-b7ad6b7169203331-02"))
        );
        for bad in [
            String::new(),
            format!("00-{trace}-b7ad6b7169203331"),
            format!("00-{trace}-b7ad6b7169203331-01-more"),
            format!("ff-{trace}-b7ad6b7169203331-01"),
            format!("00-{}-b7ad6b7169203331-01", "0".repeat(32)),
            format!("00-{trace}-0000000000000000-01"),
            format!("00-{trace}-b7ad6b716920333-01"),
            format!("00-{trace}-b7ad6b7169203331-1"),
            format!("0-{trace}-b7ad6b7169203331-01"),
            format!("00-+{}-b7ad6b7169203331-01", &trace[1..]),
            format!("00-{}-b7ad6b7169203331-01", trace.to_uppercase()),
        ] {
            assert_eq!(TraceContext::parse(&bad), None, "{bad}");
        }
    }
}
