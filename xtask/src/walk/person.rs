//! The person of the walk: what they read off the screen, and what they answer.

use std::thread::sleep;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use totp_rs::{Builder, Secret, Totp};

use crate::run::Failure;

/// Every question of the walk, as its last words on the screen.
pub(super) const QUESTIONS: &[&str] = &[
    "[y/N]:",
    "Code that came with the link:",
    "E-mail:",
    "New password, at least 12 characters:",
    "The same again:",
    "Code your authenticator shows now:",
    "Code of your authenticator:",
    "Recovery code:",
    "Value of DATABASE_URL:",
];

const PASSWORD: &str = "five plain words, and a seventh";

/// Seconds of one step of the authenticator.
const STEP_S: u64 = 30;

/// What the person knows so far.
#[derive(Default)]
pub(super) struct Person {
    certificate: String,
    link: String,
    code: String,
    recovery: String,
    shown: String,
    secret: String,
    last_step: u64,
}

impl Person {
    /// Reads what `up` printed.
    pub(super) fn read_start(&mut self, shown: &str) -> Result<(), Failure> {
        let after = |mark: &str| {
            shown
                .split_once(mark)
                .and_then(|(_, rest)| rest.split_whitespace().next())
                .map(str::to_owned)
                .ok_or_else(|| Failure(format!("`up` did not print {mark}:\n{shown}")))
        };
        self.certificate = after("certificate  ")?;
        self.link = after("link: ")?;
        self.code = after("code: ")?;
        self.recovery = after("away from this machine:\n")?;
        Ok(())
    }

    /// Reads what a command printed.
    pub(super) fn read(&mut self, shown: &str) {
        shown.clone_into(&mut self.shown);
        if let Some((_, rest)) = shown.split_once("  secret  ") {
            rest.split_whitespace().next().unwrap_or_default().clone_into(&mut self.secret);
        }
    }

    /// A README line with the words a person replaces.
    pub(super) fn fill_in(&self, line: &str) -> String {
        line.replace("LINK", &self.link)
    }

    /// The answer to a question.
    pub(super) fn answer(&mut self, question: usize) -> Result<String, Failure> {
        let question = QUESTIONS.get(question).copied().unwrap_or_default();
        Ok(match question {
            // Whoever compares fingerprints says no to another one.
            "[y/N]:" if self.shown.contains(&self.certificate) => "y".to_owned(),
            "[y/N]:" => return Err(Failure(format!("another certificate:\n{}", self.shown))),
            "Code that came with the link:" => self.code.clone(),
            "E-mail:" => "ada@example.org".to_owned(),
            "New password, at least 12 characters:" | "The same again:" => PASSWORD.to_owned(),
            "Recovery code:" => self.recovery.clone(),
            "Value of DATABASE_URL:" => "postgres://shop:correct-horse@db.internal/shop".to_owned(),
            _ => self.app_code()?,
        })
    }

    /// The code the authenticator app shows; waits for the next one when this one was used.
    fn app_code(&mut self) -> Result<String, Failure> {
        let step = loop {
            let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
            if now / STEP_S > self.last_step {
                break now / STEP_S;
            }
            sleep(Duration::from_millis(200));
        };
        self.last_step = step;
        Ok(app(&self.secret)?.generate(step * STEP_S).to_string())
    }
}

/// An authenticator app with this secret (base32, as shown).
fn app(secret: &str) -> Result<Totp, Failure> {
    let secret = Secret::try_from_base32(secret)
        .map_err(|_| Failure(format!("this is no authenticator secret: {secret:?}")))?;
    Ok(Builder::new().with_secret(secret).build_noncompliant())
}
