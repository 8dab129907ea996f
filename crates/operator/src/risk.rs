//! `risk replay`: what the judgement of sign-ins would have done with sign-ins of your own.
//!
//! Always true
//! 1. The file is read line by line; memory is bounded by people, not by lines.
//! 2. Nothing is written, and nothing leaves this machine: the result is a table of shares.
//!
//! The file is CSV (RFC 4180) in the order of time, with a first line that names its columns.
//! Wanted are `user`, `time` (seconds since 1970, or `2027-01-31 23:59:59`), `ip`; used when there:
//! `country`, `user_agent`, `attack` (`true` for a sign-in by somebody else with the right
//! password), `success` (lines with `false` are passed over, unless they are attacks), `device`
//! (`true` when the device was recognised). The columns of the published RBA data set (Wiefling et
//! al. 2022) are known by their own names.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::PathBuf;

use identity::risk::{Recognised, Record, Replay, Row};
use serde_json::json;

use crate::failure::{Exit, Failure};
use crate::output::Output;

/// The judgement of sign-ins.
#[derive(Debug, clap::Subcommand)]
pub enum Risk {
    /// Replay a file of sign-ins, and show what each threshold would have found and asked.
    Replay(ReplayFile),
}

/// `risk replay`.
#[derive(Debug, clap::Args)]
pub struct ReplayFile {
    /// CSV with the columns user, time, ip and, when there, country, user_agent, attack, success,
    /// device
    file: PathBuf,
}

/// Longest line that is read.
const LINE_BYTES_MAX: u64 = 64 * 1024;
/// The thresholds that are shown.
const THRESHOLDS: [f64; 9] = [-2.0, -1.0, 0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 7.0];

impl Risk {
    pub(crate) fn run(self, output: &Output) -> Result<(), Failure> {
        let Self::Replay(ReplayFile { file }) = self;
        let unreadable = |error: std::io::Error| {
            let what = format!("{} cannot be read: {}", file.display(), error.kind());
            Failure::new(Exit::NotFound, what, "name a file that you may read")
        };
        let mut lines = Lines(BufReader::new(File::open(&file).map_err(unreadable)?));
        let (replay, bad) = replayed(&mut lines)?;
        show(output, &replay, bad);
        Ok(())
    }
}

/// Runs the file through the model; how many lines could not be read as a sign-in.
fn replayed(lines: &mut Lines<impl BufRead>) -> Result<(Replay, u64), Failure> {
    let first = lines.next().transpose()?.unwrap_or_default();
    let columns = Columns::named(&fields(&first))?;
    let (mut replay, mut bad) = (Replay::default(), 0);
    for line in lines {
        match columns.row(&fields(&line?)) {
            Some(Line::SignIn(row)) => {
                replay.next(&row);
            }
            Some(Line::Passed) => {}
            None => bad += 1,
        }
    }
    Ok((replay, bad))
}

/// The lines of a file, each within [`LINE_BYTES_MAX`].
struct Lines<R>(R);

impl<R: BufRead> Iterator for Lines<R> {
    type Item = Result<String, Failure>;

    fn next(&mut self) -> Option<Self::Item> {
        let mut bytes = Vec::new();
        let read = self.0.by_ref().take(LINE_BYTES_MAX).read_until(b'\n', &mut bytes);
        match read {
            Ok(0) => None,
            Ok(_) if bytes.len() as u64 == LINE_BYTES_MAX => Some(Err(Failure::new(
                Exit::Usage,
                "a line is longer than 64 KiB",
                "give a CSV file with one sign-in in each line",
            ))),
            Ok(_) => Some(Ok(String::from_utf8_lossy(&bytes).trim_end().to_owned())),
            Err(error) => Some(Err(Failure::new(
                Exit::Failed,
                format!("the file broke off: {}", error.kind()),
                "try again",
            ))),
        }
    }
}

/// Where each column stands.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Columns {
    user: usize,
    time: usize,
    ip: usize,
    country: Option<usize>,
    user_agent: Option<usize>,
    attack: Option<usize>,
    success: Option<usize>,
    device: Option<usize>,
}

enum Line {
    SignIn(Row),
    Passed,
}

impl Columns {
    fn named(names: &[String]) -> Result<Self, Failure> {
        let find = |wanted: &[&str]| {
            names.iter().position(|name| wanted.contains(&name.to_ascii_lowercase().as_str()))
        };
        let needed = |wanted: &[&'static str]| {
            find(wanted).ok_or_else(|| {
                let what = format!("the first line names no column {:?}", wanted.first());
                Failure::new(Exit::Usage, what, "name the columns: user,time,ip,...")
            })
        };
        Ok(Self {
            user: needed(&["user", "user id"])?,
            time: needed(&["time", "login timestamp"])?,
            ip: needed(&["ip", "ip address"])?,
            country: find(&["country"]),
            user_agent: find(&["user_agent", "user agent string"]),
            attack: find(&["attack", "is account takeover"]),
            success: find(&["success", "login successful"]),
            device: find(&["device"]),
        })
    }

