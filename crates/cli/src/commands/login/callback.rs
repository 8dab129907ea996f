//! The port on 127.0.0.1 that the browser comes back to.
//!
//! Always true
//! 1. One path, one method; whatever does not know our state is told nothing and changes nothing.
//! 2. Requests are bounded in size and time, and answered one after the other; it ends with the
//!    first right one.

use std::time::Duration;

use aws_lc_rs::constant_time;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use url::Url;
use zeroize::Zeroizing;

use super::browser::ADVICE;
use crate::failure::Failure;
use crate::hidden::Hidden;

/// Largest head of a request: a browser's has about a kilobyte.
const HEAD_BYTES_MAX: usize = 16 * 1024;
/// Longest wait for a request that began.
const HEAD_WAIT: Duration = Duration::from_secs(5);

/// A port that waits for the browser.
pub(super) struct Listener {
    socket: TcpListener,
    state: String,
    port: u16,
}

/// What a request to the port turned out to be.
enum Came {
    /// The browser, with a code.
    Code(Hidden),
    /// The browser: the person said no.
    Refused,
    /// Something else.
    Other,
}

impl Listener {
    /// Listens on some free port.
    ///
    /// Errors: there is none.
    pub(super) async fn open(state: String) -> Result<Self, Failure> {
        let failed = |source| Failure::System { what: "listen on 127.0.0.1", source };
        let socket = TcpListener::bind(("127.0.0.1", 0)).await.map_err(failed)?;
        let port = socket.local_addr().map_err(failed)?.port();
        Ok(Self { socket, state, port })
    }

    /// The port.
    pub(super) const fn port(&self) -> u16 {
        self.port
    }

    /// The code that the browser brings.
    ///
    /// Errors: the person said no; nobody can be listened to any more.
    pub(super) async fn code(self) -> Result<Hidden, Failure> {
        loop {
            let (mut stream, _) = self
                .socket
                .accept()
                .await
                .map_err(|source| Failure::System { what: "listen on 127.0.0.1", source })?;
            let head = tokio::time::timeout(HEAD_WAIT, head(&mut stream)).await;
            let came = match &head {
                Ok(Some(head)) => judged(head, &self.state),
                _ => Came::Other,
            };
            let (status, text) = match &came {
                Came::Code(_) => ("200 OK", "Signed in. You can close this window."),
                Came::Refused => ("200 OK", "Nobody was let in. You can close this window."),
                Came::Other => ("404 Not Found", "There is nothing here."),
            };
            let _ = tokio::time::timeout(HEAD_WAIT, answer(&mut stream, status, text)).await;
            match came {
                Came::Code(code) => return Ok(code),
                Came::Refused => {
                    return Err(Failure::input("this machine was not let in", ADVICE));
                }
                Came::Other => {}
            }
        }
    }
}

/// The head of a request; `None` when it is too large or breaks off.
async fn head(stream: &mut TcpStream) -> Option<Zeroizing<Vec<u8>>> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(HEAD_BYTES_MAX));
    let mut piece = Zeroizing::new([0u8; 1_024]);
    loop {
        let length = stream.read(piece.as_mut_slice()).await.ok()?;
        if length == 0 || bytes.len() + length > HEAD_BYTES_MAX {
            return None;
        }
        bytes.extend_from_slice(piece.get(..length)?);
        if bytes.windows(4).any(|window| window == b"\r\n\r\n") {
            return Some(bytes);
        }
    }
}

fn judged(head: &[u8], state: &str) -> Came {
    brought(head, state).unwrap_or(Came::Other)
}

fn brought(head: &[u8], state: &str) -> Option<Came> {
    let line = head.split(|byte| *byte == b'\r').next()?;
    let mut words = std::str::from_utf8(line).ok()?.split(' ');
    let ("GET", target, "HTTP/1.1") = (words.next()?, words.next()?, words.next()?) else {
        return None;
    };
    if !target.starts_with("/callback?") {
        return None;
    }
    let url = Url::parse("http://127.0.0.1/").ok()?.join(target).ok()?;
    let value = |name: &str| {
        let mut values = url.query_pairs().filter(|(key, _)| key == name);
        let value = values.next().map(|(_, value)| value.into_owned());
        if values.next().is_some() { None } else { value }
    };
    let given = value("state")?;
    constant_time::verify_slices_are_equal(given.as_bytes(), state.as_bytes()).ok()?;
    match (value("code"), value("error")) {
        (Some(code), None) => Some(Came::Code(Hidden::from(code))),
        (None, Some(_)) => Some(Came::Refused),
        _ => None,
    }
}

async fn answer(stream: &mut TcpStream, status: &str, text: &str) -> std::io::Result<()> {
    let head = format!(
        "HTTP/1.1 {status}\r\ncontent-type: text/plain; charset=utf-8\r\n\
         content-length: {}\r\ncache-control: no-store\r\nx-content-type-options: nosniff\r\n\
         referrer-policy: no-referrer\r\nconnection: close\r\n\r\n{text}",
        text.len()
    );
    stream.write_all(head.as_bytes()).await?;
    stream.shutdown().await
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(target: &str) -> Option<String> {
        let head = format!("GET {target} HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n");
        match judged(head.as_bytes(), "the-state") {
            Came::Code(code) => Some(code.to_string()),
            Came::Refused => Some("refused".to_owned()),
            Came::Other => None,
        }
    }

    #[test]
    fn only_an_answer_that_knows_our_state_is_believed() {
        assert_eq!(code("/callback?code=ca_x&state=the-state"), Some("ca_x".to_owned()));
        assert_eq!(
            code("/callback?error=access_denied&state=the-state"),
            Some("refused".to_owned())
        );
        for target in [
            "/callback?code=ca_x",
            "/callback?code=ca_x&state=another",
            "/callback?code=ca_x&state=the-state&state=the-state",
            "/callback?code=ca_x&code=ca_y&state=the-state",
            "/callback?code=ca_x&error=x&state=the-state",
            "/callback/?code=ca_x&state=the-state",
            "/other?code=ca_x&state=the-state",
            "//evil.example/callback?code=ca_x&state=the-state",
            "/favicon.ico",
        ] {
            assert_eq!(code(target), None, "{target}");
        }
        let post = b"POST /callback?code=ca_x&state=the-state HTTP/1.1\r\n\r\n";
        assert!(matches!(judged(post, "the-state"), Came::Other));
    }
}
