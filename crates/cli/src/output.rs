//! What is printed where: results on stdout, everything else on stderr.
//!
//! Always true
//! 1. With `--json` stdout holds JSON lines alone, one per result, and a failure is one JSON line
//!    on stderr.
//! 2. Text from the server never reaches a terminal with its control characters.
//! 3. Colour appears on a terminal only, and never with `NO_COLOR` or `--no-color`.

use std::borrow::Cow;
use std::io::{self, IsTerminal, Write};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;
use serde_json::json;

use crate::arguments::Globals;
use crate::failure::Failure;
use crate::{Exit, config};

/// Where and how this command prints.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Output {
    form: Form,
    colour: bool,
    chatty: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Text,
    Json,
}

impl Output {
    /// The output these flags ask for.
    pub(crate) fn new(globals: &Globals) -> Self {
        let colour = !globals.no_color && !config::no_color();
        Self {
            form: if globals.json { Form::Json } else { Form::Text },
            colour,
            chatty: globals.verbose,
        }
    }

    /// An output for tests: text, no colour, nothing extra.
    #[cfg(test)]
    pub(crate) const fn quiet() -> Self {
        Self { form: Form::Text, colour: false, chatty: false }
    }

    /// Prints one result: as a JSON line, or as the text that `describe` makes of it.
    ///
    /// Errors: stdout cannot be written.
    pub(crate) fn result<T: Serialize>(
        &self,
        value: &T,
        describe: impl FnOnce(&T) -> String,
    ) -> Result<(), Failure> {
        match self.form {
            Form::Text => stdout(&printable(&describe(value))),
            Form::Json => stdout(&json_line(value)?),
        }
    }

    /// Prints a list: a JSON line for each item, or a table.
    ///
    /// Errors: stdout cannot be written.
    pub(crate) fn list<T: Serialize>(
        &self,
        items: &[T],
        headings: &[&str],
        row: impl Fn(&T) -> Vec<String>,
    ) -> Result<(), Failure> {
        match self.form {
            Form::Text if items.is_empty() => {
                self.note("There are none.");
                Ok(())
            }
            Form::Text => stdout(&table(headings, items.iter().map(row).collect())),
            Form::Json => {
                let lines: Result<Vec<String>, Failure> = items.iter().map(json_line).collect();
                lines?.iter().try_for_each(|line| stdout(line))
            }
        }
    }

    /// Whether results are JSON lines.
    pub(crate) fn is_json(&self) -> bool {
        self.form == Form::Json
    }

    /// Whether a picture (a QR code) would be seen by a person.
    pub(crate) fn draws(&self) -> bool {
        self.form == Form::Text && io::stdout().is_terminal()
    }

    /// Whether such a picture may have colours.
    pub(crate) const fn paints(&self) -> bool {
        self.colour
    }

    /// Tells the person something that is not a result.
    pub(crate) fn note(&self, text: &str) {
        stderr(&printable(text));
    }

    /// Tells the person something that matters and is not a failure.
    pub(crate) fn warning(&self, text: &str) {
        stderr(&format!("{} {}", self.painted("warning:", "33"), printable(text)));
    }

    /// Tells a detail, with `-v` only.
    pub(crate) fn detail(&self, text: &str) {
        if self.chatty {
            stderr(&printable(text));
        }
    }

    /// Prints a failure and gives its exit code. A reader that went away is not told about it.
    pub(crate) fn failure(&self, failure: &Failure) -> Exit {
        let exit = failure.exit();
        if failure.is_broken_pipe() {
            return exit;
        }
        let message = with_sources(failure);
        let request = match failure {
            Failure::Answer(problem) => problem.request_id.clone(),
            _ => None,
        };
        if self.form == Form::Json {
            let line = json!({ "error": {
                "code": failure.code(), "message": message, "advice": failure.advice(),
                "request_id": request, "exit": exit as u8,
            }});
            stderr(&line.to_string());
            return exit;
        }
        stderr(&format!("{} {}", self.painted("error:", "31"), printable(&message)));
        stderr(&format!("  {}", printable(&failure.advice())));
        if let Some(request) = request {
            stderr(&format!("  request id: {}", printable(&request)));
        }
        exit
    }

