//! What is said between the launcher's process and whoever may ask it: a closed set of messages.
//!
//! Always true
//! 1. One message is one packet of at most [`MESSAGE_BYTES_MAX`] bytes; a larger one, one that is
//!    cut, or one with a field that is not known is no message.
//! 2. A start brings three descriptors along, and nothing else brings any.
//!
//! Never: a shell's word, a path that is looked up for somebody else, a message that lowers a wall.

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::cgroup::Usage;
use crate::ending::Ending;
use crate::fault::Layer;
use crate::spec::Sandbox;

/// Longest message, in bytes: what a local socket carries in one packet with its default buffers.
pub const MESSAGE_BYTES_MAX: usize = 160 * 1024;

/// What is asked of the launcher.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Ask {
    /// Starts a program, with the three streams that come along.
    Start(Box<Sandbox>),
    /// Ends a program.
    Stop {
        /// The run's name.
        name: String,
    },
    /// Asks what a program uses.
    Usage {
        /// The run's name.
        name: String,
    },
    /// Asks which programs run.
    List,
}

/// What the launcher says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Told {
    /// The program was executed, within every wall.
    Started {
        /// The run's name.
        name: String,
    },
    /// It was not, and nothing runs.
    Refused {
        /// The run's name.
        name: String,
        /// Why.
        why: Refusal,
    },
    /// What a program uses.
    Usage {
        /// The run's name.
        name: String,
        /// What it uses.
        usage: Usage,
    },
    /// Which programs run.
    Running {
        /// Their names.
        names: Vec<String>,
    },
    /// A program ended; said to whoever started it, unasked.
    Ended {
        /// The run's name.
        name: String,
        /// How.
        ending: Ending,
        /// What it had used.
        usage: Usage,
    },
    /// No program of this name runs.
    Unknown {
        /// The name.
        name: String,
    },
    /// What was asked is no message. The connection ends.
    Nonsense,
}

/// Why a program was not started.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Refusal {
    /// The sandbox is none; the sentence says what is wrong.
    Spec(String),
    /// A layer of the wall could not be built.
    Layer {
        /// Which.
        layer: Layer,
        /// The system's error number.
        errno: i32,
    },
    /// A program of this name runs already.
    Taken,
    /// As many programs run as may.
    Full,
    /// The start brought other than three descriptors.
    Streams,
    /// The host user may not be used for programs.
    User,
    /// The system failed around the start.
    System,
}

/// A packet that is no message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this is no message of the launcher's protocol")]
pub struct NotMessage;

macro_rules! message {
    ($kind:ty) => {
        impl $kind {
            /// Reads one packet.
            ///
            /// # Errors
            /// [`NotMessage`].
            pub fn parse(packet: &[u8]) -> Result<Self, NotMessage> {
                if packet.len() > MESSAGE_BYTES_MAX {
                    return Err(NotMessage);
                }
                serde_json::from_slice(packet).map_err(|_| NotMessage)
            }

            /// Writes one packet, which is wiped when it is dropped: it may hold a program's
            /// environment.
            ///
            /// # Errors
            /// [`NotMessage`]: it would be too long.
            pub fn packet(&self) -> Result<Zeroizing<Vec<u8>>, NotMessage> {
                let packet = serde_json::to_vec(self).map_err(|_| NotMessage)?;
                let packet = Zeroizing::new(packet);
                if packet.len() > MESSAGE_BYTES_MAX { Err(NotMessage) } else { Ok(packet) }
            }
        }
    };
}

message!(Ask);
message!(Told);

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_written_is_read_and_what_is_not_known_is_refused() {
        let ask = Ask::Stop { name: "a".into() };
        assert_eq!(Ask::parse(&ask.packet().unwrap()), Ok(ask));
        let told = Told::Ended {
            name: "a".into(),
            ending: Ending::OutOfMemory,
            usage: Usage { memory_kills: 1, ..Usage::default() },
        };
        assert_eq!(Told::parse(&told.packet().unwrap()), Ok(told));
        for text in [
            "",
            "{}",
            "null",
            r#"{"stop":{}}"#,
            r#"{"stop":{"name":"a","force":true}}"#,
            r#"{"run":{"name":"a"}}"#,
            r#""list" "list""#,
        ] {
            assert_eq!(Ask::parse(text.as_bytes()), Err(NotMessage), "{text}");
        }
        let long = Ask::Stop { name: "a".repeat(MESSAGE_BYTES_MAX) };
        assert_eq!(long.packet(), Err(NotMessage));
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes: Vec<u8>, text in "\\PC{0,200}") {
            let _ = (Ask::parse(&bytes), Told::parse(&bytes), Ask::parse(text.as_bytes()));
        }
    }
}
