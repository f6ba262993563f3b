//! Pings tell a monitoring service that expects a job to run (a dead man's switch) that it has begun and how it ended. Each
//! kind of service has its own dialect.
//!
//! Whoever knows a ping's URL can ping, so it is a secret that is never shown.

mod target;

pub use target::Target;

use std::time::Duration;

use url::Url;

use crate::base::http::{Answer, Identity, Judged, Method, NoAnswer, Request};

/// The dialect of a service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// healthchecks.io, and compatible services.
    Healthchecks,
    /// Sentry cron monitors.
    Sentry,
    Cronitor,
}

/// The stage of the run that is reported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    Start,
    Success,
    /// With this status, 1 or more.
    Failure(u8),
}

/// The facts of a run that are reported to services.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report<'a> {
    /// The run's id, a UUID.
    pub run: &'a str,
    /// The label `environment`.
    pub environment: Option<&'a str>,
    /// How long the run took.
    pub elapsed: Duration,
    /// How it ended, in words.
    pub message: &'a str,
    /// The end of the command's stderr, if it may be sent.
    pub tail: &'a str,
}

/// The most bytes of stderr that are sent.
pub const MAX_TAIL_BYTES: usize = 10_000;
/// The longest message in a URL, in bytes.
const MAX_URL_MESSAGE_BYTES: usize = 500;

impl Target {
    /// The request that reports a stage.
    pub fn request(&self, kind: Kind, moment: Moment, report: &Report<'_>) -> Request {
        let mut url = self.url().clone();
        let body = match kind {
            Kind::Healthchecks => {
                healthchecks(&mut url, moment, report);
                body(moment, report)
            }
            Kind::Sentry => {
                sentry(&mut url, moment, report);
                Vec::new()
            }
            Kind::Cronitor => {
                cronitor(&mut url, moment, report);
                Vec::new()
            }
        };
        let is_post = kind == Kind::Healthchecks;
        Request {
            method: if is_post { Method::Post } else { Method::Get },
            url: url.into(),
            headers: if body.is_empty() {
                Vec::new()
            } else {
                vec![("Content-Type".to_owned(), "text/plain; charset=utf-8".to_owned())]
            },
            body,
            identity: Identity::default(),
        }
    }
}

fn healthchecks(url: &mut Url, moment: Moment, report: &Report<'_>) {
    let word = match moment {
        Moment::Start => "start".to_owned(),
        Moment::Success => "0".to_owned(),
        Moment::Failure(status) => status.to_string(),
    };
    let path = format!("{}/{word}", url.path().trim_end_matches('/'));
    url.set_path(&path);
    url.query_pairs_mut().append_pair("rid", report.run);
}

/// The message, then the end of stderr.
fn body(moment: Moment, report: &Report<'_>) -> Vec<u8> {
    let mut text = report.message.to_owned();
    if moment != Moment::Start && !report.tail.is_empty() {
        let begin = report.tail.ceil_char_boundary(report.tail.len().saturating_sub(MAX_TAIL_BYTES));
        text = format!("{text}\n\n{}", &report.tail[begin..]);
    }
    text.into_bytes()
}

fn sentry(url: &mut Url, moment: Moment, report: &Report<'_>) {
    let status = match moment {
        Moment::Start => "in_progress",
        Moment::Success => "ok",
        Moment::Failure(_) => "error",
    };
    let mut query = url.query_pairs_mut();
    query.append_pair("status", status).append_pair("check_in_id", report.run);
    if moment != Moment::Start {
        query.append_pair("duration", &format!("{:.3}", report.elapsed.as_secs_f64()));
    }
    if let Some(environment) = report.environment {
        query.append_pair("environment", environment);
    }
}

fn cronitor(url: &mut Url, moment: Moment, report: &Report<'_>) {
    let state = match moment {
        Moment::Start => "run",
        Moment::Success => "complete",
        Moment::Failure(_) => "fail",
    };
    let mut query = url.query_pairs_mut();
    query.append_pair("state", state).append_pair("series", report.run);
    if let Moment::Failure(status) = moment {
        query.append_pair("status_code", &status.to_string());
    }
    if moment != Moment::Start && !report.message.is_empty() {
        let message = &report.message[..report.message.floor_char_boundary(MAX_URL_MESSAGE_BYTES)];
        query.append_pair("message", message);
    }
    if let Some(environment) = report.environment {
        query.append_pair("env", environment);
    }
}

/// Judges the answer to a ping. Only a refusal by the server is not worth another try.
pub fn judge(answer: &Result<Answer, NoAnswer>) -> Judged {
    match answer {
        Ok(Answer { status: 200..=299, .. }) => Judged::Taken,
        Ok(Answer { status: status @ (408 | 425 | 429 | 500..=599), retry_after, .. }) => {
            Judged::Again(format!("HTTP {status}"), *retry_after)
        }
        Ok(Answer { status: status @ 300..=399, .. }) => {
            Judged::Refused(format!("HTTP {status}, and redirects are not followed"))
        }
        Ok(answer) => Judged::Refused(format!("HTTP {}", answer.status)),
        Err(none) => Judged::Again(none.why.clone(), None),
    }
}

#[cfg(test)]
mod tests;
