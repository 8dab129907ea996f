//! kill -9 at random instants while entries are written and two sequencers work.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::time::Duration;

use ledger::{Evidence, Verdict, verify_export};
use store::{EntryFilter, Page};

use crate::ground::on_each_engine;
use crate::house::{House, host};

on_each_engine! {
    a_worker_killed_at_any_instant_leaves_a_log_that_verifies_and_honours_every_receipt
}

/// Change it to try other instants; a failure prints it.
const SEED: u64 = 0x5EED_CA5E;
const KILLS: usize = 15;

/// SplitMix64 (Steele, Lea, Flood 2014): enough to spread instants.
fn next(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let mut mixed = *state;
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    mixed ^ (mixed >> 31)
}

/// Runs a worker until it is killed after `life`, and gives the receipts it handed out.
fn killed_after(house: &House, life: Duration) -> Vec<String> {
    let mut worker = Command::new(host())
        .arg("work")
        .arg(house.folder())
        .arg(house.ours.tenant.to_string())
        .args(house.ground.words(house.folder()))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(worker.stdout.take().unwrap());
    let mut receipts = vec![String::new()];
    // The life begins with the first receipt, so that every kill hits a worker at work.
    lines.read_line(&mut receipts[0]).unwrap();
    std::thread::sleep(life);
    worker.kill().unwrap();
    worker.wait().unwrap();
    let whole = |line: &String| line.ends_with('\n');
    let mut line = String::new();
    while lines.read_line(&mut line).unwrap() > 0 {
        receipts.push(std::mem::take(&mut line));
    }
    receipts.into_iter().filter(whole).map(|line| line.trim_end().to_owned()).collect()
}

async fn a_worker_killed_at_any_instant_leaves_a_log_that_verifies_and_honours_every_receipt(
    house: House,
) {
    let (mut state, mut receipts) = (SEED, Vec::new());
    for _ in 0..KILLS {
        let life = Duration::from_micros(next(&mut state) % 150_000);
        receipts.extend(tokio::task::block_in_place(|| killed_after(&house, life)));
    }
    assert!(receipts.len() >= KILLS, "seed {SEED:#x}: {} receipts", receipts.len());
    let (file, key) = (house.export(house.ours).await.unwrap(), house.key().await);
    let held: Vec<&str> = receipts.iter().map(String::as_str).collect();
    let evidence = Evidence { keys: &[key], receipts: &held, ..Evidence::default() };
    let Verdict::Verified(verified) = verify_export(&file[..], evidence) else {
        panic!("seed {SEED:#x}: {}", verify_export(&file[..], evidence));
    };
    assert_eq!(verified.pending_receipts, 0, "seed {SEED:#x}: a receipt is not honoured");
    assert!(verified.size >= receipts.len() as u64, "seed {SEED:#x}");
    let scope = house.scope(house.ours);
    let newest =
        notary::list_entries(&house.store, &scope, EntryFilter::default(), Page::first(200));
    let waiting = newest.await.unwrap().items.iter().filter(|entry| entry.index.is_none()).count();
    assert_eq!(waiting, 0, "seed {SEED:#x}: an entry was left behind");
}
