//! Where a secret's value comes from.

use std::fs::File;
use std::io::{self, IsTerminal, Read};
use std::path::{Path, PathBuf};

use data_encoding::{BASE64, BASE64URL_NOPAD};
use domain::Entropy;
use domain::limits::SECRET_BYTES_MAX;
use seal::{Exposed, SystemEntropy};
use zeroize::Zeroizing;

use crate::failure::Failure;
use crate::prompt::{Prompt, Question, Stdin};

/// Where the value comes from: a pipe or a prompt when no flag says otherwise.
#[derive(Debug, clap::Args)]
#[group(multiple = false)]
pub(super) struct Source {
    /// Take the value from this file, exactly as it is
    #[arg(long, value_name = "FILE")]
    from_file: Option<PathBuf>,
    /// Generate a value of so many random bytes, in base64url
    #[arg(long, value_name = "BYTES", value_parser = clap::value_parser!(u16).range(16..=1_024))]
    generate: Option<u16>,
}

impl Source {
    /// The value. One line feed at the end of a pipe is taken off, because `echo` puts it there; a
    /// file is taken as it is.
    ///
    /// Errors: it is empty or larger than a secret may be; nobody can be asked.
    pub(super) fn value(&self, name: &str) -> Result<Exposed, Failure> {
        if let Some(bytes) = self.generate {
            return Ok(generated(usize::from(bytes)));
        }
        let value = match &self.from_file {
            Some(path) => {
                let failed = |source| Failure::File { what: "read", path: path.clone(), source };
                bounded(File::open(path).map_err(failed)?, path)?
            }
            None if io::stdin().is_terminal() => typed(name)?,
            None => {
                let mut value = bounded(io::stdin().lock(), Path::new("standard input"))?;
                if value.last() == Some(&b'\n') {
                    value.pop();
                }
                value
            }
        };
        if value.is_empty() {
            return Err(Failure::input(
                format!("the value of {name} is empty"),
                "Pipe it, or give --from-file FILE or --generate BYTES.",
            ));
        }
        Ok(Exposed::new(std::mem::take(&mut *Zeroizing::new(value))))
    }
}

fn typed(name: &str) -> Result<Vec<u8>, Failure> {
    let label = format!("Value of {name}");
    let question = Question { label: &label, flag: "--from-file", file: None };
    let value = Prompt::new(Stdin::Taken).hidden(&question)?;
    Ok(value.as_bytes().to_vec())
}

/// Everything of a reader, within the limit of a secret. The buffer is made once, so that no
/// half-filled copy is left behind where it grew.
fn bounded(reader: impl Read, path: &Path) -> Result<Vec<u8>, Failure> {
    let mut value = Vec::with_capacity(SECRET_BYTES_MAX + 1);
    let limit = u64::try_from(SECRET_BYTES_MAX + 1).unwrap_or(u64::MAX);
    reader.take(limit).read_to_end(&mut value).map_err(|source| Failure::File {
        what: "read",
        path: path.to_owned(),
        source,
    })?;
    if value.len() > SECRET_BYTES_MAX {
        return Err(Failure::input(
            format!("{} is larger than {SECRET_BYTES_MAX} bytes", path.display()),
            "Seal a key to the data instead, and keep the data elsewhere.",
        ));
    }
    Ok(value)
}

fn generated(bytes: usize) -> Exposed {
    let mut random = Zeroizing::new(vec![0u8; bytes]);
    SystemEntropy.fill(&mut random);
    Exposed::from_text(BASE64URL_NOPAD.encode(&random))
}

/// A value as the API carries it.
pub(super) fn encoded(value: &Exposed) -> Zeroizing<String> {
    Zeroizing::new(BASE64.encode(value.expose()))
}

/// A value that the API carried.
///
/// Errors: it is not base64.
pub(crate) fn decoded(text: &str) -> Result<Exposed, Failure> {
    let value = BASE64.decode(text.as_bytes());
    Ok(Exposed::new(value.map_err(|_| crate::client::TransportError::Shape)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from_file(bytes: &[u8]) -> Result<Exposed, Failure> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("value");
        std::fs::write(&path, bytes).unwrap();
        Source { from_file: Some(path), generate: None }.value("NAME")
    }

    #[test]
    fn a_file_is_taken_as_it_is_whatever_its_bytes() {
        assert_eq!(from_file(b"a\xff\x00\n").unwrap().expose(), b"a\xff\x00\n");
    }

    #[test]
    fn empty_and_oversized_values_are_refused() {
        assert!(from_file(b"").is_err());
        assert!(from_file(&vec![b'a'; SECRET_BYTES_MAX]).is_ok());
        assert!(from_file(&vec![b'a'; SECRET_BYTES_MAX + 1]).is_err());
    }

    #[test]
    fn generated_values_are_text_and_differ() {
        let (one, two) = (generated(32), generated(32));
        assert_eq!(one.expose_text().unwrap().len(), 43);
        assert!(!one.same_as(&two));
    }

    #[test]
    fn values_survive_their_journey() {
        let value = Exposed::copy_of(b"\x00\xffvalue");
        assert!(decoded(&encoded(&value)).unwrap().same_as(&value));
        assert!(decoded("no base64!").is_err());
    }
}
