//! What local commands print: results on stdout, everything else on stderr.
//!
//! Always true: with JSON every result is one line holding one object with an `event`, and a
//! failure is one such line on stderr.

use std::io::{IsTerminal, Write};

use serde_json::{Value, json};

use crate::failure::Failure;

/// For whom the results are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// A person.
    Text,
    /// A program: JSON lines.
    Json,
}

/// Where and how this command prints.
#[derive(Debug, Clone, Copy)]
pub struct Output {
    form: Form,
}

impl Output {
    /// Output in `form`.
    #[must_use]
    pub const fn new(form: Form) -> Self {
        Self { form }
    }

    /// For whom.
    #[must_use]
    pub const fn form(&self) -> Form {
        self.form
    }

    /// Whether a secret may be shown here: a person looks at a terminal. With JSON a program reads
    /// along.
    #[must_use]
    pub fn shows_secrets(&self) -> bool {
        self.form == Form::Text && std::io::stdout().is_terminal()
    }

    /// One result: `text` for a person, `event` with `fields` (an object) for a program.
    pub fn result(&self, event: &str, fields: Value, text: &str) {
        let line = match self.form {
            Form::Text => text.to_owned(),
            Form::Json => object(event, fields).to_string(),
        };
        // A closed pipe is the reader's choice, not a failure of the command.
        let _ = writeln!(std::io::stdout().lock(), "{line}");
    }

    /// A step of long work, for a person who waits.
    pub fn step(&self, text: &str) {
        if self.form == Form::Text {
            let _ = writeln!(std::io::stderr().lock(), "{text}");
        }
    }

    /// Why the command stopped.
    pub fn failure(&self, failure: &Failure) {
        let line = match self.form {
            Form::Text => format!("casemate: {failure}"),
            Form::Json => object(
                "failed",
                json!({
                    "error": failure.what(),
                    "mend": failure.mend(),
                    "exit": failure.exit() as u8,
                }),
            )
            .to_string(),
        };
        let _ = writeln!(std::io::stderr().lock(), "{line}");
    }
}

fn object(event: &str, fields: Value) -> Value {
    let mut object = serde_json::Map::new();
    object.insert("event".into(), event.into());
    if let Value::Object(fields) = fields {
        object.extend(fields);
    }
    Value::Object(object)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::failure::Exit;

    #[test]
    fn an_event_is_one_flat_object() {
        let value = object("ready", json!({"url": "https://127.0.0.1:1", "pid": 7}));
        assert_eq!(value.to_string(), r#"{"event":"ready","pid":7,"url":"https://127.0.0.1:1"}"#);
    }

    #[test]
    fn a_failure_says_what_and_how_to_mend_it() {
        let failure = Failure::new(Exit::Conflict, "port 8443 is taken", "choose another");
        assert_eq!(failure.to_string(), "port 8443 is taken\n  choose another");
    }

    #[test]
    fn a_program_that_reads_along_is_never_shown_a_secret() {
        assert!(!Output::new(Form::Json).shows_secrets());
    }
}
