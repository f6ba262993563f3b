//! `retry simulate`: what was asked and where the answer goes. What is simulated is in `simulate/`.

mod crew;

use super::{format, gather, print, print_json, utf8, warn};
use crate::base::error::Error;
use crate::base::exit_code::Exit;
use crate::cli::Invocation;
use crate::simulate::answer::{Answer, SCHEMA, VariantResult};
use crate::simulate::read::{Parameters, parameters};
use crate::simulate::{Asked, Variant, text};
use crate::sys::environment::Outer;
use crate::sys::output;
use crew::{Crew, Stopped};

pub(super) fn simulate(invocation: &Invocation) -> Result<Exit, Error> {
    let format = format(invocation, &["text", "json"])?;
    let mut asked = asked(invocation)?;
    let variants = vec![asked.variant(&[]).map_err(Error::problems)?];
    let runs = number(invocation, "runs", 1_000_000)?.unwrap_or(1);
    let crew = Crew::new(seed(&asked), number(invocation, "threads", 1024)?);
    crew.check_memory(&variants, runs)?;
    let (results, stopped) = crew.run(&variants, runs);
    let answer = answer(&asked, runs, &variants, results, stopped.as_ref());
    let exit = show(&answer, format)?;
    Ok(stopped.map_or(exit, |stopped| Exit::Signal(stopped.signal)))
}

/// The model, its parameters and the layers of the policy.
fn asked(invocation: &Invocation) -> Result<Asked, Error> {
    let (request, warnings) = gather(invocation, &Outer::default())?;
    for warning in &warnings {
        warn(warning);
    }
    let model = invocation.value("model").cloned().map_or(Ok("server".to_owned()), utf8)?;
    let mut given = Parameters::default();
    for name in parameters() {
        let values = invocation.values(name).into_iter().map(utf8).collect::<Result<Vec<_>, _>>()?;
        if !values.is_empty() {
            given.0.insert(name.to_owned(), values);
        }
    }
    Ok(Asked { model, parameters: given, request })
}

/// The seed of everything: the policy's, or 1.
fn seed(asked: &Asked) -> u64 {
    asked.seed().unwrap_or(1)
}

/// The value of an option that is a whole number from 1 on.
fn number(invocation: &Invocation, name: &str, most: u32) -> Result<Option<u32>, Error> {
    let Some(text) = invocation.value(name) else { return Ok(None) };
    let number =
        text.to_str().and_then(|text| text.parse().ok()).filter(|number| (1..=most).contains(number));
    match number {
        Some(number) => Ok(Some(number)),
        None => {
            Err(Error::usage(format!("invalid --{name} '{}'", text.display()))
                .hint(format!("use 1 to {most}")))
        }
    }
}

fn answer(
    asked: &Asked,
    runs: u32,
    variants: &[Variant],
    results: Vec<VariantResult>,
    stopped: Option<&Stopped>,
) -> Answer {
    let first = variants.first();
    Answer {
        schema: SCHEMA,
        model: asked.model.clone(),
        clients: first.map_or(0, |variant| variant.scenario.clients),
        seed: seed(asked),
        runs,
        model_parameters: first.map(Variant::parameters).unwrap_or_default(),
        results,
        stopped_at_s: stopped.map(|stopped| stopped.reached),
    }
}

fn show(answer: &Answer, format: &str) -> Result<Exit, Error> {
    match format {
        "json" => {
            let json = serde_json::to_value(answer);
            print_json(&json.map_err(|why| Error::usage(format!("cannot write the answer: {why}")))?, true)
        }
        _ => print(&text::render(answer, output::charset())),
    }
}
