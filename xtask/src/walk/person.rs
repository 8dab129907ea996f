//! The person of the walk: what they read off the screen, and what they answer.

use crate::run::Failure;

/// Every question the command line asks, as its last words on the screen.
pub(super) const QUESTIONS: &[&str] = &["Code:"];

/// What the person knows so far.
#[derive(Default)]
pub(super) struct Person {
    link: String,
    code: String,
}

impl Person {
    /// Reads what `up` printed.
    pub(super) fn read_start(&mut self, shown: &str) -> Result<(), Failure> {
        let after = |mark: &str| {
            shown
                .split_once(mark)
                .and_then(|(_, rest)| rest.split_whitespace().next())
                .map(str::to_owned)
                .ok_or_else(|| Failure(format!("`up` did not print {mark}:\n{shown}")))
        };
        self.link = after("link:")?;
        self.code = after("code:")?;
        Ok(())
    }

    /// Reads what a command printed.
    pub(super) fn read(&mut self, _shown: &str) {}

    /// A README line with the words a person replaces.
    pub(super) fn fill_in(&self, line: &str) -> String {
        line.replace("LINK", &self.link)
    }

    /// The answer to a question.
    pub(super) fn answer(&mut self, question: usize) -> Result<String, Failure> {
        match QUESTIONS.get(question) {
            Some(&"Code:") => Ok(self.code.clone()),
            other => Err(Failure(format!("no answer to {other:?}"))),
        }
    }
}
