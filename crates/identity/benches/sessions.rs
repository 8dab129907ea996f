//! Sessions under load: sign-ins beside the bare password hash, a thousand refreshes of one token,
//! verification of access tokens, and how long a revoked session still opens something.
//!
//! CPU time is that of the whole process, in which a real broker runs too. Prints medians and
//! ratios; judges nothing.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::disallowed_methods,
    clippy::cast_precision_loss,
    dead_code,
    unused_imports,
    missing_docs,
    reason = "a bench is a test's cousin: it stops at the first surprise"
)]

#[path = "../tests/it/house/mod.rs"]
mod house;

use std::hint::black_box;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use argon2::{Algorithm, Argon2, Params, Version};
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use data_encoding::BASE64URL_NOPAD;
use domain::TimeMs;
use futures_util::future::join_all;
use identity::passwords::{Cost, PoolSize};
use identity::sessions::{Factor, SessionTokens, refresh, sign_in, sign_out};
use identity::tokens::TokenVerifier;
use identity::{AuthRefused, Identity, authenticate};
use serde_json::json;

use house::{House, Person, each_engine};

const SIGN_INS: u32 = 80;
const TOKENS: u32 = 4_000;
const REFRESHES: usize = 1_000;
const PEOPLE: u32 = 20;
const SESSIONS_EACH: u32 = 50;
/// Sessions that are revoked at the same time, so that a thousand do not take minutes.
const REVOKED_AT_ONCE: usize = 50;

static ENGINES: AtomicUsize = AtomicUsize::new(0);

fn main() {
    if !std::env::args().any(|word| word == "--bench") {
        return;
    }
    let bare = bare_hash();
    verification();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(each_engine(async |house: &House| {
        let engine = ["SQLite", "PostgreSQL"][ENGINES.fetch_add(1, Ordering::Relaxed)];
        println!("--- {engine}");
        sign_ins(house, bare).await;
        refreshes(house).await;
        revocations(house).await;
    }));
}

/// CPU time of this process so far.
fn cpu() -> Duration {
    let text = std::fs::read_to_string("/proc/self/stat").unwrap();
    let (_, fields) = text.rsplit_once(") ").unwrap();
    let ticks = |n: usize| fields.split(' ').nth(n).unwrap().parse::<u64>().unwrap();
    // A tick is a hundredth of a second on every Linux that this runs on.
    Duration::from_millis(10 * (ticks(11) + ticks(12)))
}

/// What `times` repetitions cost each: wall clock and CPU.
struct Each {
    wall: Duration,
    cpu: Duration,
}

struct Watch(Instant, Duration);

impl Watch {
    fn start() -> Self {
        Self(Instant::now(), cpu())
    }

    fn each(&self, times: u32) -> Each {
        Each { wall: self.0.elapsed() / times, cpu: (cpu() - self.1) / times }
    }
}

/// Argon2id at the standard cost, and nothing else.
fn bare_hash() -> Duration {
    let params = Params::new(19_456, 2, 1, None).unwrap();
    let argon = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    let watch = Watch::start();
    for n in 0..SIGN_INS {
        let mut hash = [0; 32];
        let salt = [n.to_be_bytes(); 4].concat();
        argon.hash_password_into(house::PASSWORD.as_bytes(), &salt, &mut hash).unwrap();
        black_box(hash);
    }
    let each = watch.each(SIGN_INS);
    println!(
        "Argon2id, 19,456 KiB, 2 passes, 1 lane: {:.2?} of CPU, {:.1}/s per core",
        each.cpu,
        1.0 / each.cpu.as_secs_f64()
    );
    each.cpu
}

async fn sign_ins(house: &House, bare: Duration) {
    let size = PoolSize { at_once: 1, waiting_max: 64 };
    let identity = house.replica_with(size, Cost::STANDARD).await;
    let ada = &house.ours.owner;
    // The first one replaces the hash of the fixture by one of the standard cost.
    signed_in(house, &identity, ada).await;
    let watch = Watch::start();
    for _ in 0..SIGN_INS {
        signed_in(house, &identity, ada).await;
    }
    let each = watch.each(SIGN_INS);
    println!(
        "sign-in, password and TOTP:  {:.2?} of CPU, {:.2?} of time; {:.1}/s per core; \
         bare hash / sign-in {:.2}",
        each.cpu,
        each.wall,
        1.0 / each.cpu.as_secs_f64(),
        bare.as_secs_f64() / each.cpu.as_secs_f64()
    );
}

async fn signed_in(house: &House, identity: &Identity, person: &Person) -> SessionTokens {
    house.advance(30_000);
    let factor = Factor::totp(&person.code(house)).unwrap();
    sign_in(identity, house.origin(), person.presents(factor)).await.unwrap().value
}

