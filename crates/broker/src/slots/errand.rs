//! One-shot helpers: a process of this same program that fetches one wrapping key from where it is
//! kept, and ends.
//!
//! The broker has no network and loads no foreign library. What does both, for a key management
//! service, a PKCS#11 token or a TPM, is a child that never sees the root key: it is told where to
//! ask on its standard input and answers on its standard output, a pipe that nobody else holds.
//!
//! Always true
//! 1. An errand ends within [`ERRAND_MS_MAX`]: a child that hangs is killed.
//! 2. No secret goes to the child but by the path of a file; none is in its arguments.

use std::ffi::OsString;
use std::io::{Read, Write};
use std::os::fd::AsFd;
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use seal::key::KEY_BYTES;
use seal::{Exposed, Key, KeyHomes};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::status::ElsewhereFault;

/// Longest errand: shorter than a call to the broker, which may wait for one.
pub const ERRAND_MS_MAX: u64 = 4_000;
const _: () = assert!(ERRAND_MS_MAX < domain::limits::BROKER_CALL_MS_MAX);
/// Largest errand and largest answer.
pub const ERRAND_BYTES_MAX: usize = 16 * 1024;

/// What the settings say about reaching what keeps wrapping keys.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Access {
    /// The file of the token for a key management service.
    pub kms_token_file: Option<PathBuf>,
    /// PEM certificates that its TLS is verified with, besides the well-known ones.
    pub kms_root_certificate_file: Option<PathBuf>,
    /// The PKCS#11 library.
    pub pkcs11_module: Option<PathBuf>,
    /// The file of the token's PIN.
    pub pkcs11_pin_file: Option<PathBuf>,
    /// How the TPM is reached, as TSS names it.
    pub tpm: Option<String>,
}

/// Who runs errands.
#[derive(Debug, Clone, Default)]
pub struct Errands {
    /// The program; without one there are no errands.
    pub program: Option<PathBuf>,
    /// Its arguments.
    pub arguments: Vec<OsString>,
    /// Variables of its environment, which is empty else: some PKCS#11 libraries are told their
    /// settings so.
    pub environment: Vec<(String, String)>,
    /// What it is told besides the place.
    pub access: Access,
}

/// What keeps a wrapping key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Place {
    /// A key management service that speaks transit.
    Kms {
        /// `https://host:port`.
        address: String,
        /// Where the engine is mounted.
        mount: String,
        /// The key there.
        key: String,
    },
    /// A PKCS#11 token.
    Pkcs11 {
        /// Its label.
        token: String,
        /// The key's label.
        key: String,
    },
    /// The machine's TPM.
    Tpm,
}

/// What the helper is asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Act {
    /// Make a wrapping key and wrap it.
    Wrap,
    /// Unwrap what an earlier errand wrapped: as many parts as the kind has.
    Unwrap(Vec<Vec<u8>>),
}

/// One errand.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Errand {
    /// Where.
    pub place: Place,
    /// What.
    pub act: Act,
    /// How to get there.
    pub access: Access,
}

/// What an errand brought: the wrapping key, and its wrapped parts when they are new.
pub struct Fetched {
    /// The wrapping key. No `Debug`.
    pub key: Zeroizing<[u8; KEY_BYTES]>,
    /// The parts that a slot keeps.
    pub parts: Vec<Vec<u8>>,
}

impl Errand {
    /// The helper's side: reads its errand.
    ///
    /// # Errors
    /// [`ElsewhereFault::Failed`] for what is none.
    pub fn read(input: impl Read) -> Result<Self, ElsewhereFault> {
        let bytes = bounded(input).map_err(|_| ElsewhereFault::Failed)?;
        postcard::from_bytes(bytes.expose()).map_err(|_| ElsewhereFault::Failed)
    }

