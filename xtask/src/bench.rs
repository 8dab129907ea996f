//! Measures, and writes `bench/RESULTS.md`: what was run, on which machine, what it printed.
//!
//! The part of the file above the mark is written by a person: goals, ratios, what limits each. The
//! part below is the benches' own words. A bench is never a test: nothing here fails because a
//! number is bad.

use std::fmt::Write as _;
use std::fs;

use crate::postgres::{Cluster, Durability};
use crate::run::{Failure, cargo, output, root};

const MARK: &str = "<!-- below: written by `cargo xtask bench` -->";

/// One bench: what it measures, and the target that `cargo bench` runs.
struct Bench {
    title: &'static str,
    target: &'static str,
}

const BENCHES: &[Bench] = &[
    Bench { title: "A rule's decision", target: "decide" },
    Bench { title: "Seal and open beside raw AES-256-GCM", target: "envelope" },
    Bench { title: "Masking", target: "masking" },
    Bench { title: "Ledger: hashing and verifying", target: "log" },
    Bench { title: "Notary: sequencing", target: "sequencing" },
    Bench { title: "Broker: openings", target: "broker" },
    Bench { title: "Store: the tax of the walls", target: "walls" },
    Bench { title: "Identity: sign-ins, refreshes, tokens, revocations", target: "sessions" },
    Bench { title: "The whole platform over HTTPS", target: "http" },
];

/// Runs every bench and writes the results.
///
/// # Errors
/// A bench that does not build or run.
pub fn run() -> Result<(), Failure> {
    let cluster = Cluster::start(Durability::Real)?;
    let mut text = machine()?;
    for bench in BENCHES {
        println!("=== {}", bench.title);
        // The whole workspace's choice of features, so that everything is built once.
        let words = ["bench", "--quiet", "--workspace", "--bench", bench.target];
        let shown = output(cargo().args(words).env("CASEMATE_TEST_POSTGRES", cluster.url()))?;
        println!("{shown}");
        let _ = write!(
            text,
            "\n## {}\n\n`cargo bench --workspace --bench {}`\n\n```text\n{}\n```\n",
            bench.title,
            bench.target,
            shown.trim_end()
        );
    }
    let path = root().join("bench/RESULTS.md");
    let old = fs::read_to_string(&path).unwrap_or_default();
    let (above, _) = old.split_once(MARK).unwrap_or((&old, ""));
    fs::write(path, format!("{}\n\n{MARK}\n\n{text}", above.trim_end()))?;
    Ok(())
}

/// The machine, in one paragraph.
fn machine() -> Result<String, Failure> {
    let cpu = fs::read_to_string("/proc/cpuinfo")?;
    let model = field(&cpu, "model name");
    let cores = cpu.lines().filter(|line| line.starts_with("processor")).count();
    let memory = field(&fs::read_to_string("/proc/meminfo")?, "MemTotal");
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease")?;
    let rustc = output(std::process::Command::new("rustc").arg("--version"))?;
    Ok(format!(
        "Machine: {model}, {cores} cores, {memory} of memory, Linux {}, {}. Shared and noisy: read \
         ratios and medians, not absolutes.\n",
        kernel.trim(),
        rustc.trim()
    ))
}

fn field(text: &str, name: &str) -> String {
    text.lines()
        .find_map(|line| line.strip_prefix(name))
        .map(|rest| rest.trim_start_matches([' ', '\t', ':']).to_owned())
        .unwrap_or_default()
}
