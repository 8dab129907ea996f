//! How well the judgement of sign-ins tells a thief from the person, on generated histories.
//!
//! Printed: for each published attacker model the share of attacks found and of people's own
//! sign-ins asked again, at several thresholds; and the people asked when a share of attacks is to
//! be found. Everything follows from [`SEED`]: two runs print the same.
//!
//! People: a home, a workplace and a mobile network each, one or two clients, working hours of
//! their own; some travel, some change their client, some delete what recognises their device.
//! Attackers hold the right password and factor and come without the device (the models of
//! Wiefling et al.): naive (any country, any client), VPN (the victim's country), targeted
//! (country, client and hours), very targeted (the victim's own neighbourhood of networks too).

#![expect(clippy::unwrap_used, reason = "a bench stops at the first surprise")]

use std::net::IpAddr;

use identity::risk::{HIGH_FROM, MIDDLE_FROM, Outcome, Recognised, Record, Replay, Row};

const SEED: u64 = 20_261_127;
const PEOPLE: u32 = 500;
const DAYS: i64 = 120;
/// From this day on there are attacks.
const ATTACKS_FROM: i64 = 30;
const COUNTRIES: [&str; 12] =
    ["DE", "US", "GB", "FR", "IN", "BR", "NL", "PL", "ES", "IT", "SE", "JP"];
const AGENTS: [&str; 8] = [
    "Mozilla/5.0 (Windows NT 10.0) Chrome/120",
    "Mozilla/5.0 (Windows NT 10.0) Firefox/121",
    "Mozilla/5.0 (Windows NT 10.0) Chrome/120 Edg/120",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X) Version/17 Safari/605",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17) Version/17 Safari/604",
    "Mozilla/5.0 (Linux; Android 14) Chrome/120",
    "Mozilla/5.0 (X11; Linux x86_64) Firefox/121",
    "casemate/0.1.0",
];

/// SplitMix64.
struct Chance(u64);

impl Chance {
    fn below(&mut self, n: u32) -> u32 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        u32::try_from((z ^ (z >> 31)) % u64::from(n)).unwrap()
    }

    fn percent(&mut self, share: u32) -> bool {
        self.below(100) < share
    }

    fn of<'a>(&mut self, all: &[&'a str]) -> &'a str {
        // The square of a uniform number: the first are the most frequent.
        let n = u32::try_from(all.len()).unwrap();
        let at = self.below(n) * self.below(n) / n;
        all.get(usize::try_from(at).unwrap()).unwrap()
    }
}

/// An address of a country: its /8 says which, the rest is by chance.
fn address(country: &str, area: u32, network: u32) -> IpAddr {
    let place = COUNTRIES.iter().position(|it| *it == country).unwrap();
    let first = 20 + u8::try_from(place).unwrap();
    let byte = |n: u32| u8::try_from(n % 256).unwrap();
    IpAddr::from([first, byte(area), byte(network), 7])
}

/// Somebody with their habits.
struct Person {
    name: String,
    country: &'static str,
    home: (u32, u32),
    work: (u32, u32),
    mobile: u32,
    agents: Vec<&'static str>,
    wakes: u32,
    per_week: u32,
    forgets: u32,
}

/// What an attacker knows.
#[derive(Clone, Copy)]
enum Attacker {
    Naive,
    Vpn,
    Targeted,
    VeryTargeted,
}

const ATTACKERS: [(Attacker, &str); 4] = [
    (Attacker::Naive, "naive"),
    (Attacker::Vpn, "VPN"),
    (Attacker::Targeted, "targeted"),
    (Attacker::VeryTargeted, "very targeted"),
];

/// What the model may look at.
#[derive(Clone, Copy)]
struct Sight {
    country: Option<()>,
    device: Option<()>,
}

impl Person {
    fn new(chance: &mut Chance, number: u32) -> Self {
        let country = chance.of(&COUNTRIES);
        let clients = 1 + chance.below(2);
        Self {
            name: format!("p{number}"),
            country,
            home: (chance.below(40), chance.below(256)),
            work: (chance.below(20), chance.below(256)),
            mobile: 100 + chance.below(4),
            agents: (0..clients).map(|_| chance.of(&AGENTS)).collect(),
            wakes: 5 + chance.below(6),
            per_week: 2 + chance.below(10),
            forgets: if chance.percent(20) { 40 } else { 3 },
        }
    }

    fn hour(&self, chance: &mut Chance) -> u32 {
        (self.wakes + chance.below(8) + chance.below(8)) % 24
    }

