//! The migrations of both databases, in order: one line each. CONTRIBUTING.md says how to add one.

/// One step of the schema, the same on both databases.
pub struct Step {
    /// Its number; the database keeps it.
    pub version: i64,
    /// What it brings.
    pub name: &'static str,
    /// For SQLite.
    pub sqlite: &'static str,
    /// For PostgreSQL.
    pub postgres: &'static str,
}

macro_rules! step {
    ($version:literal, $name:literal, $file:literal) => {
        Step {
            version: $version,
            name: $name,
            sqlite: include_str!(concat!("../../migrations/sqlite/", $file)),
            postgres: include_str!(concat!("../../migrations/postgres/", $file)),
        }
    };
}

/// All of them, oldest first.
#[rustfmt::skip] // A line each, so that two changes that each add one do not meet.
pub const MIGRATIONS: &[Step] = &[
    step!(1, "initial", "0001_initial.sql"),
    step!(2, "learning", "0002_learning.sql"),
    step!(12, "likeness", "0012_likeness.sql"),
    step!(13, "pattern", "0013_pattern.sql"),
    step!(22, "pattern_order", "0022_pattern_order.sql"),
    step!(23, "triage_day", "0023_triage_day.sql"),
    step!(30, "failure_groups", "0030_failure_groups.sql"),
    step!(3, "owners", "0003_owners.sql"),
    step!(14, "release", "0014_release.sql"),
    step!(15, "drift", "0015_drift.sql"),
    step!(16, "forecast", "0016_forecast.sql"),
    step!(4, "record", "0004_record.sql"),
    step!(5, "identity", "0005_identity.sql"),
    step!(6, "evidence", "0006_evidence.sql"),
    step!(25, "prefix", "0025_prefix.sql"),
    step!(27, "retired_class", "0027_retired_class.sql"),
    step!(28, "saved_view", "0028_saved_view.sql"),
];
