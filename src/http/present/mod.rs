//! What several pages and the review artifact show alike: domain values as view models.

pub mod figure;
