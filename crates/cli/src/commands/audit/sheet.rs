//! Entries as comma-separated values (RFC 4180), for spreadsheets.
//!
//! Always true: a cell that a spreadsheet would run as a formula begins with an apostrophe.
//!
//! Source: OWASP, CSV Injection.

use std::io::Write;

use serde_json::Value;

use super::list::Entry;
use crate::calendar::written;

const HEADINGS: [&str; 17] = [
    "index",
    "time",
    "log",
    "verb",
    "resource_kind",
    "resource_id",
    "actor_kind",
    "actor",
    "request",
    "ip",
    "user_agent",
    "email",
    "reason",
    "entry",
    "hash",
    "old",
    "new",
];

/// A sheet that is being written.
pub(super) struct Sheet<W: Write>(csv::Writer<W>);

impl<W: Write> Sheet<W> {
    /// Begins one with its headings.
    ///
    /// # Errors
    /// `out` cannot be written.
    pub(super) fn begin(out: W) -> csv::Result<Self> {
        let mut writer = csv::Writer::from_writer(out);
        writer.write_record(HEADINGS)?;
        Ok(Self(writer))
    }

    /// Adds an entry.
    ///
    /// # Errors
    /// `out` cannot be written.
    pub(super) fn add(&mut self, entry: &Entry) -> csv::Result<()> {
        self.0.write_record(row(entry).iter().map(|cell| harmless(cell)))
    }

    /// Writes out what waits.
    ///
    /// # Errors
    /// `out` cannot be written.
    pub(super) fn flush(&mut self) -> std::io::Result<()> {
        self.0.flush()
    }
}

fn row(entry: &Entry) -> [String; 17] {
    let text = |path: &str| match entry.entry.pointer(path) {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    };
    let actor = ["/actor/user", "/actor/key", "/actor/job", "/actor/part"];
    let actor = actor.into_iter().map(text).find(|text| !text.is_empty()).unwrap_or_default();
    [
        entry.index.map(|index| index.to_string()).unwrap_or_default(),
        written(entry.at_ms),
        entry.stream.clone(),
        entry.verb.clone(),
        text("/resource/kind"),
        text("/resource/id"),
        text("/actor/kind"),
        actor,
        text("/request"),
        entry.personal("ip"),
        entry.personal("user_agent"),
        entry.personal("email"),
        entry.personal("reason"),
        entry.id.to_string(),
        entry.hash.clone(),
        text("/old"),
        text("/new"),
    ]
}

/// The cell, with an apostrophe before what a spreadsheet would run.
fn harmless(cell: &str) -> String {
    if cell.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        return format!("'{cell}");
    }
    cell.to_owned()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn sheet(personal: &Value) -> String {
        let entry: Entry = serde_json::from_value(json!({
            "id": "01890a5d-ac96-774b-bcce-b302099a8057", "index": 7, "stream": "workspace",
            "at_ms": 1_795_132_800_000_i64, "verb": "member.invited", "hash": "ab",
            "entry": {
                "actor": { "kind": "user", "user": "u", "session": "s" }, "request": "r",
                "resource": { "kind": "member", "id": "m" },
                "new": { "role": "admin", "note": "a,\"b\"" },
            },
            "personal": personal,
        }))
        .unwrap();
        let mut out = Vec::new();
        let mut sheet = Sheet::begin(&mut out).unwrap();
        sheet.add(&entry).unwrap();
        sheet.flush().unwrap();
        drop(sheet);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn an_entry_is_one_row_and_reads_back() {
        let text = sheet(&json!({ "ip": "192.0.2.7" }));
        let mut reader = csv::Reader::from_reader(text.as_bytes());
        assert_eq!(reader.headers().unwrap().iter().collect::<Vec<_>>(), HEADINGS);
        let rows: Vec<_> = reader.records().collect::<Result<_, _>>().unwrap();
        assert_eq!(rows.len(), 1);
        assert_eq!((&rows[0][0], &rows[0][1]), ("7", "2026-11-20 00:00:00Z"));
        assert_eq!((&rows[0][7], &rows[0][9]), ("u", "192.0.2.7"));
        let new: Value = serde_json::from_str(&rows[0][16]).unwrap();
        assert_eq!(new["note"], "a,\"b\"");
    }

    #[test]
    fn an_erased_value_says_so_and_a_missing_one_says_nothing() {
        let mut entry: Entry = serde_json::from_value(json!({
            "id": "01890a5d-ac96-774b-bcce-b302099a8057", "stream": "workspace", "at_ms": 0,
            "verb": "member.invited", "hash": "ab", "entry": {}, "personal": {},
        }))
        .unwrap();
        assert_eq!(row(&entry)[9], "");
        entry.erased = vec!["ip".to_owned()];
        assert_eq!((row(&entry)[9].as_str(), row(&entry)[10].as_str()), ("(erased)", ""));
    }

    #[test]
    fn no_cell_is_run_as_a_formula() {
        for cell in ["=1+1", "+1", "-1", "@x", "\tx", "\rx"] {
            let text = sheet(&json!({ "user_agent": cell }));
            let mut reader = csv::Reader::from_reader(text.as_bytes());
            let row = reader.records().next().unwrap().unwrap();
            assert_eq!(&row[10], format!("'{cell}"), "{cell:?}");
        }
    }
}