    /// The helper's side: gives its answer.
    ///
    /// # Errors
    /// The pipe's.
    pub fn answer(
        answer: Result<Fetched, ElsewhereFault>,
        mut output: impl Write,
    ) -> std::io::Result<()> {
        match answer {
            Err(fault) => output.write_all(&[fault.code()])?,
            Ok(Fetched { key, parts }) => {
                let parts = postcard::to_stdvec(&parts).map_err(std::io::Error::other)?;
                output.write_all(&[0])?;
                output.write_all(key.as_slice())?;
                output.write_all(&parts)?;
            }
        }
        output.flush()
    }
}

impl Errands {
    /// Runs one errand to its end, or to `deadline`.
    ///
    /// # Errors
    /// [`ElsewhereFault`].
    pub(crate) fn run(
        &self,
        place: Place,
        act: Act,
        deadline: Instant,
        homes: &dyn KeyHomes,
    ) -> Result<(Key, Vec<Vec<u8>>), ElsewhereFault> {
        let errand = Errand { place, act, access: self.access.clone() };
        let told = postcard::to_stdvec(&errand).map_err(|_| ElsewhereFault::Failed)?;
        if told.len() > ERRAND_BYTES_MAX {
            return Err(ElsewhereFault::Failed);
        }
        let mut child = self.spawn()?;
        let answer = ask(&mut child, &told, deadline);
        // Whatever it did, it is over: a child that still runs has missed its deadline.
        let _ = child.kill();
        let _ = child.wait();
        let (mut key, parts) = split(&answer?)?;
        let key = Key::moved(homes, &mut key).map_err(|_| ElsewhereFault::Failed)?;
        Ok((key, parts))
    }

    fn spawn(&self) -> Result<Child, ElsewhereFault> {
        let program = self.program.as_ref().ok_or(ElsewhereFault::NotBuilt)?;
        let mut command = Command::new(program);
        command.args(&self.arguments).env_clear();
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        command.spawn().map_err(|_| ElsewhereFault::Failed)
    }
}

fn ask(child: &mut Child, told: &[u8], deadline: Instant) -> Result<Exposed, ElsewhereFault> {
    let failed = |_| ElsewhereFault::Failed;
    let mut input = child.stdin.take().ok_or(ElsewhereFault::Failed)?;
    // Far below a pipe's capacity, so writing never waits for the child.
    input.write_all(told).map_err(failed)?;
    drop(input);
    let mut output = child.stdout.take().ok_or(ElsewhereFault::Failed)?;
    let mut answer = Zeroizing::new(Vec::with_capacity(ERRAND_BYTES_MAX + 1));
    let mut some = Zeroizing::new([0u8; 4096]);
    loop {
        await_bytes(&output, deadline)?;
        match output.read(some.as_mut_slice()).map_err(failed)? {
            0 => return Ok(Exposed::copy_of(&answer)),
            count => answer.extend_from_slice(some.get(..count).unwrap_or_default()),
        }
        if answer.len() > ERRAND_BYTES_MAX {
            return Err(ElsewhereFault::Failed);
        }
    }
}

fn await_bytes(output: &ChildStdout, deadline: Instant) -> Result<(), ElsewhereFault> {
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(ElsewhereFault::Unreachable);
        }
        let timeout = Timespec::try_from(left).map_err(|_| ElsewhereFault::Failed)?;
        let mut waiting = [PollFd::from_borrowed_fd(output.as_fd(), PollFlags::IN)];
        match poll(&mut waiting, Some(&timeout)) {
            Ok(0) | Err(rustix::io::Errno::INTR) => {}
            Ok(_) => return Ok(()),
            Err(_) => return Err(ElsewhereFault::Failed),
        }
    }
}

type Parts = (Zeroizing<[u8; KEY_BYTES]>, Vec<Vec<u8>>);

fn split(answer: &Exposed) -> Result<Parts, ElsewhereFault> {
    let (code, rest) = answer.expose().split_first().ok_or(ElsewhereFault::Failed)?;
    if *code != 0 {
        return Err(ElsewhereFault::of_code(*code));
    }
    let (key, parts) = rest.split_first_chunk::<KEY_BYTES>().ok_or(ElsewhereFault::Failed)?;
    let parts = postcard::from_bytes(parts).map_err(|_| ElsewhereFault::Failed)?;
    Ok((Zeroizing::new(*key), parts))
}

