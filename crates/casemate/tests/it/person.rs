//! A person at the command line, with a home and an authenticator of their own.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::Value;
use tempfile::TempDir;
use totp_rs::{Builder, Totp};

use crate::house::{Outcome, casemate};

pub const PASSWORD: &str = "correct horse battery staple 7";
const STEP_S: u64 = 30;

/// One person.
pub struct Person {
    home: TempDir,
    pub email: String,
    server: String,
    fingerprint: String,
    pub authenticator: Option<Authenticator>,
    pub backup_codes: Vec<String>,
}

/// What a telephone would hold.
pub struct Authenticator {
    totp: Totp,
    last_step: u64,
}

impl Authenticator {
    pub fn new(secret: &str) -> Self {
        let bytes = data_encoding::BASE32_NOPAD.decode(secret.as_bytes()).unwrap();
        let totp = Builder::new().with_secret(bytes).build().unwrap();
        Self { totp, last_step: 0 }
    }

    /// A code that was not used before. The step before this one still counts, so the first two are
    /// at hand at once; not in the last seconds of a step, when it could end on the way.
    pub fn code(&mut self) -> String {
        loop {
            let seconds = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
            let now = seconds / STEP_S;
            let oldest = if seconds % STEP_S < STEP_S - 8 { now - 1 } else { now };
            let step = (self.last_step + 1).max(oldest);
            if step <= now {
                self.last_step = step;
                return self.totp.generate(step * STEP_S).to_string();
            }
            std::thread::sleep(Duration::from_millis(200));
        }
    }
}

impl Person {
    /// A person who will speak to the platform that announced itself with `ready`.
    pub fn new(email: &str, ready: &Value) -> Self {
        Self {
            home: tempfile::Builder::new().prefix("cm-home-").tempdir_in("/tmp").unwrap(),
            email: email.to_owned(),
            server: ready["url"].as_str().unwrap().to_owned(),
            fingerprint: ready["certificate"].as_str().unwrap().to_owned(),
            authenticator: None,
            backup_codes: Vec::new(),
        }
    }

    pub fn home(&self) -> &Path {
        self.home.path()
    }

    /// Writes a file at home; for what a person would type.
    pub fn note(&self, name: &str, text: &str) -> PathBuf {
        let path = self.home.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    }

    /// A command of this person.
    pub fn command(&self, words: &[&str]) -> Command {
        let mut command = casemate();
        command.arg("--json").arg("--fingerprint").arg(&self.fingerprint);
        command.arg("--server").arg(&self.server).args(words);
        command.env("HOME", self.home.path()).current_dir(self.home.path());
        command
    }

    /// Runs a command to its end.
    pub fn run(&self, words: &[&str]) -> Outcome {
        Outcome::of(&mut self.command(words))
    }

    /// Runs a command that reads `input` from a pipe.
    pub fn pipe(&self, words: &[&str], input: &str) -> Outcome {
        let path = self.note("input", input);
        Outcome::of(self.command(words).stdin(std::fs::File::open(path).unwrap()))
    }

    /// Signs up with a link and its code; adds the authenticator when its secret is shown.
    pub fn sign_up(&mut self, link: &str, code: &str) {
        let (code, password) = (self.note("code", code), self.note("password", PASSWORD));
        let words = ["signup", "--link", link, "--email", &self.email];
        let mut command = self.command(&words);
        command.arg("--code-file").arg(code).arg("--password-file").arg(password);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut process = command.spawn().unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let Some(Ok(first)) = lines.next() else {
            panic!("signup: {:?}", process.wait_with_output());
        };
        let shown: Value = serde_json::from_str(&first).unwrap();
        let mut authenticator = Authenticator::new(shown["totp_secret"].as_str().unwrap());
        let mut keys = process.stdin.take().unwrap();
        writeln!(keys, "{}", authenticator.code()).unwrap();
        drop(keys);
        self.authenticator = Some(authenticator);
        for line in lines {
            let shown: Value = serde_json::from_str(&line.unwrap()).unwrap();
            if let Some(codes) = shown["backup_codes"].as_array() {
                let codes = codes.iter().map(|code| code.as_str().unwrap().to_owned());
                self.backup_codes = codes.collect();
            }
        }
        let ended = process.wait_with_output().unwrap();
        assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
        assert_eq!(self.backup_codes.len(), 10);
    }

    /// Signs in with password and the next backup code.
    pub fn log_in(&mut self) {
        let code = self.backup_codes.remove(0);
        let code = self.note("backup-code", &code);
        let password = self.note("password", PASSWORD);
        let mut command = self.command(&["login", "--email", &self.email]);
        command.arg("--backup-code-file").arg(code).arg("--password-file").arg(password);
        Outcome::of(&mut command).ok();
    }

    /// A command that is given a fresh code of the authenticator, should it be asked for one.
    pub fn command_with_code(&mut self, words: &[&str]) -> Command {
        let code = self.authenticator.as_mut().unwrap().code();
        let code = self.note("totp", &code);
        let mut command = self.command(&[]);
        command.arg("--totp-file").arg(code).args(words);
        command
    }
}
