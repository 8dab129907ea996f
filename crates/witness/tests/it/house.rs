//! Logs that may have two histories, and a witness process to send them to.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use data_encoding::BASE64;
use domain::{Clock, TimeMs};
use ledger::tree::{consistency_proof, leaf_hash};
use ledger::witness::AddCheckpoint;
use ledger::{CosignerKey, Frontier, Hash, NodePosition, NodeSource, Note, VerifierKey, note};
use witness::{Desk, Home, TrustedLogs, WitnessKey};

/// A clock that stands.
pub(crate) struct Still;

pub(crate) const NOW_S: u64 = 1_790_000_000;

impl Clock for Still {
    fn now(&self) -> TimeMs {
        TimeMs(1_790_000_000_500)
    }
}

/// One history of a log.
pub(crate) struct History {
    pair: Ed25519KeyPair,
    pub(crate) key: VerifierKey,
    nodes: std::collections::BTreeMap<NodePosition, Hash>,
    roots: Vec<Hash>,
}

impl NodeSource for History {
    type Error = std::convert::Infallible;

    fn node(&mut self, position: NodePosition) -> Result<Option<Hash>, Self::Error> {
        Ok(self.nodes.get(&position).copied())
    }
}

impl History {
    /// The first `size` leaves of a branch of the log of this name. Branches differ in all leaves.
    pub(crate) fn new(name: &str, branch: u8, size: u64) -> Self {
        let pair = Ed25519KeyPair::from_seed_unchecked(&[7; 32]).unwrap();
        let public = pair.public_key().as_ref().try_into().unwrap();
        let key = VerifierKey::ed25519(name, public).unwrap();
        let (mut nodes, mut frontier) = (std::collections::BTreeMap::new(), Frontier::new());
        let mut roots = vec![frontier.root()];
        for index in 0..size {
            let leaf = leaf_hash(&[&index.to_be_bytes()[..], &[branch]].concat());
            nodes.insert(NodePosition { level: 0, index }, leaf);
            frontier.append(leaf, |position, hash| {
                nodes.insert(position, hash);
            });
            roots.push(frontier.root());
        }
        Self { pair, key, nodes, roots }
    }

    pub(crate) fn root(&self, size: u64) -> Hash {
        self.roots[usize::try_from(size).unwrap()]
    }

    pub(crate) fn text(&self, size: u64) -> String {
        format!("{}\n{size}\n{}\n", self.key.name(), BASE64.encode(&self.root(size)))
    }

    pub(crate) fn request(&mut self, old: u64, size: u64) -> String {
        let proof = consistency_proof(self, old, size).unwrap();
        let text = self.text(size);
        let signature = self.pair.sign(text.as_bytes());
        let signature = signature.as_ref().try_into().unwrap();
        let checkpoint = note::signed_note(&text, &self.key, signature);
        AddCheckpoint { old, proof, checkpoint: &checkpoint }.text()
    }

    /// Whether this answer is a cosignature on the history at this size.
    pub(crate) fn is_cosigned(&self, size: u64, answer: &str, key: &CosignerKey) -> bool {
        let note = format!("{}\n{answer}", self.text(size));
        let Ok(note) = Note::parse(&note) else { return false };
        matches!(key.cosignature(&note), Ok(Some(_)))
    }
}

/// A new witness in a folder, which watches these logs.
pub(crate) fn set_up(folder: &Path, names: &[String]) -> WitnessKey {
    let home = Home::take(folder).unwrap();
    let key = Desk::create(&home, "witness.example/w1").unwrap();
    let lines: String =
        names.iter().map(|name| format!("{}\n", History::new(name, 0, 0).key)).collect();
    std::fs::write(home.logs(), lines).unwrap();
    key
}

pub(crate) fn open(folder: &Path) -> Desk {
    let home = Home::take(folder).unwrap();
    let logs = TrustedLogs::open(&home.logs()).unwrap();
    Desk::open(home, logs, Arc::new(Still)).unwrap()
}

/// A witness process.
pub(crate) struct Running {
    process: Child,
    pub(crate) port: u16,
}

impl Running {
    pub(crate) fn start(folder: &Path) -> Self {
        let mut process = Command::new(host())
            .arg(folder)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut port = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut port).unwrap();
        Self { port: port.trim().parse().expect("the witness did not start"), process }
    }

    pub(crate) fn kill(&mut self) {
        // It may have ended already; the test sees that by other means.
        let _ = self.process.kill();
        self.process.wait().unwrap();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.kill();
    }
}

fn host() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let host = test.parent().unwrap().parent().unwrap().join("examples/witness_host");
    assert!(host.exists(), "build the examples first: cargo build -p witness --examples");
    host
}

/// Status, content type and body of an answer; `None` when the other side went away.
pub(crate) fn send(port: u16, head: &str, body: &[u8]) -> Option<(u16, String, String)> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(20))).ok()?;
    let head = format!(
        "{head} HTTP/1.1\r\nhost: w\r\nconnection: close\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(&[head.as_bytes(), body].concat()).ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    let (head, body) = answer.split_once("\r\n\r\n")?;
    let status = head.split(' ').nth(1)?.parse().ok()?;
    let kind = head.lines().find_map(|line| line.strip_prefix("content-type: ")).unwrap_or("");
    Some((status, kind.to_owned(), body.to_owned()))
}

pub(crate) fn add(port: u16, body: &str) -> Option<(u16, String, String)> {
    send(port, "POST /add-checkpoint", body.as_bytes())
}