fn bounded(input: impl Read) -> std::io::Result<Exposed> {
    let limit = u64::try_from(ERRAND_BYTES_MAX).unwrap_or(u64::MAX);
    let mut bytes = Vec::with_capacity(1024);
    input.take(limit + 1).read_to_end(&mut bytes)?;
    if bytes.len() > ERRAND_BYTES_MAX {
        return Err(std::io::ErrorKind::FileTooLarge.into());
    }
    Ok(Exposed::new(bytes))
}

/// When an errand that starts now must have ended.
pub(crate) fn deadline() -> Instant {
    Instant::now() + Duration::from_millis(ERRAND_MS_MAX)
}

#[cfg(test)]
mod tests {
    use seal::HeapHomes;

    use super::*;

    fn shell(script: &str) -> Errands {
        Errands {
            program: Some("/bin/sh".into()),
            arguments: vec!["-c".into(), script.into()],
            ..Errands::default()
        }
    }

    fn fault(errands: &Errands, deadline: Instant) -> Option<ElsewhereFault> {
        errands.run(Place::Tpm, Act::Wrap, deadline, &HeapHomes).err()
    }

    #[test]
    fn what_a_helper_answers_is_read_back_whole() {
        let fetched = Fetched {
            key: Zeroizing::new([7; KEY_BYTES]),
            parts: vec![b"one".to_vec(), b"two".to_vec()],
        };
        let mut bytes = Vec::new();
        Errand::answer(Ok(fetched), &mut bytes).unwrap();
        let (key, parts) = split(&Exposed::copy_of(&bytes)).ok().unwrap();
        assert_eq!(*key, [7; KEY_BYTES]);
        assert_eq!(parts, [b"one", b"two"]);
        for end in 0..bytes.len() {
            let cut = split(&Exposed::copy_of(&bytes[..end])).err();
            assert_eq!(cut, Some(ElsewhereFault::Failed), "{end} bytes");
        }
        for fault in ElsewhereFault::ALL {
            let mut bytes = Vec::new();
            Errand::answer(Err(fault), &mut bytes).unwrap();
            assert_eq!(split(&Exposed::copy_of(&bytes)).err(), Some(fault));
        }
    }

    #[test]
    fn a_helper_that_is_missing_fails_talks_too_much_or_says_nothing_brings_no_key() {
        let failed = Some(ElsewhereFault::Failed);
        assert_eq!(fault(&Errands::default(), deadline()), Some(ElsewhereFault::NotBuilt));
        let missing = Errands { program: Some("/nowhere".into()), ..Errands::default() };
        assert_eq!(fault(&missing, deadline()), failed);
        for script in ["exit 1", "head -c 100000 /dev/zero", "printf '\\000short'"] {
            assert_eq!(fault(&shell(script), deadline()), failed, "{script}");
        }
    }

    #[test]
    fn a_helper_that_hangs_is_ended_at_its_deadline() {
        let soon = Instant::now() + Duration::from_millis(50);
        assert_eq!(fault(&shell("exec sleep 1000"), soon), Some(ElsewhereFault::Unreachable));
    }

    #[test]
    fn an_errand_is_read_back_and_anything_else_is_refused() {
        let errand = Errand {
            place: Place::Tpm,
            act: Act::Unwrap(vec![vec![1]]),
            access: Access::default(),
        };
        let bytes = postcard::to_stdvec(&errand).unwrap();
        assert_eq!(Errand::read(bytes.as_slice()).unwrap().act, errand.act);
        for end in 0..bytes.len() {
            assert!(Errand::read(&bytes[..end]).is_err(), "{end} bytes");
        }
        assert!(Errand::read(vec![0; ERRAND_BYTES_MAX + 1].as_slice()).is_err());
    }
}
