//! What a benchmark found, as a table for people or as JSON for programs.

use std::{collections::BTreeMap, fs};

use serde::Serialize;

/// Figures of one benchmark and under what conditions they came about.
#[derive(Serialize, Debug)]
pub struct Report {
    pub bench: &'static str,
    pub machine: String,
    pub conditions: BTreeMap<&'static str, String>,
    pub figures: BTreeMap<&'static str, f64>,
    #[serde(skip)]
    limits: BTreeMap<&'static str, Limit>,
}

/// What a figure is held to.
#[derive(Clone, Copy, Debug)]
pub enum Limit {
    AtMost(f64),
    AtLeast(f64),
}

impl Limit {
    fn holds(self, figure: f64) -> bool {
        match self {
            Self::AtMost(most) => figure <= most,
            Self::AtLeast(least) => figure >= least,
        }
    }
}

impl Report {
    pub fn new(bench: &'static str) -> Self {
        Self {
            bench,
            machine: machine(),
            conditions: BTreeMap::new(),
            figures: BTreeMap::new(),
            limits: BTreeMap::new(),
        }
    }

    /// Says under what circumstances the figures hold.
    pub fn condition(&mut self, name: &'static str, value: impl Into<String>) {
        self.conditions.insert(name, value.into());
    }

    pub fn figure(&mut self, name: &'static str, value: f64) {
        self.figures.insert(name, value);
    }

    /// A figure with the limit it is held to.
    pub fn limited(&mut self, name: &'static str, value: f64, limit: Limit) {
        self.figure(name, value);
        self.limits.insert(name, limit);
    }

    pub fn print(&self, as_json: bool) -> anyhow::Result<()> {
        if as_json {
            println!("{}", serde_json::to_string(self)?);
            return Ok(());
        }
        println!("{} on {}", self.bench, self.machine);
        for (name, value) in &self.conditions {
            println!("  {name}: {value}");
        }
        for (name, value) in &self.figures {
            let verdict = match self.limits.get(name) {
                None => String::new(),
                Some(limit) => {
                    let bound = match limit {
                        Limit::AtMost(most) => format!("at most {most}"),
                        Limit::AtLeast(least) => format!("at least {least}"),
                    };
                    format!("{bound}: {}", if limit.holds(*value) { "held" } else { "MISSED" })
                }
            };
            println!("  {name:<24} {value:>12.3}  {verdict}");
        }
        Ok(())
    }
}

/// The `q` quantile (0 to 1) of `samples` by the nearest-rank method; NaN where there are none.
pub fn quantile(samples: &mut [f64], q: f64) -> f64 {
    samples.sort_by(f64::total_cmp);
    let rank = (q * samples.len() as f64).ceil() as usize;
    samples.get(rank.saturating_sub(1)).copied().unwrap_or(f64::NAN)
}

fn machine() -> String {
    let cpu = fs::read_to_string("/proc/cpuinfo")
        .ok()
        .and_then(|text| {
            let line = text.lines().find(|line| line.starts_with("model name"))?.to_owned();
            Some(line.split_once(':')?.1.trim().to_owned())
        })
        .unwrap_or_else(|| std::env::consts::ARCH.to_owned());
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    format!("{cores} cores, {cpu}")
}
