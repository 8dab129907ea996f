//! A receiver on loopback that does as it is told, and keeps what it took.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

/// What a receiver does with the next request; with none told it takes it.
#[derive(Debug, Clone)]
pub(crate) enum Act {
    /// Answers this status, with these further header lines.
    Say(u16, &'static str),
    /// Answers 200 with this body.
    Body(String),
    /// Says nothing for so long.
    Hang(Duration),
    /// Takes the request and closes without an answer.
    Vanish,
    /// Reads a part and resets the connection.
    Break,
}

/// One request as it came.
#[derive(Debug, Clone)]
pub(crate) struct Got {
    pub(crate) path: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
    /// The status it was answered with; 0: with none.
    pub(crate) status: u16,
}

impl Got {
    pub(crate) fn header(&self, name: &str) -> &str {
        let found = self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str()).unwrap_or_default()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    /// The indices of its records.
    pub(crate) fn indices(&self) -> Vec<u64> {
        let json = self.json();
        let records = json["data"]["records"].as_array().cloned().unwrap_or_default();
        records.iter().map(|one| one["index"].as_u64().unwrap()).collect()
    }
}

#[derive(Default)]
struct Told {
    acts: VecDeque<Act>,
    always: Option<Act>,
    got: Vec<Got>,
}

#[derive(Clone)]
pub(crate) struct Receiver {
    pub(crate) at: SocketAddr,
    told: Arc<Mutex<Told>>,
    _tasks: Arc<JoinSet<()>>,
}

impl Receiver {
    pub(crate) async fn begun() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let at = listener.local_addr().unwrap();
        let told: Arc<Mutex<Told>> = Arc::default();
        let mut tasks = JoinSet::new();
        let mine = Arc::clone(&told);
        tasks.spawn(async move {
            let mut open = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                let told = Arc::clone(&mine);
                open.spawn(async move { drop(answer(stream, &told).await) });
            }
        });
        Self { at, told, _tasks: Arc::new(tasks) }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/audit", self.at)
    }

    pub(crate) fn next(&self, acts: impl IntoIterator<Item = Act>) {
        self.told.lock().unwrap().acts.extend(acts);
    }

    pub(crate) fn always(&self, act: Option<Act>) {
        self.told.lock().unwrap().always = act;
    }

    pub(crate) fn got(&self) -> Vec<Got> {
        self.told.lock().unwrap().got.clone()
    }

    /// The indices of everything that was answered with a success, in the order it came.
    pub(crate) fn taken(&self) -> Vec<u64> {
        let taken = |one: &Got| (200..300).contains(&one.status);
        self.got().iter().filter(|one| taken(one)).flat_map(Got::indices).collect()
    }
}

async fn answer(mut stream: TcpStream, told: &Mutex<Told>) -> std::io::Result<()> {
    let mut bytes = Vec::new();
    let (head, length) = loop {
        let mut part = [0; 4096];
        let read = stream.read(&mut part).await?;
        if read == 0 {
            return Ok(());
        }
        bytes.extend_from_slice(&part[..read]);
        if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
            let length = head.lines().find_map(|line| {
                let (name, value) = line.split_once(':')?;
                name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse().unwrap())
            });
            bytes.drain(..end + 4);
            break (head, length.unwrap_or(0_usize));
        }
    };
    let act = {
        let mut told = told.lock().unwrap();
        let next = told.acts.pop_front();
        next.or_else(|| told.always.clone()).unwrap_or(Act::Say(204, ""))
    };
    if matches!(act, Act::Break) {
        socket2_reset(&stream);
        return Ok(());
    }
    while bytes.len() < length {
        let mut part = [0; 65_536];
        let read = stream.read(&mut part).await?;
        if read == 0 {
            return Ok(());
        }
        bytes.extend_from_slice(&part[..read]);
    }
    let mut lines = head.lines();
    let path = lines.next().unwrap().split(' ').nth(1).unwrap().to_owned();
    let headers = lines.filter_map(|line| line.split_once(':'));
    let headers = headers.map(|(n, v)| (n.to_owned(), v.trim().to_owned())).collect();
    let status = match &act {
        Act::Say(status, _) => *status,
        // A yes that is too long to be read to its end is none.
        Act::Body(body) if body.len() > 256 * 1024 => 0,
        Act::Body(_) => 200,
        _ => 0,
    };
    // What was taken is kept before the answer leaves, as a receiver that lasts would do.
    told.lock().unwrap().got.push(Got { path, headers, body: bytes, status });
    match act {
        Act::Say(status, more) => {
            let text = format!("HTTP/1.1 {status} X\r\ncontent-length: 0\r\n{more}\r\n");
            stream.write_all(text.as_bytes()).await?;
        }
        Act::Body(body) => {
            let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", body.len());
            stream.write_all(head.as_bytes()).await?;
            stream.write_all(body.as_bytes()).await?;
        }
        Act::Hang(time) => tokio::time::sleep(time).await,
        Act::Vanish | Act::Break => {}
    }
    stream.shutdown().await
}

/// Has the close reset the connection instead of ending it.
fn socket2_reset(stream: &TcpStream) {
    let _ = stream.set_zero_linger();
}
