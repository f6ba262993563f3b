//! What a log that is played back makes of a scenario.

use std::sync::Arc;

use super::Parameters;
use crate::base::problem::Problem;
use crate::simulate::replay::Replay;
use crate::simulate::scenario::{Arrivals, Model, Scenario, Server};

impl Parameters {
    /// The clients of a log are its runs.
    pub(super) fn follow_log(&self, scenario: &mut Scenario) -> Result<(), Problem> {
        if scenario.arrivals != Arrivals::Log {
            let plays_back = |server: &Server| server.replay.is_some();
            let is_used = matches!(&scenario.model, Model::Server(server) if plays_back(server));
            return if self.replay.is_none() || is_used {
                Ok(())
            } else {
                Err(Problem::new("--from-log has no effect: nothing of it is used")
                    .hint("drop --arrive, or --service and --capacity"))
            };
        }
        let Some(replay) = &self.replay else { return Err(needs_log("--arrive log")) };
        if let Some(clients) = self.get("clients") {
            return Err(Problem::new(format!(
                "--clients {clients} has no effect: the runs of the log are the clients"
            ))
            .hint("drop it, or use --arrive all with it"));
        }
        scenario.clients = u32::try_from(replay.starts.len()).unwrap_or(u32::MAX);
        Ok(())
    }

    /// The log whose attempts are the requests: where no other time or capacity is given.
    pub(super) fn logged_service(&self) -> Result<Option<Arc<Replay>>, Problem> {
        match (self.get("service"), self.get("capacity"), &self.replay) {
            (Some("log"), _, None) => Err(needs_log("--service log")),
            (Some("log"), _, Some(replay)) | (None, None, Some(replay)) => Ok(Some(Arc::clone(replay))),
            _ => Ok(None),
        }
    }
}

fn needs_log(what: &str) -> Problem {
    Problem::new(format!("{what} needs --from-log LOG")).hint("a log is what --log FILE writes")
}

pub(super) fn belongs_to_server(model: &str) -> Problem {
    Problem::new(format!("--from-log has no effect with --model {model}"))
        .hint("it belongs to --model server")
}