    fn row(&self, fields: &[String]) -> Option<Line> {
        let text = |at: usize| fields.get(at).map(String::as_str);
        let given = |at: Option<usize>| at.and_then(text).filter(|text| !text.is_empty());
        let is = |at: Option<usize>| given(at).is_some_and(|it| it.eq_ignore_ascii_case("true"));
        let attack = is(self.attack);
        if !attack && self.success.is_some() && !is(self.success) {
            return Some(Line::Passed);
        }
        Some(Line::SignIn(Row {
            user: text(self.user)?.to_owned(),
            record: if attack { Record::Attack } else { Record::Legitimate },
            at_s: seconds(text(self.time)?)?,
            ip: text(self.ip)?.parse().ok()?,
            country: given(self.country).map(str::to_owned),
            user_agent: given(self.user_agent).map(str::to_owned),
            device: if is(self.device) { Recognised::Yes } else { Recognised::No },
        }))
    }
}

/// The fields of a line: separated by commas, quoted where they hold one.
fn fields(line: &str) -> Vec<String> {
    let (mut fields, mut field, mut quoted) = (Vec::new(), String::new(), false);
    let mut chars = line.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '"' if quoted && chars.peek() == Some(&'"') => {
                chars.next();
                field.push('"');
            }
            '"' => quoted = !quoted,
            ',' if !quoted => fields.push(std::mem::take(&mut field)),
            other => field.push(other),
        }
    }
    fields.push(field);
    fields
}

/// Seconds since 1970 of a number, or of `2027-01-31 23:59:59` in UTC; fractions are cut off.
fn seconds(text: &str) -> Option<i64> {
    if let Ok(number) = text.parse() {
        return Some(number);
    }
    let number = |from: usize, to: usize| text.get(from..to)?.parse::<i64>().ok();
    let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
    let (hour, minute, second) = (number(11, 13)?, number(14, 16)?, number(17, 19)?);
    // Days from civil: March is the first month, so that leap days come last.
    let (y, m) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let era = y.div_euclid(400);
    let of_era = y.rem_euclid(400);
    let days = era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + (153 * m + 2) / 5 + day
        - 719_469;
    Some(((days * 24 + hour) * 60 + minute) * 60 + second)
}

fn show(output: &Output, replay: &Replay, bad: u64) {
    let ((people, attacks), (early, over)) = (replay.judged(), replay.unjudged());
    let mut text = format!(
        "judged: {people} sign-ins of people, {attacks} attacks\n\
         not judged: {early} with too little history, {over} of people beyond the limit, \
         {bad} lines that could not be read\n\n{:>10} {:>14} {:>14}",
        "threshold", "attacks found", "people asked"
    );
    let outcomes = THRESHOLDS.map(|from| replay.at(from));
    for outcome in &outcomes {
        text.push_str(&format!(
            "\n{:>10.1} {:>13.2}% {:>13.2}%",
            outcome.from,
            outcome.attacks_found * 100.0,
            outcome.people_asked * 100.0
        ));
    }
    let rows: Vec<_> = outcomes
        .iter()
        .map(|it| {
            json!({ "threshold": it.from, "attacks_found": it.attacks_found,
                "people_asked": it.people_asked })
        })
        .collect();
    let fields = json!({
        "people": people, "attacks": attacks, "early": early, "over": over, "unread": bad,
        "outcomes": rows,
    });
    output.result("risk_replayed", fields, &text);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_in_both_forms() {
        assert_eq!(seconds("1700000000"), Some(1_700_000_000));
        assert_eq!(seconds("1970-01-01 00:00:00"), Some(0));
        assert_eq!(seconds("2020-02-29 12:43:30.772"), Some(1_582_980_210));
        assert_eq!(seconds("2023-11-14T22:13:20Z"), Some(1_700_000_000));
        assert_eq!((seconds(""), seconds("yesterday"), seconds("2020-02")), (None, None, None));
    }

    #[test]
    fn quoted_fields_keep_their_commas() {
        assert_eq!(fields(r#"a,"b, ""c""",,d"#), ["a", r#"b, "c""#, "", "d"]);
    }

    #[test]
    fn a_file_is_replayed_whatever_its_bad_lines_and_finds_the_thief() {
        let mut file = "user,time,ip,user_agent,attack,success\n".to_owned();
        for n in 0..30 {
            file.push_str(&format!("ada,{},192.0.2.1,curl/8,false,true\n", n * 86_400));
        }
        file.push_str("ada,x,192.0.2.1,curl/8,false,true\nada,1,nowhere,curl/8,false,true\n");
        file.push_str("ada,2592000,203.0.113.9,python/3,false,false\n");
        file.push_str("ada,2592000,203.0.113.9,python/3,true,true\n");
        let (replay, bad) = replayed(&mut Lines(file.as_bytes())).unwrap();
        assert_eq!((replay.judged(), bad), ((25, 1), 2));
        let outcome = replay.at(3.0);
        assert!((outcome.attacks_found - 1.0).abs() < 1e-9 && outcome.people_asked < 1e-9);
    }

    #[test]
    fn a_file_without_its_columns_and_a_line_without_an_end_are_refused() {
        assert!(replayed(&mut Lines("who,when\n".as_bytes())).is_err());
        let endless = format!("user,time,ip\n{}", "x".repeat(100_000));
        assert!(replayed(&mut Lines(endless.as_bytes())).is_err());
    }
}
