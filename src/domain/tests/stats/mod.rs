//! The statistics against golden vectors, laws and simulated streams.

mod e_process;
mod golden;
mod laws;
mod validity;
