//! kill -9 while two histories of one log knock at the same time.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use crate::house::{History, Running, add, set_up};

/// Change it to try other instants; a failure prints it.
const SEED: u64 = 0x5EED_CA5E;
const LOGS: usize = 12;
const KILLS_PER_LOG: usize = 3;
const SIZE: u64 = 400;

/// SplitMix64 (Steele, Lea, Flood 2014): enough to spread instants.
fn next(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let mut mixed = *state;
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    mixed ^ (mixed >> 31)
}

/// Knocks with one history until the witness is gone; the sizes that were cosigned, and how many
/// answers there were.
fn knock(port: u16, history: &mut History, begun: &AtomicUsize) -> (Vec<(u64, String)>, usize) {
    let (mut cosigned, mut known, mut answers) = (Vec::new(), 0, 0);
    loop {
        // Each step is small, so that the two histories meet at many sizes.
        let size = (known + 1).min(SIZE);
        let body = history.request(known.min(size), size);
        let Some((status, _, answer)) = add(port, &body) else { return (cosigned, answers) };
        answers += 1;
        begun.fetch_add(1, Ordering::Relaxed);
        match status {
            200 => {
                cosigned.push((size, answer));
                known = size;
            }
            409 => match answer.trim().parse() {
                Ok(size) if size > known => known = size,
                // The other history holds this size: try the next one.
                _ => known = (known + 1).min(SIZE),
            },
            _ => {}
        }
    }
}

#[test]
fn a_witness_killed_at_any_instant_never_signs_two_histories() {
    let folder = tempfile::tempdir().unwrap();
    let names: Vec<String> = (0..LOGS).map(|number| format!("log.example/{number}")).collect();
    let key = set_up(folder.path(), &names);
    let (mut state, mut all, mut answers) = (SEED, 0, 0);
    for name in &names {
        let mut signed: [Vec<(u64, String)>; 2] = Default::default();
        for _ in 0..KILLS_PER_LOG {
            let mut running = Running::start(folder.path());
            let (port, life) = (running.port, Duration::from_micros(next(&mut state) % 60_000));
            let begun = AtomicUsize::new(0);
            let begun = &begun;
            let found = std::thread::scope(|scope| {
                let knocking = [0, 1].map(|branch| {
                    scope.spawn(move || knock(port, &mut History::new(name, branch, SIZE), begun))
                });
                // The life begins with the first answer, so that every kill hits one at work.
                while begun.load(Ordering::Relaxed) == 0 {
                    std::thread::sleep(Duration::from_micros(200));
                }
                std::thread::sleep(life);
                running.kill();
                knocking.map(|thread| thread.join().unwrap())
            });
            for (branch, (cosigned, count)) in found.into_iter().enumerate() {
                signed[branch].extend(cosigned);
                answers += count;
            }
        }
        for (branch, cosigned) in (0..).zip(&signed) {
            let history = History::new(name, branch, SIZE);
            for (size, line) in cosigned {
                assert!(history.is_cosigned(*size, line, key.public()), "{name} {size}");
            }
        }
        all += signed.iter().map(Vec::len).sum::<usize>();
        let both = signed.iter().all(|cosigned| !cosigned.is_empty());
        assert!(!both, "seed {SEED:#x}: two histories of {name} were cosigned: {signed:?}");
    }
    assert!(all >= LOGS && answers > all, "seed {SEED:#x}: {all} cosigned of {answers} answers");
}
