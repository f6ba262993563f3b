//! `retry simulate`: options and output. The simulation itself is in `simulate/`.

mod crew;
mod explained;
mod logged;

use super::{format, gather, print, print_exactly, print_json, utf8, warn};
use crate::base::error::Error;
use crate::base::exit_code::Exit;
use crate::base::problem::Problem;
use crate::cli::Invocation;
use crate::simulate::answer::{Answer, Run, SCHEMA, VariantResult, parameters_of};
use crate::simulate::map::{Cell, Map};
use crate::simulate::plan::{Varied, axes, compared, range};
use crate::simulate::read::{Parameters, parameters, share};
use crate::simulate::search::Search;
use crate::simulate::{Summary, Template, Variant, csv, html, text};
use crate::sys::environment::Outer;
use crate::sys::output;
use crew::{Crew, Stopped};

pub(super) use explained::verdict;

/// The default number of runs for a cell of a map, and for a value that is tried.
const DEFAULT_RUNS: u32 = 20;

pub(super) fn simulate(invocation: &Invocation) -> Result<Exit, Error> {
    let format = format(invocation, &["text", "json", "csv", "html"])?;
    let timeline = invocation.is_set("timeline");
    if timeline && format != "csv" {
        return Err(Error::usage("--timeline needs --format csv"));
    }
    let wanted = Wanted::new(invocation)?;
    if timeline && (!wanted.sweep.is_empty() || wanted.find.is_some()) {
        let option = if wanted.find.is_some() { "--find" } else { "--sweep" };
        return Err(Error::usage(format!("--timeline and {option} conflict: it has no load over time"))
            .hint("use --compare for the values of interest"));
    }
    let mut asked = asked(invocation)?;
    match logged::replay(invocation)? {
        Ok(replay) => asked.parameters.replay = replay,
        Err(exit) => return Ok(exit),
    }
    let crew = Crew::new(asked.seed().unwrap_or(1), number(invocation, "threads", 1024)?);
    let (answer, stopped) = wanted.answer(&mut asked, &crew)?;
    let exit = match format {
        "json" => {
            let json = serde_json::to_value(&answer);
            print_json(&json.map_err(|why| Error::usage(format!("cannot write the answer: {why}")))?, true)
        }
        "csv" if timeline => print_exactly(&csv::timeline(&answer)),
        "csv" => print_exactly(&csv::render(&answer)),
        "html" => print_exactly(&html::render(&answer)),
        _ => print(&text::render(&answer, output::charset())),
    }?;
    Ok(stopped.map_or(exit, |stopped| Exit::Signal(stopped.signal)))
}

/// The model, its parameters, and the layers of the policy.
fn asked(invocation: &Invocation) -> Result<Template, Error> {
    let (request, warnings) = gather(invocation, &Outer::default())?;
    for warning in &warnings {
        warn(warning);
    }
    let model = invocation.value("model").cloned().map_or(Ok("server".to_owned()), utf8)?;
    let mut given = Parameters::default();
    for name in parameters() {
        let values = texts(invocation, name)?;
        if !values.is_empty() {
            given.given.insert(name.to_owned(), values);
        }
    }
    Ok(Template { model, parameters: given, request })
}

fn texts(invocation: &Invocation, name: &str) -> Result<Vec<String>, Error> {
    invocation.values(name).into_iter().map(utf8).collect()
}

/// The value of an option that is a whole number of 1 or more.
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

/// The requested comparison, map or search.
struct Wanted {
    compare: Vec<String>,
    sweep: Vec<String>,
    find: Option<String>,
    /// The largest acceptable share of operations that are given up.
    lost: f64,
    runs: u32,
}

