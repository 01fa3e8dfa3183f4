//! Paired evidence: every real comparison of the shared tables, and the laws of the discordant pairs.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::path::Path;

use seatrial_domain::stats::interval::newcombe;
use seatrial_domain::stats::paired::{Pairs, Trials, pairs_of_trials, pass_at_k, pass_hat_k};

use crate::support::Draw;

/// The rows of a table computed independently, by column name; `None` when the data is not on this machine.
#[expect(clippy::print_stderr, reason = "what was not checked is said, never skipped silently")]
fn table(file: &str) -> Option<(Vec<String>, Vec<Vec<String>>)> {
    let path = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data/expected")).join(file);
    let Ok(text) = std::fs::read_to_string(&path) else {
        eprintln!("NOT CHECKED: {} is not there, so this table was not compared", path.display());
        return None;
    };
    let mut rows = text.lines().map(|line| line.split(',').map(str::to_owned).collect::<Vec<_>>());
    let head = rows.next().expect("a head");
    Some((head, rows.collect()))
}

fn close(found: f64, expected: f64, what: &str) {
    assert!((found - expected).abs() <= 1e-6, "{what}: {found} is not {expected}");
}

#[test]
fn every_real_comparison_is_met() {
    let Some((head, rows)) = table("pairwise.csv") else { return };
    let column = |name: &str| head.iter().position(|column| column == name).expect("the column is there");
    let mut paired = 0;
    for row in &rows {
        let text = |name: &str| row[column(name)].as_str();
        let count = |name: &str| text(name).parse::<u64>().expect("a count");
        let figure = |name: &str| text(name).parse::<f64>().expect("a figure");
        let what = format!("{} against {}", text("release_b"), text("release_a"));
        let found = newcombe(count("successes_b"), count("runs_b"), count("successes_a"), count("runs_a"), 0.05);
        let found = found.expect("both have runs");
        close(found.low, figure("newcombe_lo"), &what);
        close(found.high, figure("newcombe_hi"), &what);
        if text("mcnemar_exact_p").is_empty() {
            continue;
        }
        paired += 1;
        let pairs = Pairs {
            both: count("both"),
            only_baseline: count("only_a"),
            only_candidate: count("only_b"),
            neither: count("neither"),
        };
        assert_eq!(pairs.n(), count("common_tasks"), "{what}");
        close(pairs.mcnemar_exact(), figure("mcnemar_exact_p"), &what);
        close(pairs.difference().expect("cases"), figure("diff"), &what);
    }
    assert!(rows.len() >= 100 && paired >= 50, "{} rows, {paired} of them paired", rows.len());
}

#[test]
fn repeated_trials_give_pass_hat_k() {
    let cases = [Trials { n: 4, passed: 4 }, Trials { n: 4, passed: 2 }, Trials { n: 4, passed: 0 }];
    close(pass_hat_k(&cases, 1).expect("cases"), 0.5, "pass^1");
    close(pass_hat_k(&cases, 2).expect("cases"), (1.0 + 1.0 / 6.0) / 3.0, "pass^2");
    close(pass_hat_k(&cases, 4).expect("cases"), 1.0 / 3.0, "pass^4");
    close(pass_at_k(&cases, 2).expect("cases"), (1.0 + 5.0 / 6.0) / 3.0, "pass@2");
    assert_eq!(pass_hat_k(&cases, 5), None);
    assert_eq!(pass_hat_k(&cases, 0), None);
}

/// Trials by task of every release of the files, by source, workflow and release.
fn trials() -> BTreeMap<[String; 3], BTreeMap<String, Trials>> {
    let mut found: BTreeMap<[String; 3], BTreeMap<String, Trials>> = BTreeMap::new();
    for file in ["intercode", "autogpt_bench", "tau", "agenta_edit"] {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data");
        let packed = std::fs::File::open(Path::new(path).join(format!("{file}.jsonl.gz"))).expect("beside the tables");
        for line in BufReader::new(flate2::read::GzDecoder::new(packed)).lines() {
            let row: serde_json::Value = serde_json::from_str(&line.expect("a line")).expect("a row is JSON");
            let text = |name: &str| row[name].as_str().expect("a text").to_owned();
            let tasks = found.entry([text("source"), text("workflow"), text("release")]).or_default();
            let task = tasks.entry(text("task_id")).or_insert(Trials { n: 0, passed: 0 });
            task.n += 1;
            task.passed += u64::from(text("outcome") == "success");
        }
    }
    found
}

