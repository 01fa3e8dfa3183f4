//! Real agent runs as streams: a release's full table is the population, drawn with replacement by task.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::path::Path;

use serde::Deserialize;

use crate::method::{Method, Said};
use crate::stream::{Draw, Pair};

#[derive(Deserialize)]
struct Row {
    release: String,
    workflow: String,
    task_id: String,
    outcome: String,
}

/// One comparison of two releases.
pub struct Comparison {
    /// `baseline → candidate`.
    pub name: String,
    /// Success rates of the two populations.
    pub rates: (f64, f64),
    tasks: Vec<(Vec<bool>, Vec<bool>)>,
}

/// The comparisons that are asked; none where the data is not on this machine.
pub fn comparisons(folder: &Path) -> Vec<Comparison> {
    let Ok(packed) = std::fs::File::open(folder.join("intercode.jsonl.gz")) else { return Vec::new() };
    let mut runs: BTreeMap<(String, String), BTreeMap<String, Vec<bool>>> = BTreeMap::new();
    for line in BufReader::new(flate2::read::GzDecoder::new(packed)).lines().map_while(Result::ok) {
        let Ok(row) = serde_json::from_str::<Row>(&line) else { continue };
        let of_release = runs.entry((row.workflow, row.release)).or_default();
        of_release.entry(row.task_id).or_default().push(row.outcome == "success");
    }
    let asked = [
        ("intercode-sql", "gpt-3.5/tryagain-10", "gpt-4/tryagain-10"),
        ("intercode-sql", "gpt-3.5/tryagain-10", "gpt-3.5/react-10"),
        ("intercode-sql", "gpt-3.5/tryagain-10", "gpt-3.5/plan-solve"),
        ("intercode-sql", "gpt-3.5/tryagain-1", "gpt-4/tryagain-1"),
        ("intercode-sql", "gpt-4/tryagain-10", "gpt-3.5/tryagain-10"),
        ("intercode-bash", "gpt-3.5/tryagain-10", "gpt-3.5/plan-solve"),
    ];
    let find = |workflow: &str, release: &str| runs.get(&(workflow.to_owned(), release.to_owned()));
    type Task = (Vec<bool>, Vec<bool>);
    let compare = |(workflow, a, b): (&str, &str, &str)| {
        let (old, new) = (find(workflow, a)?, find(workflow, b)?);
        let tasks = old.iter().filter_map(|(task, x)| Some((x.clone(), new.get(task)?.clone()))).collect::<Vec<_>>();
        let rate = |of: &dyn Fn(&Task) -> f64| tasks.iter().map(of).sum::<f64>() / tasks.len() as f64;
        let share = |runs: &[bool]| runs.iter().filter(|&&success| success).count() as f64 / runs.len() as f64;
        let rates = (rate(&|task| share(&task.0)), rate(&|task| share(&task.1)));
        Some(Comparison { name: format!("{a} → {b} ({workflow})"), rates, tasks })
    };
    asked.into_iter().filter_map(compare).collect()
}

impl Comparison {
    /// Shares of ship and rollback and the median run of the verdict, over streams of at most `runs` runs per arm.
    pub fn run(&self, method: Method, streams: u64, runs: u64) -> (f64, f64, Option<u64>) {
        let (mut ships, mut rollbacks, mut at) = (0, 0, Vec::new());
        for number in 0..streams {
            let mut draw = Draw::new(70, number);
            let mut running = method.start();
            for n in 1..=runs {
                let mut of = |candidate: bool| {
                    let task = &self.tasks[draw.below(self.tasks.len())];
                    let trials = if candidate { &task.1 } else { &task.0 };
                    trials[draw.below(trials.len())]
                };
                let pair = Pair { baseline: of(false), candidate: of(true) };
                let Some(said) = running.step(pair) else { continue };
                at.push(n);
                match said {
                    Said::Ship => ships += 1,
                    Said::Rollback => rollbacks += 1,
                }
                break;
            }
        }
        at.sort_unstable();
        let share = |count: u64| count as f64 / streams as f64;
        (share(ships), share(rollbacks), at.get(at.len() / 2).copied())
    }
}
