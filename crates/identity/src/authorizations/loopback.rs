//! Where a browser takes the code: a port of this very machine, one path, nothing else.

use crate::ShownOnce;

/// The command line's listener on the browser's own machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Loopback {
    port: u16,
    state: String,
}

/// Why this is no listener of a command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LoopbackRefused {
    /// A port that needs rights, or none.
    #[error("the port must be between 1024 and 65535")]
    Port,
    /// Too short to be unguessable, too long, or with characters that a query does not hold as they
    /// are.
    #[error("the state must be 16 to 128 letters, digits, hyphens and underscores")]
    State,
}

impl Loopback {
    /// A listener on this port, which recognises its own answer by this state.
    ///
    /// # Errors
    /// [`LoopbackRefused`].
    pub fn new(port: u16, state: &str) -> Result<Self, LoopbackRefused> {
        if port < 1_024 {
            return Err(LoopbackRefused::Port);
        }
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        if !(16..=128).contains(&state.len()) || !state.bytes().all(plain) {
            return Err(LoopbackRefused::State);
        }
        Ok(Self { port, state: state.to_owned() })
    }

    /// Where the browser goes with this code. The address is the literal one: a name could be made
    /// to lead elsewhere (RFC 8252 section 8.3).
    pub(super) fn with(&self, code: &ShownOnce) -> ShownOnce {
        let Self { port, state } = self;
        let code = code.show();
        ShownOnce::new(format!("http://127.0.0.1:{port}/callback?code={code}&state={state}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_the_state_says_the_code_stays_on_this_machine() {
        let state = "a-state-of-some-length";
        let redirect = Loopback::new(40_000, state).unwrap().with(&ShownOnce::new("ca_x".into()));
        let url = url::Url::parse(redirect.show()).unwrap();
        let place = (url.scheme(), url.host_str(), url.port(), url.path());
        assert_eq!(place, ("http", Some("127.0.0.1"), Some(40_000), "/callback"));
        for state in [
            "",
            "short",
            "@evil.example/aaaaaaaaaaaa",
            "a b c d e f g h i j",
            "&code=aaaaaaaaaaaaaaaa",
        ] {
            assert_eq!(
                Loopback::new(40_000, state).unwrap_err(),
                LoopbackRefused::State,
                "{state}"
            );
        }
        for port in [0, 22, 443, 1_023] {
            assert_eq!(Loopback::new(port, state).unwrap_err(), LoopbackRefused::Port);
        }
    }
}
