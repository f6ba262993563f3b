//! Traces: the context of W3C Trace Context that a run is part of, and its spans for OpenTelemetry.
//!
//! [`Export`] says whether and where to export spans; a [`Recorder`] makes them from a run's events; they are encoded as
//! OTLP (`encode.rs`), and [`judge`] interprets the collector's answer.

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
