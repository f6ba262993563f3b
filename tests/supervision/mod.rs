//! Processes, signals, terminals.