async fn refreshes(house: &House) {
    let tokens = house.ours.owner.signs_in(house).await;
    let presented = tokens.refresh_token.show();
    let watch = Watch::start();
    let asked = (0..REFRESHES).map(|_| refresh(&house.identity, house.origin(), presented));
    let answers = join_all(asked).await;
    let each = watch.each(u32::try_from(REFRESHES).unwrap());
    let logged_out = answers.iter().filter(|answer| answer.is_err()).count();
    let id = tokens.session;
    let found = house.store.platform_read(move |tx| tx.sessions().find(id)).await.unwrap();
    println!(
        "{REFRESHES} refreshes of one token at once: {logged_out} logged out, {} generation(s) \
         on; {:.0}/s, {:.2?} of CPU each",
        found.unwrap().generation - 1,
        1.0 / each.wall.as_secs_f64(),
        each.cpu
    );
}

fn verification() {
    let key = Ed25519KeyPair::from_seed_unchecked(&[1; 32]).unwrap();
    let verifier = TokenVerifier::new("https://casemate.example", "casemate");
    verifier.learn([("k1".to_owned(), key.public_key().as_ref().try_into().unwrap())]);
    let now = TimeMs(1_790_000_000_000);
    let tokens: Vec<String> = (0..TOKENS).map(|n| token(&key, now, n)).collect();
    for (what, rounds) in [("cold", 1), ("remembered", 50)] {
        let watch = Watch::start();
        for token in (0..rounds).flat_map(|_| &tokens) {
            black_box(verifier.verify(token, now).unwrap());
        }
        let each = watch.each(rounds * TOKENS);
        println!(
            "access token verified, {what}: {:.2?} of CPU ({} bytes)",
            each.cpu,
            tokens[0].len()
        );
    }
}

fn token(key: &Ed25519KeyPair, now: TimeMs, n: u32) -> String {
    let now_s = now.0 / 1_000;
    let header = json!({ "alg": "EdDSA", "typ": "at+jwt", "kid": "k1" }).to_string();
    let claims = json!({
        "iss": "https://casemate.example", "aud": "casemate",
        "sub": "01990000-0000-7000-8000-000000000001",
        "tid": "01990000-0000-7000-8000-000000000002",
        "sid": "01990000-0000-7000-8000-000000000003",
        "epoch": n, "amr": ["pwd", "otp"], "auth_time": now_s - 60,
        "iat": now_s, "exp": now_s + 300, "jti": "01990000-0000-7000-8000-000000000004",
    });
    let b64 = |bytes: &[u8]| BASE64URL_NOPAD.encode(bytes);
    let message = format!("{}.{}", b64(header.as_bytes()), b64(claims.to_string().as_bytes()));
    let signature = b64(key.sign(message.as_bytes()).as_ref());
    format!("{message}.{signature}")
}

/// From the moment somebody asks for the end of a session until its token is refused.
async fn revocations(house: &House) {
    let mut people = Vec::new();
    for n in 0..PEOPLE {
        let email = format!("p{n}@bench.example");
        people.push(Person::enrolled(&house.store, &house.broker, &email).await);
    }
    let mut sessions = Vec::new();
    for _ in 0..SESSIONS_EACH {
        house.advance(30_000);
        for person in &people {
            let tokens = person.tries(house, &person.code(house)).await.unwrap().value;
            sessions.push((person, tokens.refresh_token.show().to_owned()));
        }
    }
    // All tokens of one moment: those of the first sign-ins have expired meanwhile.
    let mut live = Vec::new();
    for (person, token) in &sessions {
        let tokens = refresh(&house.identity, house.origin(), token).await.unwrap().value;
        live.push((*person, tokens));
    }
    for (_, tokens) in &live {
        authenticate(&house.identity, tokens.access_token.show(), house.origin()).await.unwrap();
    }
    let lanes = live.chunks(live.len() / REVOKED_AT_ONCE).map(async |lane| {
        let mut took = Vec::new();
        for (person, tokens) in lane {
            let began = Instant::now();
            sign_out(&house.identity, &person.account(tokens)).await.unwrap();
            loop {
                let token = tokens.access_token.show();
                match authenticate(&house.identity, token, house.origin()).await {
                    Err(AuthRefused::Revoked) => break,
                    _ => tokio::time::sleep(Duration::from_millis(1)).await,
                }
            }
            took.push(began.elapsed());
        }
        took
    });
    let mut took: Vec<Duration> = join_all(lanes).await.into_iter().flatten().collect();
    took.sort();
    println!(
        "revoked to refused, {} live sessions: median {:.1?}, p99 {:.1?}, worst {:.1?}",
        took.len(),
        took[took.len() / 2],
        took[took.len() * 99 / 100],
        took[took.len() - 1]
    );
}
