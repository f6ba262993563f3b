//! Traces: the context of W3C Trace Context that a run is part of, and its spans for OpenTelemetry.
//!
//! [`Export`] says whether spans are wanted and where; a [`Recorder`] makes them of a run's events; what it has in the end is
//! encoded as OTLP (`encode.rs`), and [`judge`] says what the collector's answer means.

mod answer;
mod context;
mod encode;
mod recorder;
mod settings;
mod span;
mod value;

pub use answer::{judge, rejected};
pub use context::TraceContext;
pub use recorder::{About, Recorder};
pub use settings::{ENDPOINTS, Encoding, Export, Settings};
pub use value::{Attributes, Value};