    /// A sign-in of their own on this day.
    fn comes(&mut self, chance: &mut Chance, day: i64, sight: Sight) -> Row {
        if chance.below(1_000) < 4 {
            self.agents = vec![chance.of(&AGENTS)];
        }
        let (country, ip) = if chance.percent(2) {
            let abroad = chance.of(&COUNTRIES);
            (abroad, address(abroad, chance.below(256), chance.below(256)))
        } else {
            let ip = match chance.below(100) {
                0..50 => address(self.country, self.home.0, self.home.1),
                50..80 => address(self.country, self.work.0, self.work.1),
                80..96 => address(self.country, self.mobile, chance.below(64)),
                _ => address(self.country, chance.below(256), chance.below(256)),
            };
            (self.country, ip)
        };
        let hour = self.hour(chance);
        let client = chance.below(u32::try_from(self.agents.len()).unwrap());
        let agent = self.agents.get(usize::try_from(client).unwrap()).unwrap();
        let known = sight.device.is_some() && !chance.percent(self.forgets);
        self.row(Record::Legitimate, day, (hour, ip, country, agent), known, sight)
    }

    fn attacked(&self, chance: &mut Chance, day: i64, by: Attacker, sight: Sight) -> Row {
        let (home, any) = (self.country, chance.of(&COUNTRIES));
        let far = (chance.below(256), chance.below(256));
        let (country, ip) = match by {
            Attacker::Naive => (any, address(any, far.0, far.1)),
            Attacker::Vpn | Attacker::Targeted => (home, address(home, far.0, far.1)),
            Attacker::VeryTargeted => (home, address(home, self.home.0, far.1)),
        };
        let agent = match by {
            Attacker::Naive | Attacker::Vpn => chance.of(&AGENTS),
            Attacker::Targeted | Attacker::VeryTargeted => self.agents.first().unwrap(),
        };
        let hour = match by {
            Attacker::Naive | Attacker::Vpn => chance.below(24),
            Attacker::Targeted | Attacker::VeryTargeted => self.hour(chance),
        };
        self.row(Record::Attack, day, (hour, ip, country, agent), false, sight)
    }

    fn row(
        &self,
        record: Record,
        day: i64,
        (hour, ip, country, agent): (u32, IpAddr, &str, &str),
        known: bool,
        sight: Sight,
    ) -> Row {
        Row {
            user: self.name.clone(),
            record,
            at_s: day * 86_400 + i64::from(hour) * 3_600,
            ip,
            country: sight.country.map(|()| country.to_owned()),
            user_agent: Some(agent.to_owned()),
            device: if known { Recognised::Yes } else { Recognised::No },
        }
    }
}

fn replayed(by: Attacker, sight: Sight) -> Replay {
    let mut chance = Chance(SEED);
    let mut people: Vec<Person> = (0..PEOPLE).map(|n| Person::new(&mut chance, n)).collect();
    let mut replay = Replay::default();
    for day in 0..DAYS {
        for person in &mut people {
            if chance.below(7 * 2) < person.per_week {
                replay.next(&person.comes(&mut chance, day, sight));
            }
            if day >= ATTACKS_FROM && chance.below(60) == 0 {
                replay.next(&person.attacked(&mut chance, day, by, sight));
            }
        }
    }
    replay
}

fn percent(Outcome { from, attacks_found, people_asked }: Outcome) -> String {
    format!("{:>6.2} {:>8.2}% {:>8.2}%", from, attacks_found * 100.0, people_asked * 100.0)
}

fn main() {
    let (yes, no) = (Some(()), None);
    let sights = [
        ("country file, devices recognised", Sight { country: yes, device: yes }),
        ("no country file, devices recognised", Sight { country: no, device: yes }),
        ("country file, no device ever recognised", Sight { country: yes, device: no }),
    ];
    println!("seed {SEED}, {PEOPLE} people, {DAYS} days, attacks from day {ATTACKS_FROM}");
    println!("bands: middle from {MIDDLE_FROM:.1}, high from {HIGH_FROM:.1}");
    for (what, sight) in sights {
        println!("\n{what}");
        println!("{:<14} {:>6} {:>9} {:>9}", "attacker", "from", "found", "asked");
        for (by, name) in ATTACKERS {
            let replay = replayed(by, sight);
            for from in [1.0, 2.0, MIDDLE_FROM, 4.0, HIGH_FROM] {
                println!("{name:<14} {}", percent(replay.at(from)));
            }
            for share in [0.9, 0.95, 0.98, 0.995] {
                let outcome = percent(replay.finding(share));
                println!("{name:<14} {outcome}  (at least {:.1}% found)", share * 100.0);
            }
        }
    }
}
