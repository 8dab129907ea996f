//! Questions: answered from a file, a pipe, or the terminal, in this order; never from the command
//! line.
//!
//! Always true
//! 1. What is typed for a hidden question is not echoed, and is wiped after use.
//! 2. A pipe is read line by line and only when this command leaves stdin to its answers.
//! 3. Without file, pipe and terminal the failure names the flag that would have helped.

use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, IsTerminal, Read, Write};
use std::path::Path;

use zeroize::Zeroizing;

use crate::failure::Failure;
use crate::output::printable;

/// Longest answer: longer than any password, code or address.
const ANSWER_BYTES_MAX: u64 = 4 * 1024;

/// The terminal of this process, whatever stdin is.
const TERMINAL: &str = "/dev/tty";

/// Who may read stdin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stdin {
    /// Answers to questions, when it is a pipe.
    Answers,
    /// Something else: the value of a secret, or the program that is run.
    Taken,
}

/// One question.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Question<'a> {
    /// What is asked, without a colon.
    pub(crate) label: &'a str,
    /// The flag that answers it without a person.
    pub(crate) flag: &'static str,
    /// The file that flag named.
    pub(crate) file: Option<&'a Path>,
}

/// Asks questions.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Prompt {
    stdin: Stdin,
}

impl Prompt {
    /// A prompt for a command that uses stdin in this way.
    pub(crate) const fn new(stdin: Stdin) -> Self {
        Self { stdin }
    }

    /// The answer to a question whose answer may be seen.
    ///
    /// Errors: no way to ask; an answer that is empty, too long or not text.
    pub(crate) fn line(&self, question: &Question<'_>) -> Result<String, Failure> {
        let answer = match self.given(question)? {
            Some(answer) => answer,
            None => visible(question)?,
        };
        answered(question, answer).map(|answer| answer.as_str().to_owned())
    }

    /// The answer to a question whose answer must not be seen.
    ///
    /// Errors: as [`Prompt::line`].
    pub(crate) fn hidden(&self, question: &Question<'_>) -> Result<Zeroizing<String>, Failure> {
        let answer = match self.given(question)? {
            Some(answer) => answer,
            None => concealed(question)?,
        };
        answered(question, answer)
    }

    /// A new password: typed twice at a terminal, taken as it is from a file or a pipe.
    ///
    /// Errors: as [`Prompt::line`]; the two differ.
    pub(crate) fn new_password(
        &self,
        question: &Question<'_>,
    ) -> Result<Zeroizing<String>, Failure> {
        if let Some(answer) = self.given(question)? {
            return answered(question, answer);
        }
        let first = answered(question, concealed(question)?)?;
        let again = concealed(&Question { label: "The same again", ..*question })?;
        if *first == *again {
            return Ok(first);
        }
        Err(Failure::input("the two differ", "Run the command again; nothing was changed."))
    }

    /// Whether the person agrees. `flag` is what says yes without a person.
    ///
    /// Errors: nobody can be asked.
    pub(crate) fn confirm(&self, question: &str, flag: &'static str) -> Result<bool, Failure> {
        let question = Question { label: question, flag, file: None };
        let answer =
            visible(&Question { label: &format!("{} [y/N]", question.label), ..question })?;
        Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
    }

    /// The answer from the file or the pipe, when there is one.
    fn given(&self, question: &Question<'_>) -> Result<Option<Zeroizing<String>>, Failure> {
        if let Some(path) = question.file {
            return from_file(path).map(Some);
        }
        if self.stdin == Stdin::Taken || io::stdin().is_terminal() {
            return Ok(None);
        }
        let line = first_line(&mut io::stdin().lock())
            .map_err(|source| Failure::System { what: "read standard input", source })?;
        Ok(line)
    }
}

/// The first line of a file; `-` is stdin.
fn from_file(path: &Path) -> Result<Zeroizing<String>, Failure> {
    let failed = |source| Failure::File { what: "read", path: path.to_owned(), source };
    let line = if path == Path::new("-") {
        first_line(&mut io::stdin().lock())
    } else {
        File::open(path).and_then(|file| first_line(&mut BufReader::new(file)))
    };
    Ok(line.map_err(failed)?.unwrap_or_default())
}

