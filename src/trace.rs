//! Traces: the context of W3C Trace Context that a run is part of.

mod context;

pub use context::TraceContext;