#[test]
fn every_real_pass_hat_k_is_met() {
    let Some((head, rows)) = table("passk.csv") else { return };
    let column = |name: &str| head.iter().position(|column| column == name).expect("the column is there");
    let trials = trials();
    for row in &rows {
        let text = |name: &str| row[column(name)].as_str();
        let key = ["source", "workflow", "release"].map(|name| text(name).to_owned());
        let k: u64 = text("k").parse().expect("a number");
        let cases: Vec<Trials> = trials.get(&key).expect("its runs are there").values().copied().collect();
        let enough = cases.iter().filter(|case| case.n >= k).count();
        assert_eq!(enough.to_string(), text("tasks"), "{key:?} {k}");
        let figure = |name: &str| text(name).parse::<f64>().expect("a figure");
        close(pass_hat_k(&cases, k).expect("cases"), figure("pass_hat_k"), &format!("{key:?} pass^{k}"));
        close(pass_at_k(&cases, k).expect("cases"), figure("pass_at_k"), &format!("{key:?} pass@{k}"));
    }
    assert!(rows.len() >= 80, "{} rows", rows.len());
}

#[test]
fn trials_of_a_case_make_one_pair() {
    let of = |n, passed| Trials { n, passed };
    let pairs = pairs_of_trials(&[
        (of(3, 3), of(3, 0)),
        (of(3, 1), of(3, 2)),
        (of(2, 1), of(1, 1)),
        (of(3, 3), of(2, 2)),
        (of(0, 0), of(3, 3)),
    ]);
    assert_eq!(pairs, Pairs { both: 1, only_baseline: 1, only_candidate: 2, neither: 0 });
    assert_eq!(Pairs::default().mcnemar_exact(), 1.0);
    assert_eq!((pairs.difference(), Pairs::default().difference()), (Some(0.25), None));
}

#[test]
fn real_evidence_of_a_pairing_sees_what_unpaired_runs_do_not() {
    // tryagain-1 on the same SQL tasks: unpaired p = 0.27, paired p = 0.044.
    let Some((head, rows)) = table("pairwise.csv") else { return };
    let column = |name: &str| head.iter().position(|column| column == name).expect("the column is there");
    let of = |row: &&Vec<String>| {
        let pair = [row[column("release_a")].as_str(), row[column("release_b")].as_str()];
        pair.iter().all(|release| release.ends_with("/tryagain-1")) && row[column("workflow")] == "intercode-sql"
    };
    let row = rows.iter().find(of).expect("the pair is there");
    let p: f64 = row[column("mcnemar_exact_p")].parse().expect("a p-value");
    assert!((0.04..0.05).contains(&p), "{p}");
}

/// Looked at after every case, a suite of equal releases speaks for either with probability at most α.
#[test]
fn evidence_of_equal_releases_is_rare_at_every_look() {
    let (mut better, mut worse) = (0, 0);
    let streams = 2_000;
    for seed in 0..streams {
        let mut draw = Draw::new(seed * 77 + 5);
        let mut pairs = Pairs::default();
        let (mut said_better, mut said_worse) = (false, false);
        for _ in 0..300 {
            pairs.add(draw.hit(0.7) == 1, draw.hit(0.7) == 1);
            let evidence = pairs.evidence();
            said_better |= evidence.ln_e_better >= 20_f64.ln();
            said_worse |= evidence.ln_e_worse >= 20_f64.ln();
        }
        better += u64::from(said_better);
        worse += u64::from(said_worse);
    }
    assert!(better * 20 <= streams + 200 && worse * 20 <= streams + 200, "{better} {worse}");
    let clear = Pairs { both: 30, only_baseline: 2, only_candidate: 20, neither: 10 };
    assert!(clear.evidence().ln_e_better > 20_f64.ln() && clear.evidence().ln_e_worse < 0.1);
    let between = clear.difference_interval(0.05).expect("cases");
    assert!(between.low > 0.1 && between.high < 0.45);
}
