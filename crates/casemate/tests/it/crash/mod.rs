//! kill -9 at random instants, under load.
//!
//! Broker, API and sequencing worker run as three processes; one of them, or all, is killed again
//! and again while several clients write and keep every answer and receipt. Afterwards: no action
//! without its entry, no entry without its action, every receipt honoured, no fork.
//!
//! `CASEMATE_CRASH_KILLS` sets the number of kills, `CASEMATE_CRASH_SEED` repeats a run.

mod fleet;
mod judge;
mod load;

use std::time::{Duration, Instant};

use crate::engine::Engine;
use crate::house::House;
use crate::person::{PASSWORD, Person};
use crate::walk::{first_owner, invited, workspace};
use fleet::Fleet;
use load::{Hand, Team};

const KILLS: u32 = 200;
/// Longest time between everything being ready and the next kill.
const PAUSE_MS_MAX: u64 = 250;
/// Hands that work at once in each workspace.
const HANDS: usize = 3;

/// A small generator, so that a seed repeats a run's decisions (splitmix64, Steele et al. 2014).
#[derive(Debug, Clone)]
pub struct Chance(u64);

impl Chance {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % bound
    }
}

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok()?.parse().ok()
}

#[test]
fn whatever_is_killed_no_action_loses_its_entry_and_no_receipt_is_broken() {
    Engine::all().iter().for_each(survive);
}

fn survive(engine: &Engine) {
    let kills = number("CASEMATE_CRASH_KILLS").and_then(|kills| u32::try_from(kills).ok());
    let kills = kills.unwrap_or(KILLS);
    let seed = number("CASEMATE_CRASH_SEED").unwrap_or_else(|| u64::from(std::process::id()));
    println!("{}: {kills} kills, CASEMATE_CRASH_SEED={seed}", engine.name());
    let house = House::new(engine);
    let (owner, members) = settle(&house);
    let mut fleet = Fleet::start(&house);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let teams = [("acme", 0), ("globex", 1)].map(|(name, number)| {
        let code = &owner.backup_codes[number];
        runtime.block_on(Team::enter(&fleet, &owner.email, PASSWORD, code, name))
    });
    let mut chance = Chance::new(seed);
    let mut hands = Vec::new();
    for team in &teams {
        hands.push(runtime.spawn(team.clone().watch()));
        for (number, member) in (0..HANDS).zip(&members) {
            let hand = Hand::new(number, member, Chance::new(chance.below(u64::MAX)));
            hands.push(runtime.spawn(team.clone().work(hand)));
        }
    }
    let start = Instant::now();
    let mut counts = [0u32; 4];
    for _ in 0..kills {
        std::thread::sleep(Duration::from_millis(chance.below(PAUSE_MS_MAX)));
        let victim = fleet::Victim::ALL[usize::try_from(chance.below(4)).unwrap()];
        counts[victim as usize] += 1;
        fleet.kill(victim, &mut chance);
    }
    println!("{counts:?} (broker, api, worker, all) killed in {:.1?}", start.elapsed());
    teams.iter().for_each(Team::stop);
    for hand in hands {
        runtime.block_on(hand).unwrap();
    }
    for team in &teams {
        runtime.block_on(judge::judge(team));
    }
    drop(fleet);
}

/// A platform with an owner, two workspaces, and members for each hand to promote and demote.
fn settle(house: &House) -> (Person, Vec<String>) {
    let up = house.up();
    let owner = first_owner(&up);
    let emails: Vec<String> = (0..HANDS).map(|n| format!("member{n}@example.org")).collect();
    workspace(&owner, "acme", "first");
    let people: Vec<Person> =
        emails.iter().map(|email| invited(&owner, &up, email, "viewer")).collect();
    workspace(&owner, "globex", "first");
    for person in &people {
        let again = owner.run(&["members", "invite", &person.email, "--role", "viewer"]).ok();
        let (id, code) = (&again.lines[0]["id"], &again.lines[0]["code"]);
        let code = person.note("code", code.as_str().unwrap());
        let (id, code) = (id.as_str().unwrap(), code.to_str().unwrap());
        person.run(&["invitations", "accept", "--link", id, "--code-file", code]).ok();
    }
    up.stop();
    (owner, emails)
}
