//! What several pages and the review artifact show alike: domain values as view models.

pub mod alert;
pub mod artifact;
pub mod figure;
pub mod gate;
pub mod incident;
pub mod policy;
pub mod scorecard;