impl Wanted {
    fn new(invocation: &Invocation) -> Result<Self, Error> {
        let compare = texts(invocation, "compare")?;
        let sweep = texts(invocation, "sweep")?;
        let find = invocation.value("find").cloned().map(utf8).transpose()?;
        if !sweep.is_empty() && (find.is_some() || !compare.is_empty()) {
            let other = if find.is_some() { "--find" } else { "--compare" };
            return Err(Error::usage(format!("--sweep and {other} conflict: a map is of one policy"))
                .hint("draw a map for each policy, or sweep the setting itself"));
        }
        let lost = match invocation.value("lost").cloned().map(utf8).transpose()? {
            Some(_) if sweep.is_empty() && find.is_none() => {
                return Err(Error::usage("--lost needs --sweep or --find"));
            }
            Some(text) => share(&text, "1%").map_err(|why| Error::usage(format!("--lost {text}: {why}")))?,
            None => 0.01,
        };
        let default = if sweep.is_empty() && find.is_none() { 1 } else { DEFAULT_RUNS };
        let runs = number(invocation, "runs", 1_000_000)?.unwrap_or(default);
        Ok(Self { compare, sweep, find, lost, runs })
    }

    fn answer(&self, asked: &mut Template, crew: &Crew) -> Result<(Answer, Option<Stopped>), Error> {
        let one = |problem: Problem| Error::problems(vec![problem]);
        let axes = axes(&self.sweep).map_err(one)?;
        let varied: Vec<Vec<Varied>> = match &axes[..] {
            [] => compared(&self.compare).map_err(one)?,
            [x] => x.values.iter().map(|value| vec![(x.name.clone(), value.clone())]).collect(),
            [x, y, ..] => {
                let row = |down: &String| {
                    let cell = |across: &String| {
                        vec![(y.name.clone(), down.clone()), (x.name.clone(), across.clone())]
                    };
                    x.values.iter().map(cell).collect::<Vec<_>>()
                };
                y.values.iter().flat_map(row).collect()
            }
        };
        let mut variants = Vec::with_capacity(varied.len());
        let option = if axes.is_empty() { "compare" } else { "sweep" };
        for varied in &varied {
            let values = varied.iter().map(|(name, value)| (name, value));
            let place = |name: &str, value: &str| format!("--{option} {name}={value}");
            variants.push(asked.variant(varied).map_err(|problems| {
                let problems = placed(problems, &values, place);
                let sweep = varied.iter().find_map(|(name, value)| swept(asked, name, value));
                Error::problems(match sweep.filter(|_| axes.is_empty()) {
                    Some(sweep) => problems.into_iter().map(|problem| problem.hint(&sweep)).collect(),
                    None => problems,
                })
            })?);
        }
        let mut answer = self.empty(asked, crew, &variants);
        if let Some(parameter) = &self.find {
            let stopped = self.search(asked, crew, parameter, &variants, &mut answer)?;
            return Ok((answer, stopped));
        }
        crew.check_memory(&variants, self.runs).map_err(one)?;
        if axes.is_empty() {
            let (results, stopped) = crew.run(&variants, self.runs);
            (answer.results, answer.stopped_at_s) = (results, reached(stopped.as_ref()));
            return Ok((answer, stopped));
        }
        let (runs, stopped) = crew.runs(&variants, self.runs, String::new());
        let cells = summaries(runs, self.runs).into_iter();
        let cells = cells.map(|runs| runs.map(|runs| Cell::new(&runs, self.lost)).unwrap_or_default());
        answer.sweep = Some(Map::new(&axes, cells.collect()));
        answer.stopped_at_s = reached(stopped.as_ref());
        Ok((answer, stopped))
    }

    fn empty(&self, asked: &Template, crew: &Crew, variants: &[Variant]) -> Answer {
        let first = variants.first();
        let outages = |variant: &Variant| variant.scenario.outages.clone();
        let same = variants.windows(2).all(|pair| outages(&pair[0]) == outages(&pair[1]));
        Answer {
            schema: SCHEMA,
            model: asked.model.clone(),
            clients: first.map_or(0, |variant| variant.scenario.clients),
            seed: crew.seed,
            runs: self.runs,
            model_parameters: parameters_of(variants),
            results: Vec::new(),
            sweep: None,
            found: Vec::new(),
            stopped_at_s: None,
            outages: if same {
                first.map(|variant| variant.scenario.outage_spans()).unwrap_or_default()
            } else {
                Vec::new()
            },
        }
    }

