//! The decision benchmark: how often Seatrial ships what it should not, rolls back what is fine, and how long it takes,
//! beside what people use today, on the same streams.
//!
//! `make bench ONLY=decisions` writes `docs/benchmarks/decisions.{md,csv,html}` from 10,000 streams per cell;
//! `cargo bench -p seatrial-domain --bench decisions -- --streams 1000` from a tenth of them. Seeds are fixed: the same
//! code and number give the same tables.
#![allow(
    missing_docs,
    clippy::print_stdout,
    clippy::expect_used,
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::too_many_lines,
    reason = "a benchmark prints what it measured and stops where it cannot"
)]

mod cases;
mod coverage;
mod drift;
mod experiment;
mod gates;
mod labels;
mod method;
mod real;
mod report;
mod stream;
mod tables;

use std::path::Path;

use report::{csv, html, markdown};

fn main() {
    let streams = std::env::args().skip_while(|argument| argument != "--streams").nth(1);
    let streams: u64 = streams.and_then(|streams| streams.parse().ok()).unwrap_or(10_000).max(1_000);
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let folder = std::env::var_os("SEATRIAL_TEST_SHARED").map_or_else(|| root.join("../shared"), Into::into);
    let head = format!(
        "# Decisions, measured\n\n\
         Made by `cargo bench -p seatrial-domain --bench decisions -- --streams {streams}` (`make bench ONLY=decisions` draws \
         10,000); seeds are fixed, so the same code and number give the same tables.\n\n\
         Settings: {streams} streams per cell unless said otherwise, α = {} (`ln 1/α` = {:.4}), margin δ = {} points, floor \
         50 runs, one baseline run beside each candidate run, blocks of 10 outcomes that grow by a thirty-second of what was \
         seen, evidence `hedged`. Every method is looked at after every run and stops at its first verdict.\n",
        method::ALPHA,
        -method::ALPHA.ln(),
        100.0 * method::DELTA,
    );
    let mut made = Vec::new();
    let mut plots = Vec::new();
    for table in tables::all(streams, &folder.join("data"), &mut plots) {
        println!("{}", markdown("", std::slice::from_ref(&table)));
        made.push(table);
    }
    let out = root.join("docs/benchmarks");
    std::fs::create_dir_all(&out).expect("the folder can be made");
    let write = |name: &str, text: String| std::fs::write(out.join(name), text).expect("the results can be written");
    write("decisions.md", markdown(&head, &made));
    write("decisions.csv", csv(&made));
    write("decisions.html", html(&head, &made, &plots));
    println!("Written to {}", out.display());
}