    /// A progress bar for long work, visible on a terminal only.
    pub(crate) fn progress(&self, what: &'static str, bytes: Option<u64>) -> ProgressBar {
        let shown = self.form == Form::Text && io::stderr().is_terminal();
        let bar = match (shown, bytes) {
            (false, _) => return ProgressBar::hidden(),
            (true, Some(bytes)) => ProgressBar::new(bytes),
            (true, None) => ProgressBar::new_spinner(),
        };
        let template = if bytes.is_some() {
            "{msg} [{bar:30}] {bytes}/{total_bytes}"
        } else {
            "{msg} {spinner} {bytes}"
        };
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        bar.enable_steady_tick(Duration::from_millis(120));
        bar.with_message(what)
    }

    /// A progress bar for tries of which about so many are needed, visible on a terminal only.
    pub(crate) fn working(&self, what: &'static str, tries: u64) -> ProgressBar {
        if self.form != Form::Text || !io::stderr().is_terminal() {
            return ProgressBar::hidden();
        }
        let bar = ProgressBar::new(tries);
        if let Ok(style) = ProgressStyle::with_template("{msg} [{bar:30}]") {
            bar.set_style(style);
        }
        bar.with_message(what)
    }

    fn painted<'a>(&self, text: &'a str, colour: &str) -> Cow<'a, str> {
        if self.colour && io::stderr().is_terminal() {
            Cow::Owned(format!("\u{1b}[1;{colour}m{text}\u{1b}[0m"))
        } else {
            Cow::Borrowed(text)
        }
    }
}

/// The same text with every control character but line feed and tab replaced, so that a name made
/// by somebody else cannot move the cursor, recolour the screen or hide a line.
pub(crate) fn printable(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            '\n' | '\t' => c,
            c if c.is_control() => '\u{fffd}',
            '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {
                '\u{fffd}'
            }
            c => c,
        })
        .collect()
}

/// Writes `text` and a line feed to stdout at once.
pub(crate) fn stdout(text: &str) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())
        .and_then(|()| if text.ends_with('\n') { Ok(()) } else { out.write_all(b"\n") })
        .and_then(|()| out.flush())
        .map_err(Failure::stdout)
}

/// Writes a line to stderr; a closed stderr is nobody's failure.
fn stderr(line: &str) {
    let mut out = io::stderr().lock();
    let _ = writeln!(out, "{line}");
}

fn json_line<T: Serialize>(value: &T) -> Result<String, Failure> {
    serde_json::to_string(value).map_err(|source| Failure::stdout(source.into()))
}

/// A message and, after it, what caused it.
fn with_sources(failure: &Failure) -> String {
    let mut message = failure.to_string();
    let mut source = std::error::Error::source(failure);
    while let Some(cause) = source {
        let text = cause.to_string();
        if !message.contains(&text) {
            message.push_str(": ");
            message.push_str(&text);
        }
        source = cause.source();
    }
    message
}

/// Left-aligned columns, two spaces apart, no trailing spaces.
fn table(headings: &[&str], rows: Vec<Vec<String>>) -> String {
    let head: Vec<String> = headings.iter().map(|h| h.to_uppercase()).collect();
    let rows: Vec<Vec<String>> = std::iter::once(head)
        .chain(rows.into_iter().map(|row| row.iter().map(|cell| one_line(cell)).collect()))
        .collect();
    let widths: Vec<usize> = (0..headings.len())
        .map(|column| {
            rows.iter().filter_map(|row| row.get(column)).map(|c| c.chars().count()).max()
        })
        .map(Option::unwrap_or_default)
        .collect();
    let mut text = String::new();
    for row in rows {
        let mut line = String::new();
        for (cell, width) in row.iter().zip(&widths) {
            line.push_str(&format!("{cell:<width$}  "));
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

fn one_line(cell: &str) -> String {
    printable(cell).replace(['\n', '\t'], " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_cannot_move_the_cursor_or_reverse_the_text() {
        assert_eq!(printable("a\u{1b}[2Jb\rc\u{202e}d"), "a\u{fffd}[2Jb\u{fffd}c\u{fffd}d");
        assert_eq!(printable("line\n\tnext"), "line\n\tnext");
    }

    #[test]
    fn tables_align_and_have_no_trailing_space() {
        let rows = vec![
            vec!["a".to_owned(), "long value".to_owned()],
            vec!["bbb".to_owned(), "x\ny".to_owned()],
        ];
        assert_eq!(table(&["id", "name"], rows), "ID   NAME\na    long value\nbbb  x y\n");
    }

    #[test]
    fn a_failure_tells_its_causes_once() {
        let source = io::Error::from(io::ErrorKind::PermissionDenied);
        let failure = Failure::File { what: "read", path: "/x".into(), source };
        assert_eq!(with_sources(&failure), "cannot read /x: permission denied");
    }
}
