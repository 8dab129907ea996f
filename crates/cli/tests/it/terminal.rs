//! A person at a terminal: what they are asked, what they see, and what they do not.

use std::io::{Read, Write};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use crate::house::{Machine, client, server};

const ANSWER_WAIT: Duration = Duration::from_secs(20);

/// The client on a terminal of its own, by way of `script`.
struct Terminal {
    child: Child,
    keys: std::process::ChildStdin,
    screen: Receiver<Vec<u8>>,
    shown: String,
}

impl Terminal {
    fn open(machine: &Machine, arguments: &[&str]) -> Self {
        let line = format!("{} {}", client().display(), arguments.join(" "));
        let mut command = Command::new("script");
        command.args(["--quiet", "--return", "--command", &line, "/dev/null"]);
        machine.prepare(&mut command);
        let mut child = command.stdin(Stdio::piped()).env("TERM", "xterm").spawn().unwrap();
        let (send, screen) = channel();
        let mut out = child.stdout.take().unwrap();
        std::thread::spawn(move || {
            let mut bytes = [0; 4096];
            while let Ok(length) = out.read(&mut bytes) {
                if length == 0 || send.send(bytes[..length].to_vec()).is_err() {
                    break;
                }
            }
        });
        let keys = child.stdin.take().unwrap();
        Self { child, keys, screen, shown: String::new() }
    }

    /// Waits for this question, then types the answer.
    fn answer(&mut self, question: &str, answer: &str) {
        let from = self.shown.len();
        while !self.shown[from..].contains(question) {
            let bytes = self.screen.recv_timeout(ANSWER_WAIT);
            let bytes = bytes.unwrap_or_else(|_| panic!("{question:?} not asked: {}", self.shown));
            self.shown.push_str(&String::from_utf8_lossy(&bytes));
        }
        // The terminal is told to hide what is typed right after the question appears.
        std::thread::sleep(Duration::from_millis(100));
        self.keys.write_all(format!("{answer}\n").as_bytes()).unwrap();
    }

    fn end(mut self) -> (Option<i32>, String) {
        let code = self.child.wait().unwrap().code();
        while let Ok(bytes) = self.screen.recv_timeout(Duration::from_millis(500)) {
            self.shown.push_str(&String::from_utf8_lossy(&bytes));
        }
        (code, self.shown)
    }
}

#[test]
fn a_person_compares_the_fingerprint_and_types_what_nobody_sees() {
    let (machine, server) = (Machine::new(), server(|_| None));
    let mut terminal = Terminal::open(&machine, &["login", "--server", &server.url]);
    terminal.answer("[y/N]", "y");
    terminal.answer("E-mail", "ada@example.com");
    terminal.answer("Password", "correct horse battery");
    terminal.answer("authenticator", "123456");
    let (code, shown) = terminal.end();
    assert_eq!(code, Some(0), "{shown}");
    let digits: String = shown.chars().filter(char::is_ascii_hexdigit).collect();
    let fingerprint = server.identity.fingerprint();
    assert!(digits.contains(fingerprint.strip_prefix("SHA256:").unwrap()), "{shown}");
    assert!(!shown.contains("correct horse") && !shown.contains("123456"), "{shown}");
    assert!(shown.contains("Signed in as ada@example.com"), "{shown}");
    assert!(machine.has_session());
}

#[test]
fn a_person_who_does_not_know_the_fingerprint_stops_everything() {
    let (machine, server) = (Machine::new(), server(|_| None));
    let mut terminal = Terminal::open(&machine, &["login", "--server", &server.url]);
    terminal.answer("[y/N]", "");
    let (code, shown) = terminal.end();
    assert_eq!(code, Some(4), "{shown}");
    assert!(server.asked().is_empty() && !machine.has_session());
}

#[test]
fn colours_are_on_a_terminal_only_and_not_for_those_who_decline() {
    let machine = Machine::new();
    let (code, shown) = Terminal::open(&machine, &["whoami"]).end();
    assert_eq!(code, Some(3), "{shown}");
    assert!(shown.contains("\u{1b}[1;31merror:"), "{shown:?}");
    let (_, shown) = Terminal::open(&machine, &["whoami", "--no-color"]).end();
    assert!(!shown.contains('\u{1b}'), "{shown:?}");
    assert!(!machine.run(&["whoami"]).err.contains('\u{1b}'));
}

#[test]
fn a_newcomer_sees_the_secret_as_a_picture_and_as_text() {
    let machine = Machine::new();
    let server = crate::signup::enrolling();
    let link = format!("{}signup/{}", server.url, crate::signup::LINK);
    let mut terminal = Terminal::open(&machine, &["signup", "--link", &link]);
    terminal.answer("[y/N]", "y");
    terminal.answer("Code that came", "LINK-CODE");
    terminal.answer("E-mail", "ada@example.com");
    terminal.answer("New password", "correct horse battery");
    terminal.answer("again", "correct horse battery");
    terminal.answer("shows now", "123456");
    let (code, shown) = terminal.end();
    assert_eq!(code, Some(0), "{shown}");
    assert!(shown.contains('\u{2588}') && shown.contains("JBSWY3DPEHPK3PXP"), "{shown}");
    assert!(shown.contains("CODE-9") && !shown.contains("LINK-CODE"), "{shown}");
}

#[test]
fn a_password_that_is_typed_differently_changes_nothing() {
    let machine = Machine::new();
    let server = crate::signup::enrolling();
    let link = format!("{}signup/{}", server.url, crate::signup::LINK);
    let mut terminal = Terminal::open(&machine, &["signup", "--link", &link]);
    terminal.answer("[y/N]", "y");
    terminal.answer("Code that came", "LINK-CODE");
    terminal.answer("E-mail", "ada@example.com");
    terminal.answer("New password", "correct horse battery");
    terminal.answer("again", "correct horse buttery");
    let (code, shown) = terminal.end();
    assert_eq!(code, Some(2), "{shown}");
    assert!(server.asked().is_empty(), "{shown}");
}