/// The next line without its end; `None` at the end of the input.
fn first_line(reader: &mut impl BufRead) -> io::Result<Option<Zeroizing<String>>> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(256));
    reader.take(ANSWER_BYTES_MAX + 1).read_until(b'\n', &mut bytes)?;
    if bytes.is_empty() {
        return Ok(None);
    }
    while bytes.last().is_some_and(|end| matches!(end, b'\n' | b'\r')) {
        bytes.pop();
    }
    let text = std::str::from_utf8(&bytes)
        .map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "it is not UTF-8 text"))?;
    Ok(Some(Zeroizing::new(text.to_owned())))
}

fn answered(
    question: &Question<'_>,
    answer: Zeroizing<String>,
) -> Result<Zeroizing<String>, Failure> {
    let trimmed = answer.trim_matches(['\r', '\n']);
    let too_long = u64::try_from(trimmed.len()).is_ok_and(|length| length > ANSWER_BYTES_MAX);
    let what = match () {
        () if trimmed.trim().is_empty() => "empty",
        () if too_long => "too long",
        () => return Ok(Zeroizing::new(trimmed.to_owned())),
    };
    Err(Failure::input(
        format!("the answer to \"{}\" is {what}", question.label),
        format!("Type it, pipe it, or give {} FILE.", question.flag),
    ))
}

fn terminal() -> io::Result<File> {
    OpenOptions::new().read(true).write(true).open(TERMINAL)
}

fn nobody(question: &Question<'_>) -> Failure {
    let advice = if question.flag == "--yes" || question.flag == "--fingerprint" {
        format!("Say it on the command line: {}.", question.flag)
    } else {
        format!("Give {} FILE, or pipe the answer.", question.flag)
    };
    Failure::input(
        format!("there is no terminal to ask \"{}\" on", printable(question.label)),
        advice,
    )
}

fn visible(question: &Question<'_>) -> Result<Zeroizing<String>, Failure> {
    let mut terminal = terminal().map_err(|_| nobody(question))?;
    let failed = |source| Failure::System { what: "ask on the terminal", source };
    write!(terminal, "{}: ", printable(question.label)).map_err(failed)?;
    let line = first_line(&mut BufReader::new(terminal)).map_err(failed)?;
    line.ok_or_else(|| nobody(question))
}

fn concealed(question: &Question<'_>) -> Result<Zeroizing<String>, Failure> {
    terminal().map_err(|_| nobody(question))?;
    let config = rpassword::ConfigBuilder::new()
        .input_file_path(TERMINAL)
        .output_file_path(TERMINAL)
        .build();
    let label = format!("{} (not shown): ", printable(question.label));
    rpassword::prompt_password_with_config(label, config)
        .map(Zeroizing::new)
        .map_err(|source| Failure::System { what: "ask on the terminal", source })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(file: &Path) -> Result<String, Failure> {
        let question = Question { label: "Code", flag: "--code-file", file: Some(file) };
        Prompt::new(Stdin::Taken).line(&question)
    }

    #[test]
    fn a_file_answers_with_its_first_line() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("code");
        std::fs::write(&file, "ABCD-1234\r\nsecond\n").unwrap();
        assert_eq!(ask(&file).unwrap(), "ABCD-1234");
    }

    #[test]
    fn an_empty_file_is_no_answer() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("code");
        std::fs::write(&file, "\n").unwrap();
        let failure = ask(&file).unwrap_err();
        assert!(failure.to_string().contains("empty"), "{failure}");
        assert!(failure.advice().contains("--code-file"), "{}", failure.advice());
    }

    #[test]
    fn an_endless_answer_is_cut_and_refused() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("code");
        std::fs::write(&file, vec![b'a'; 1 << 20]).unwrap();
        assert!(ask(&file).unwrap_err().to_string().contains("too long"));
    }

    #[test]
    fn bytes_that_are_no_text_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("code");
        std::fs::write(&file, b"\xff\xfe\n").unwrap();
        assert!(matches!(ask(&file), Err(Failure::File { .. })));
    }
}
