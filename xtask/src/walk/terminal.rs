//! A shell on a pseudo-terminal, and what it shows.

use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::path::Path;
use std::process::{Child, Command};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};

use crate::run::Failure;

/// Ends every prompt of our shell; what a program prints cannot hold it by accident.
const PROMPT: &str = "⟦walk ";
const PROMPT_END: char = '⟧';

/// A shell that a person could be sitting at.
pub(super) struct Terminal {
    shell: Child,
    keys: File,
    screen: Arc<(Mutex<Screen>, Condvar)>,
    read: usize,
}

#[derive(Default)]
struct Screen {
    text: String,
    closed: bool,
}

impl Terminal {
    /// Starts a shell in `folder` with these variables.
    pub(super) fn open(folder: &Path, variables: &[(String, String)]) -> Result<Self, Failure> {
        let failed = |error: rustix::io::Errno| Failure(format!("no pseudo-terminal: {error}"));
        let master: OwnedFd = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).map_err(failed)?;
        grantpt(&master).map_err(failed)?;
        unlockpt(&master).map_err(failed)?;
        let name = ptsname(&master, Vec::new()).map_err(failed)?;
        let name = name.to_str().map_err(|error| Failure(error.to_string()))?.to_owned();
        let slave = File::options().read(true).write(true).open(name)?;
        let mut shell = Command::new("setsid");
        shell.args(["--ctty", "--wait", "bash", "--noprofile", "--norc", "-i"]);
        shell.current_dir(folder).env_remove("CI").envs(variables.iter().cloned());
        shell.env("PS1", format!("{PROMPT}$?{PROMPT_END}")).env("PS2", "").env("TERM", "xterm");
        shell.env("HISTFILE", "");
        shell.stdin(slave.try_clone()?).stdout(slave.try_clone()?).stderr(slave);
        let keys = File::from(master);
        let screen = Arc::new((Mutex::new(Screen::default()), Condvar::new()));
        let mut output = keys.try_clone()?;
        let shared = Arc::clone(&screen);
        std::thread::spawn(move || copy(&mut output, &shared));
        Ok(Self { shell: shell.spawn()?, keys, screen, read: 0 })
    }

    /// Types a line.
    pub(super) fn type_line(&mut self, line: &str) -> Result<(), Failure> {
        self.keys.write_all(line.as_bytes())?;
        self.keys.write_all(b"\n")?;
        Ok(())
    }

    /// Presses Ctrl-C.
    pub(super) fn interrupt(&mut self) -> Result<(), Failure> {
        self.keys.write_all(b"\x03")?;
        Ok(())
    }

    /// Waits until what has not been read yet ends in one of `endings`, or the shell's prompt comes
    /// back.
    ///
    /// Returns the new text and which ending it was; `None` is the prompt.
    pub(super) fn wait(
        &mut self,
        endings: &[&str],
        most: Duration,
    ) -> Result<(String, Option<usize>), Failure> {
        let (lock, changed) = &*self.screen;
        let start = Instant::now();
        let mut screen = lock.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            let new = screen.text.get(self.read..).unwrap_or_default().to_owned();
            let shown = plain(&new);
            // A question whose answer is not shown says so behind its words.
            let asked = shown.trim_end().replace(" (not shown):", ":");
            let ending = endings.iter().position(|ending| asked.ends_with(ending));
            if ending.is_some() || is_prompt(&new) {
                self.read = screen.text.len();
                return Ok((shown, ending));
            }
            let left = most.saturating_sub(start.elapsed());
            if left.is_zero() || screen.closed {
                return Err(Failure(format!("waited in vain; the screen shows:\n{shown}")));
            }
            screen = changed.wait_timeout(screen, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.shell.kill();
        let _ = self.shell.wait();
    }
}

fn copy(output: &mut File, shared: &(Mutex<Screen>, Condvar)) {
    let mut chunk = [0u8; 4096];
    let mut bytes = Vec::new();
    loop {
        let count = output.read(&mut chunk).unwrap_or(0);
        bytes.extend_from_slice(chunk.get(..count).unwrap_or_default());
        let mut screen = shared.0.lock().unwrap_or_else(PoisonError::into_inner);
        // A character may be cut in two at the end of a chunk; keep its first half for the next.
        let whole = match std::str::from_utf8(&bytes) {
            Ok(text) => text.len(),
            Err(error) => error.valid_up_to(),
        };
        screen.text.push_str(&String::from_utf8_lossy(bytes.get(..whole).unwrap_or_default()));
        bytes.drain(..whole);
        screen.closed = count == 0;
        shared.1.notify_all();
        if count == 0 {
            return;
        }
    }
}

fn is_prompt(text: &str) -> bool {
    text.rsplit_once(PROMPT).is_some_and(|(_, status)| status.ends_with(PROMPT_END))
}

/// The exit status in the last prompt of `text`.
pub(super) fn status(text: &str) -> Option<i32> {
    let (_, status) = text.rsplit_once(PROMPT)?;
    status.trim_end_matches(PROMPT_END).parse().ok()
}

/// The text without escape sequences and carriage returns.
fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '\u{1b}' if characters.peek() == Some(&'[') => {
                characters.next();
                for c in characters.by_ref() {
                    if c.is_ascii_alphabetic() {
                        break;
                    }
                }
            }
            '\r' => {}
            other => plain.push(other),
        }
    }
    plain
}
