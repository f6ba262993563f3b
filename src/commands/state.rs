//! `retry state`: shows and changes the shared state of keys. Works on any store; the decisions are those of `gate/`.
//!
//! Looking spends nothing and creates no files. A store that cannot be reached is always an error here.

mod action;
mod show;
mod wait;

use std::ffi::OsString;
use std::time::Duration;

use serde_json::{Value as Json, json};

use self::action::{Action, Deed};
use self::wait::{Blocked, WaitBound, Watch};
use super::{format, gather, leases, print, print_json, warn};
use crate::base::error::Error;
use crate::base::exit_code::{self, Exit};
use crate::cli::Invocation;
use crate::gate::{Ask, Grant, Limits};
use crate::policy::layer::Origin;
use crate::policy::{Policy, Request, resolve};
use crate::store::{Entry, Failure, Leases, Store};
use crate::sys::environment::Outer;
use crate::sys::output::printable;
use crate::sys::store::{Patient, StoreLocation};

pub(super) fn state(invocation: &Invocation) -> Result<Exit, Error> {
    let action = Action::read(invocation)?;
    let as_json = format(invocation, &["text", "json"])? == "json";
    let mut shared = Shared::open(invocation, action.key())?;
    let done = match &action {
        Action::List => shared.list(as_json),
        Action::Of(key, deed) => match deed {
            Deed::Show => shared.show(key, as_json),
            Deed::Check => shared.check(key, as_json),
            Deed::Close(time) => shared.close(key, *time, as_json),
            Deed::Wait => shared.wait(key, as_json),
            Deed::Reset => shared.reset(key),
        },
    };
    shared.store.warnings().iter().for_each(|warning| warn(warning));
    done
}

fn failed(failure: Failure) -> Error {
    Error::usage(failure.0)
}

/// Stands for any key.
const ANY: &str = "auto";

/// A store, and the configuration.
struct Shared {
    request: Request,
    /// The policy for the named key.
    policy: Policy,
    outer: Outer,
    location: StoreLocation,
    store: Box<dyn Store>,
}

impl Shared {
    fn open(invocation: &Invocation, key: Option<&str>) -> Result<Self, Error> {
        let outer = Outer::find();
        let (mut request, warnings) = gather(invocation, &outer)?;
        for warning in &warnings {
            warn(warning);
        }
        let policy = policy(&mut request, key.unwrap_or(ANY))?;
        let location = StoreLocation::new(policy.state.as_ref())?;
        let store = location.open().map_err(failed)?;
        Ok(Self { request, policy, outer, location, store })
    }

    fn list(&mut self, as_json: bool) -> Result<Exit, Error> {
        let mut entries = self.store.entries().map_err(failed)?;
        entries.sort_by(|one, other| one.key.cmp(&other.key));
        let limited = entries.into_iter().map(|entry| (self.limits_of(&entry.key), entry));
        let limited: Vec<_> = limited.map(|(limits, entry)| (entry, limits)).collect();
        if as_json {
            let entries: Vec<_> = limited.iter().map(|(entry, limits)| show::json(entry, limits)).collect();
            print_json(&Json::from(entries), true)
        } else {
            print(&show::table(&limited))
        }
    }

    /// The limits of a key found in the store. Another program may have stored one that cannot be typed.
    fn limits_of(&mut self, key: &str) -> Limits {
        policy(&mut self.request, key).map(|policy| policy.limits()).unwrap_or_default()
    }

    fn show(&mut self, key: &str, as_json: bool) -> Result<Exit, Error> {
        let entry: Entry = self.store.entry(key).map_err(failed)?;
        let limits = self.policy.limits();
        if as_json {
            print_json(&show::json(&entry, &limits), true)
        } else {
            print(&show::text(&entry, &limits))
        }
    }

    fn check(&mut self, key: &str, as_json: bool) -> Result<Exit, Error> {
        let held = self.watch(key).look(0).map_err(failed)?.held;
        let text = held.as_ref().map_or_else(|| "an attempt would start now".to_owned(), Blocked::words);
        if as_json {
            print_json(&Blocked::json(key, held.as_ref()), false)?
        } else {
            print_line(key, &text)?
        };
        Ok(admitted(held.as_ref()))
    }

    fn wait(&mut self, key: &str, as_json: bool) -> Result<Exit, Error> {
        let bound = WaitBound::new(&self.policy);
        let given_up = self.watch(key).wait(bound.as_ref()).map_err(failed)?;
        let held = given_up.as_ref().map(|(held, _)| held);
        if as_json {
            print_json(&Blocked::json(key, held), false)?;
        } else if let Some((held, why)) = &given_up {
            print_line(key, &format!("{}: {why}", held.words()))?;
        }
        Ok(admitted(held))
    }

    fn watch<'a>(&'a mut self, key: &'a str) -> Watch<'a> {
        let covered = leases::covered(&self.outer, &self.location, key);
        let ask = Ask { covered: covered.permit, covered_by_probe: covered.probe, ..Ask::default() };
        Watch { store: &mut *self.store, key, limits: self.policy.limits(), ask }
    }

    fn close(&mut self, key: &str, time: Duration, as_json: bool) -> Result<Exit, Error> {
        let mut until = None;
        let closing = self.store.transact(key, Leases::Keep, &mut |transaction| {
            transaction.state.close(transaction.now, time);
            until = transaction.state.view(transaction.now, &Limits::default()).window_until;
            Grant::default()
        });
        closing.map_err(failed)?;
        match until {
            _ if as_json => {
                let until = until.map(|until| until.to_string());
                print_json(&json!({"key": key, "window_until": until}), false)
            }
            Some(until) => print_line(key, &format!("closed until {until}")),
            None => print_line(key, "open"),
        }
    }

    fn reset(&mut self, key: &str) -> Result<Exit, Error> {
        self.store.forget(key).map_err(failed)?;
        Ok(Exit::Status(0))
    }
}

/// The policy that a run with the same options and this key would have.
fn policy(request: &mut Request, key: &str) -> Result<Policy, Error> {
    let named = request.flags.add("key", vec![OsString::from(key)], Origin::Flag, "KEY".to_owned());
    named.map_err(|problem| Error::problems(vec![problem]))?;
    let resolved = resolve(request);
    // The next key replaces this one.
    request.flags.0.pop();
    resolved.map(|resolved| resolved.policy).map_err(Error::problems)
}

/// `KEY: TEXT`.
fn print_line(key: &str, text: &str) -> Result<Exit, Error> {
    print(&format!("{}: {}\n", printable(key), printable(text)))
}

/// Exits with a status that says whether an attempt would start.
fn admitted(held: Option<&Blocked>) -> Exit {
    Exit::Status(if held.is_some() { exit_code::REFUSED } else { 0 })
}