    /// Tries values of a parameter for each variant until it is known which ones are survived.
    fn search(
        &self,
        asked: &mut Template,
        crew: &Crew,
        parameter: &str,
        variants: &[Variant],
        answer: &mut Answer,
    ) -> Result<Option<Stopped>, Error> {
        for variant in variants {
            let search = Search::new(parameter, variant);
            let mut search = search.map_err(|why| Error::usage(format!("--find {parameter}: {why}")))?;
            while let Some(value) = search.next() {
                let mut varied = variant.varied.clone();
                let what = format!("{parameter} {value}: ");
                varied.push((parameter.to_owned(), value));
                let tried = asked.variant(&varied).and_then(|tried| {
                    let tried = [tried];
                    crew.check_memory(&tried, self.runs).map_err(|problem| vec![problem])?;
                    Ok(tried)
                });
                let tried = match tried {
                    Ok(tried) => tried,
                    Err(problems) if answer.found.is_empty() && search.is_new() => {
                        return Err(Error::problems(problems));
                    }
                    Err(problems) => {
                        let why: Vec<_> = problems.into_iter().map(|problem| problem.message).collect();
                        search.refuse(why.join("; "));
                        continue;
                    }
                };
                let (runs, stopped) = crew.runs(&tried, self.runs, what);
                let Some(Some(runs)) = summaries(runs, self.runs).pop() else {
                    answer.found.extend(search.found_so_far(names(variant), self.runs));
                    answer.stopped_at_s = reached(stopped.as_ref());
                    return Ok(stopped);
                };
                search.tell(Cell::new(&runs, self.lost).recovered.unwrap_or_default());
            }
            answer.found.push(search.found(names(variant), self.runs));
        }
        Ok(None)
    }
}

/// A hint for a value of a comparison that is a range, if a map can be drawn of it.
fn swept(asked: &mut Template, name: &str, value: &str) -> Option<String> {
    let first = range(name, value)?.values.into_iter().next()?;
    asked.variant(&[(name.to_owned(), first)]).ok()?;
    Some(format!("--compare takes single values; for a range use --sweep {name}={value}"))
}

/// Problems with the values of options, at the place where somebody gave these.
fn placed<'a>(
    problems: Vec<Problem>,
    values: &(impl Iterator<Item = (&'a String, &'a String)> + Clone),
    place: impl Fn(&str, &str) -> String,
) -> Vec<Problem> {
    let placed = |problem: Problem| {
        let message = values.clone().find_map(|(name, value)| {
            let why = problem.message.strip_prefix(&format!("--{name} {value}: "))?;
            Some(format!("{}: {why}", place(name, value)))
        });
        message.map_or(problem.clone(), |message| Problem { message, ..problem })
    };
    problems.into_iter().map(placed).collect()
}

/// The values in which a variant differs.
fn names(variant: &Variant) -> String {
    let names: Vec<_> = variant.varied.iter().map(|(name, value)| format!("{name}={value}")).collect();
    names.join(" ")
}

fn reached(stopped: Option<&Stopped>) -> Option<f64> {
    stopped.map(|stopped| stopped.reached)
}

/// The results of each variant; `None` if some runs did not end.
fn summaries(runs: Vec<Option<Run>>, each: u32) -> Vec<Option<Vec<Summary>>> {
    let runs: Vec<_> = runs.into_iter().map(|run| run.map(|run| run.summary)).collect();
    runs.chunks(each as usize).map(|runs| runs.iter().cloned().collect()).collect()
}

/// The results of variants whose runs have all ended.
fn results(variants: &[Variant], runs: Vec<Option<Run>>, each: u32) -> Vec<VariantResult> {
    let mut results = Vec::with_capacity(variants.len());
    let mut runs = runs.into_iter();
    for variant in variants {
        // All runs of a variant are consumed, whether or not they have ended.
        let of_variant: Vec<_> = runs.by_ref().take(each as usize).collect();
        let finished: Option<Vec<Run>> = of_variant.into_iter().collect();
        results.extend(finished.map(|runs| VariantResult::new(variant, runs)));
    }
    results
}
