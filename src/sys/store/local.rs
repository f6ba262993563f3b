//! Files of this host: one record per key, written in place under a lock, and a lock for each permit.
