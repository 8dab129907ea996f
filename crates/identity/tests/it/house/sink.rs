//! A mail server on loopback that keeps what it is given, refuses it, hangs, or goes away.

use std::sync::{Arc, Mutex};

use domain::EmailAddress;
use identity::Identity;
use identity::notices::{Round, send_due};
use outbound::mail::{MailSettings, Mailer, TlsMode};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

/// What the server does with a letter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    Takes,
    /// It answers the recipient with this status.
    Refuses(u16),
    /// It takes the letter and goes away before it says so.
    TakesAndGoes,
    /// It never answers.
    Hangs,
}

pub(crate) struct Sink {
    port: u16,
    letters: Arc<Mutex<Vec<String>>>,
    mode: Arc<Mutex<Mode>>,
    _server: JoinSet<()>,
}

impl Sink {
    pub(crate) async fn open() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let letters = Arc::new(Mutex::new(Vec::new()));
        let mode = Arc::new(Mutex::new(Mode::Takes));
        let mut server = JoinSet::new();
        let (kept, asked) = (Arc::clone(&letters), Arc::clone(&mode));
        server.spawn(async move {
            let mut talks = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                let mode = *asked.lock().unwrap();
                talks.spawn(talk(stream, mode, Arc::clone(&kept)));
            }
        });
        Self { port, letters, mode, _server: server }
    }

    pub(crate) fn set(&self, mode: Mode) {
        *self.mode.lock().unwrap() = mode;
    }

    pub(crate) fn mailer(&self) -> Mailer {
        let settings = MailSettings {
            host: "127.0.0.1".to_owned(),
            port: self.port,
            tls: TlsMode::Plain,
            root_certificates: None,
            login: None,
            from: EmailAddress::parse("casemate@acme.example").unwrap(),
        };
        Mailer::new(&settings).unwrap()
    }

    /// Has everything that is due sent here.
    pub(crate) async fn empties(&self, identity: &Identity) -> Round {
        send_due(identity, Some(&self.mailer()), "https://casemate.example").await.unwrap()
    }

    /// What arrived, whole, oldest first.
    pub(crate) fn letters(&self) -> Vec<String> {
        self.letters.lock().unwrap().clone()
    }

    /// Letters to this address with this subject.
    pub(crate) fn about(&self, to: &EmailAddress, subject: &str) -> Vec<String> {
        let to = format!("To: {to}\r\n");
        let subject = format!("Subject: {subject}\r\n");
        let of = |letter: &String| letter.contains(&to) && letter.contains(&subject);
        self.letters().into_iter().filter(of).collect()
    }
}

/// The id and the code in a letter.
pub(crate) fn link_and_code(letter: &str) -> (String, String) {
    let plain = letter.replace("=\r\n", "");
    let line = |label: &str| {
        let rest = plain.split_once(label).unwrap().1;
        rest.split("\r\n").next().unwrap().trim().to_owned()
    };
    let link = line("Link: ");
    (link.rsplit('/').next().unwrap().to_owned(), line("Code: "))
}

async fn talk(stream: TcpStream, mode: Mode, kept: Arc<Mutex<Vec<String>>>) {
    let (read, mut write) = stream.into_split();
    let mut lines = BufReader::new(read);
    if mode == Mode::Hangs {
        std::future::pending::<()>().await;
    }
    write.write_all(b"220 sink\r\n").await.unwrap();
    loop {
        let mut line = String::new();
        if lines.read_line(&mut line).await.unwrap_or(0) == 0 {
            return;
        }
        let verb = line.get(..4).unwrap_or("").to_ascii_uppercase();
        let answer = match (verb.as_str(), mode) {
            ("EHLO", _) => "250 sink".to_owned(),
            ("RCPT", Mode::Refuses(status)) => format!("{status} not here"),
            ("DATA", _) => {
                write.write_all(b"354 go on\r\n").await.unwrap();
                let letter = data(&mut lines).await;
                kept.lock().unwrap().push(letter);
                if mode == Mode::TakesAndGoes {
                    return;
                }
                "250 taken".to_owned()
            }
            ("QUIT", _) => {
                let _ = write.write_all(b"221 bye\r\n").await;
                return;
            }
            _ => "250 so be it".to_owned(),
        };
        if write.write_all(format!("{answer}\r\n").as_bytes()).await.is_err() {
            return;
        }
    }
}

async fn data(lines: &mut BufReader<tokio::net::tcp::OwnedReadHalf>) -> String {
    let mut letter = String::new();
    loop {
        let mut line = String::new();
        lines.read_line(&mut line).await.unwrap();
        if line == ".\r\n" || line.is_empty() {
            return letter;
        }
        letter.push_str(line.strip_prefix('.').unwrap_or(&line));
    }
}
