//! A Redis or Valkey server: one value per key, changed by compare-and-swap; leases that run out.
