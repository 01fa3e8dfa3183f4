//! The figures of a benchmark and the ratios they are judged by.

use std::time::Duration;

use crate::support::http::Sent;

/// The most processor time per trace, relative to the reference.
const CPU_RATIO: f64 = 2.5;
/// What is aimed for.
const CPU_RATIO_AIM: f64 = 1.7;
/// The most memory, in bytes.
const PEAK_BYTES: f64 = 200e6;
/// The most stored per trace, relative to the reference, which keeps the compressed body and a short row of facts.
const STORED_RATIO: f64 = 1.45;

/// The figures of one subject in one round.
#[derive(Clone, Debug)]
pub struct Row {
    name: &'static str,
    traces_per_second: f64,
    cpu_per_thousand: f64,
    p50_ms: f64,
    p99_ms: f64,
    peak_bytes: f64,
    stored_per_trace: f64,
    refused: usize,
}

impl Row {
    /// From what was measured over `traces` traces, after `warm_up` others.
    pub fn new(
        name: &'static str,
        traces: usize,
        warm_up: usize,
        sent: Sent,
        cpu_seconds: f64,
        peak_bytes: u64,
        stored_bytes: u64,
    ) -> Self {
        let n = traces as f64;
        Self {
            name,
            traces_per_second: n / sent.elapsed.as_secs_f64(),
            cpu_per_thousand: cpu_seconds / n * 1_000.0,
            p50_ms: quantile_ms(&sent.latencies, 0.50),
            p99_ms: quantile_ms(&sent.latencies, 0.99),
            peak_bytes: peak_bytes as f64,
            stored_per_trace: stored_bytes as f64 / (traces + warm_up) as f64,
            refused: sent.refused,
        }
    }

    /// The figures on one line.
    pub fn line(&self) -> String {
        format!(
            "  {:<10} {:>8.0} traces/s  {:>7.4} CPU s/1,000  p50 {:>6.1} ms  p99 {:>6.1} ms  {:>6.1} MB peak  {:>6.0} B/trace  {} refused",
            self.name,
            self.traces_per_second,
            self.cpu_per_thousand,
            self.p50_ms,
            self.p99_ms,
            self.peak_bytes / 1e6,
            self.stored_per_trace,
            self.refused,
        )
    }
}

/// Prints the medians over rounds, the ratios and the bounds. Returns whether the service is within them; a subject
/// that was not measured is within.
pub fn summary(rows: &[Row], reference: &str, service: &str) -> bool {
    let figure = |name: &str, pick: fn(&Row) -> f64| {
        let mut values: Vec<f64> = rows.iter().filter(|row| row.name == name).map(pick).collect();
        values.sort_by(f64::total_cmp);
        values.get(values.len() / 2).copied()
    };
    let mut within = true;
    let mut bound = |what: &str, value: Option<f64>, most: f64, unit: &str| {
        if let Some(value) = value {
            within &= value <= most;
            let word = if value <= most { "within" } else { "OVER" };
            println!("  {what}: {value:.2}{unit}, {word} the bound of {most}{unit}");
        }
    };
    let ratio = |pick: fn(&Row) -> f64| Some(figure(service, pick)? / figure(reference, pick)?);
    if let Some(ratio) = ratio(|row| row.traces_per_second) {
        println!("service / reference, medians of the rounds:");
        println!("  traces/s: {ratio:.2}");
    }
    let cpu = ratio(|row| row.cpu_per_thousand);
    bound("CPU per 1,000 traces", cpu, CPU_RATIO, " ×");
    if let Some(cpu) = cpu {
        println!("  (the aim is {CPU_RATIO_AIM} ×{})", if cpu <= CPU_RATIO_AIM { ", reached" } else { "" });
    }
    bound("bytes stored per trace", ratio(|row| row.stored_per_trace), STORED_RATIO, " ×");
    bound("peak memory", figure(service, |row| row.peak_bytes).map(|b| b / 1e6), PEAK_BYTES / 1e6, " MB");
    within
}

/// The `q` quantile of sorted durations, in milliseconds.
fn quantile_ms(sorted: &[Duration], q: f64) -> f64 {
    let rank = (sorted.len() as f64 * q).ceil() as usize;
    sorted.get(rank.clamp(1, sorted.len().max(1)) - 1).map_or(0.0, |time| time.as_secs_f64() * 1_000.0)
}
