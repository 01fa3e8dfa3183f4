//! The statistics against golden vectors, laws and simulated streams.

mod amounts;
mod class_mix;
mod e_process;
mod golden;
mod laws;
mod oracles;
mod paired;
mod standardised;
mod validity;
