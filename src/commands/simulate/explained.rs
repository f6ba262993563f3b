//! `retry explain --simulate`: a one-line verdict on a policy.

use super::crew::Crew;
use super::{Parameters, Template, placed};
use crate::base::error::Error;
use crate::base::exit_code::Exit;
use crate::policy::Request;
use crate::policy::settings::find;

/// The verdict on the policy of a request for a herd such as `1000,outage=30s,capacity=100/s`; or how to exit, if a signal
/// came before it was known.
pub(in crate::commands) fn verdict(request: Request, herd: &str) -> Result<Result<String, Exit>, Error> {
    let mut parts = herd.split(',');
    let mut parameters = Parameters::default();
    parameters.set("clients", parts.next().unwrap_or_default().trim().to_owned());
    for part in parts {
        let Some((name, value)) = part.split_once('=') else {
            return Err(Error::usage(format!("--simulate {herd}: '{part}' has no value"))
                .hint("use the number of clients and parameters, such as 1000,outage=30s,capacity=100/s"));
        };
        if !crate::simulate::read::is_parameter(name) {
            let hint = match find(name) {
                Some(_) => format!("give a setting as an option of its own, such as --{name} {value}"),
                None => "use options of retry simulate, such as outage, capacity or arrive".to_owned(),
            };
            return Err(Error::usage(format!("--simulate {herd}: unknown parameter '{name}'")).hint(hint));
        }
        parameters.given.entry(name.to_owned()).or_default().push(value.to_owned());
    }
    let mut asked = Template { model: "server".to_owned(), parameters, request };
    let given = asked.parameters.given.clone();
    if let Some(arrive) = asked.parameters.get("arrive").filter(|arrive| arrive.starts_with("poisson")) {
        return Err(Error::usage(format!("--simulate {herd}: N clients and arrive={arrive} conflict"))
            .hint(format!("use retry simulate --arrive {arrive}: each arrival is a new client")));
    }
    let options = || given.iter().flat_map(|(name, values)| values.iter().map(move |value| (name, value)));
    let place = |_: &str, _: &str| format!("--simulate {herd}");
    let problems = |problems| Error::problems(placed(problems, &options(), place));
    let variants = [asked.variant(&[]).map_err(problems)?];
    let crew = Crew::new(asked.seed().unwrap_or(1), None);
    crew.check_memory(&variants, 1).map_err(|problem| Error::problems(vec![problem]))?;
    let (results, stopped) = crew.run(&variants, 1);
    let exit = stopped.map_or(Exit::Status(0), |stopped| Exit::Signal(stopped.signal));
    Ok(results.into_iter().next().map(|result| result.verdict).ok_or(exit))
}
