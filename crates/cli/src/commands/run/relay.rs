//! What the program prints, on its way through the masker.
//!
//! Always true
//! 1. No byte of the program leaves but by the masker, whether or not our output is a terminal.
//! 2. A byte is held back only while it may belong to a secret, so a prompt without a line end
//!    appears at once.

use std::io;

use mask::Masker;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use zeroize::Zeroizing;

use super::environment::Variable;
use crate::output::Output;

/// Bytes read at once: what a pipe holds.
const CHUNK_BYTES: usize = 64 * 1024;

/// A masker for these secrets. The person is told which are too short for it.
pub(super) fn masker(secrets: &[Variable], output: Output) -> Masker {
    let values = secrets.iter().map(|secret| (secret.name.as_str(), secret.value.expose()));
    let (masker, too_short) = Masker::new(values);
    for value in too_short {
        output.warning(&value.to_string());
    }
    masker
}

/// Passes everything from `source` to `target`, masked, until `source` ends.
///
/// Errors: either end failed. Then `source` is closed, and the program learns it when it writes.
pub(super) async fn pass(
    source: Option<impl AsyncRead + Unpin>,
    mut target: impl AsyncWrite + Unpin,
    masker: Masker,
) -> io::Result<()> {
    let Some(mut source) = source else { return Ok(()) };
    let mut stream = masker.stream();
    let mut chunk = Zeroizing::new(vec![0; CHUNK_BYTES]);
    let mut masked = Vec::with_capacity(CHUNK_BYTES);
    loop {
        let length = source.read(&mut chunk).await?;
        if length == 0 {
            break;
        }
        stream.push(chunk.get(..length).unwrap_or_default(), &mut masked);
        target.write_all(&masked).await?;
        target.flush().await?;
        masked.clear();
    }
    stream.finish(&mut masked);
    target.write_all(&masked).await?;
    target.flush().await
}

#[cfg(test)]
mod tests {
    use super::*;
    use seal::Exposed;
    use tokio::io::duplex;

    fn secret() -> Variable {
        Variable {
            name: "TOKEN".parse().unwrap(),
            value: Exposed::copy_of(b"correct-horse-battery-staple"),
        }
    }

    fn quiet() -> Output {
        Output::quiet()
    }

    async fn relayed(chunks: &[&[u8]]) -> Vec<u8> {
        let (mut program, source) = duplex(1 << 20);
        let mut target = Vec::new();
        let feed = async move {
            for chunk in chunks {
                program.write_all(chunk).await.unwrap();
                tokio::task::yield_now().await;
            }
        };
        let pass = pass(Some(source), &mut target, masker(&[secret()], quiet()));
        let ((), passed) = tokio::join!(feed, pass);
        passed.unwrap();
        target
    }

    #[tokio::test]
    async fn a_secret_is_masked_wherever_its_bytes_are_cut() {
        let text = b"a correct-horse-battery-staple b";
        for cut in 0..text.len() {
            let (head, tail) = text.split_at(cut);
            let shown = relayed(&[head, tail]).await;
            assert_eq!(shown, b"a [masked] b", "cut at {cut}");
        }
    }

    #[tokio::test]
    async fn a_prompt_without_a_line_end_appears_before_the_next_byte() {
        let (mut program, source) = duplex(1 << 10);
        let (mut screen, target) = duplex(1 << 10);
        let pass = pass(Some(source), target, masker(&[secret()], quiet()));
        let look = async move {
            program.write_all(b"Name: ").await.unwrap();
            let mut shown = [0; 6];
            screen.read_exact(&mut shown).await.unwrap();
            drop(program);
            shown
        };
        let (shown, passed) = tokio::join!(look, pass);
        passed.unwrap();
        assert_eq!(&shown, b"Name: ");
    }
}
