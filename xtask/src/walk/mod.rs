//! The README's walk, done as a new person would: its words typed into a shell on a terminal, its
//! questions answered, in an empty folder, on either engine.
//!
//! Every `$ ` line of the README's `console` blocks under "Five minutes" is typed as it stands. The
//! only word replaced is the one a person replaces: what `up` printed (`LINK`). A line that follows
//! a command and starts with `# ` says what must be seen. At the end Ctrl-C stops the platform, and
//! a second `up` goes on with the same data.

mod person;
mod terminal;

use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use crate::postgres::{Cluster, Durability};
use crate::run::{Failure, cargo, must, root, target};
use person::Person;
use terminal::Terminal;

const STEP_MAX: Duration = Duration::from_secs(60);
const START_MAX: Duration = Duration::from_secs(180);

/// The engine under the walk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Engine {
    /// Embedded files.
    Sqlite,
    /// A server.
    Postgres,
}

/// One typed line and what must be seen after it.
struct Step {
    line: String,
    seen: Vec<String>,
}

/// Does the walk on `engine`, with a PostgreSQL of its own where it needs one.
///
/// # Errors
/// The first step that did not go as the README says.
pub fn run(engine: Engine) -> Result<(), Failure> {
    match engine {
        Engine::Sqlite => run_on(engine, None),
        Engine::Postgres => {
            let cluster = Cluster::start(Durability::Tests)?;
            run_on(engine, Some(&cluster.url()))
        }
    }
}

/// Does the walk on `engine`; `postgres` is a superuser's address.
///
/// # Errors
/// The first step that did not go as the README says.
pub fn run_on(engine: Engine, postgres: Option<&str>) -> Result<(), Failure> {
    must(cargo().args(["build", "--quiet", "--package", "casemate"]))?;
    let steps = steps(&std::fs::read_to_string(root().join("README.md"))?);
    if steps.is_empty() {
        return Err(Failure::new("README.md: no walk under \"Five minutes\""));
    }
    let folder = tempfile::Builder::new().prefix("cm-walk-").tempdir_in("/tmp")?;
    // Started by root, the platform's processes are users of their own who must reach their
    // folders.
    std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o755))?;
    let mut variables = surroundings(folder.path().to_owned());
    if let (Engine::Postgres, Some(url)) = (engine, postgres) {
        variables.extend(prepare_postgres(folder.path().to_owned(), &variables, url)?);
    }
    let mut platform = Terminal::open(&root(), &variables)?;
    platform.wait(&[], STEP_MAX)?;
    let mut person = Person::default();
    platform.type_line("cargo xtask up")?;
    person.read_start(&started(&mut platform)?)?;
    let mut shell = Terminal::open(folder.path(), &variables)?;
    shell.wait(&[], STEP_MAX)?;
    for step in &steps {
        take(&mut shell, &mut person, step)?;
    }
    stop(&mut platform)?;
    platform.type_line("cargo xtask up")?;
    started(&mut platform)?;
    let again =
        Step { line: "casemate whoami".to_owned(), seen: vec!["ada@example.org".to_owned()] };
    take(&mut shell, &mut person, &again)?;
    stop(&mut platform)
}

/// What `up` shows until it is ready. A prompt that comes back with a failure is its end; one
/// without is of the line before, which a busy machine shows late.
fn started(platform: &mut Terminal) -> Result<String, Failure> {
    let mut all = String::new();
    loop {
        let (shown, ready) = platform.wait(&["Ctrl-C stops it."], START_MAX)?;
        all.push_str(&shown);
        if ready.is_some() {
            return Ok(all);
        }
        if terminal::status(&shown) != Some(0) {
            return Err(Failure(format!("`up` ended before it was ready:\n{all}")));
        }
    }
}

/// Ctrl-C, and the prompt comes back without a failure.
fn stop(platform: &mut Terminal) -> Result<(), Failure> {
    platform.interrupt()?;
    let (shown, _) = platform.wait(&[], STEP_MAX)?;
    match terminal::status(&shown) {
        Some(0) => Ok(()),
        other => Err(Failure(format!("`up` ended with {other:?} after Ctrl-C:\n{shown}"))),
    }
}

/// Types one line, answers what is asked, compares what is shown.
fn take(shell: &mut Terminal, person: &mut Person, step: &Step) -> Result<(), Failure> {
    let line = person.fill_in(&step.line);
    println!("  $ {line}");
    shell.type_line(&line)?;
    let mut shown = String::new();
    loop {
        let (new, ending) = shell.wait(person::QUESTIONS, STEP_MAX)?;
        person.read(&new);
        shown.push_str(&new);
        match ending {
            Some(question) => shell.type_line(&person.answer(question)?)?,
            None => break,
        }
    }
    if terminal::status(&shown) != Some(0) {
        return Err(Failure(format!("`{line}` failed:\n{shown}")));
    }
    match step.seen.iter().find(|wanted| !shown.contains(*wanted)) {
        Some(missing) => Err(Failure(format!("`{line}` did not show `{missing}`:\n{shown}"))),
        None => Ok(()),
    }
}

/// The typed lines of the README's walk.
fn steps(readme: &str) -> Vec<Step> {
    let walk = readme.split_once("## Five minutes").map_or("", |(_, rest)| rest);
    let walk = walk.split("\n## ").next().unwrap_or_default();
    let mut steps: Vec<Step> = Vec::new();
    for block in walk.split("```console\n").skip(1) {
        for line in block.split("```").next().unwrap_or_default().lines() {
            if let Some(typed) = line.strip_prefix("$ ") {
                steps.push(Step { line: typed.to_owned(), seen: Vec::new() });
            } else if let (Some(seen), Some(step)) = (line.strip_prefix("# "), steps.last_mut()) {
                step.seen.push(seen.to_owned());
            }
        }
    }
    steps
}

/// A new person's surroundings: an empty home, free ports, the programs just built.
fn surroundings(folder: PathBuf) -> Vec<(String, String)> {
    let path = std::env::var("PATH").unwrap_or_default();
    let at = |name: &str| folder.join(name).display().to_string();
    let cargo_home = std::env::var("CARGO_HOME")
        .or_else(|_| std::env::var("HOME").map(|home| format!("{home}/.cargo")));
    let rustup_home = std::env::var("RUSTUP_HOME")
        .or_else(|_| std::env::var("HOME").map(|home| format!("{home}/.rustup")));
    [
        ("PATH", format!("{}:{path}", target().join("debug").display())),
        ("HOME", at("home")),
        ("XDG_CONFIG_HOME", at("config")),
        ("XDG_DATA_HOME", at("share")),
        ("CASEMATE_DATA", at("data")),
        ("CASEMATE_CONFIG", at("etc")),
        ("CARGO_HOME", cargo_home.unwrap_or_default()),
        ("RUSTUP_HOME", rustup_home.unwrap_or_default()),
        ("CARGO_TARGET_DIR", target().display().to_string()),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .to_vec()
}

/// Roles and schema, and the settings that lead to them.
fn prepare_postgres(
    folder: PathBuf,
    variables: &[(String, String)],
    url: &str,
) -> Result<Vec<(String, String)>, Failure> {
    let file = folder.join("superuser");
    std::fs::write(&file, url)?;
    let out = folder.join("postgres");
    must(
        Command::new(target().join("debug/casemate"))
            .args(["database", "prepare", "--url-file"])
            .arg(&file)
            .arg("--out")
            .arg(&out)
            .envs(variables.iter().cloned()),
    )?;
    let at = |name: &str| out.join(name).display().to_string();
    Ok([
        ("CASEMATE_DATABASE__ENGINE", "postgres".to_owned()),
        ("CASEMATE_DATABASE__RUNTIME_URL_FILE", at("runtime.url")),
        ("CASEMATE_DATABASE__PLATFORM_URL_FILE", at("platform.url")),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_walk_is_the_lines_a_person_types() {
        let walk = "## Five minutes\n```console\n$ a b\nshown\n# must\n```\n";
        let readme = format!("{walk}## Next\n```console\n$ c\n```\n");
        let readme = readme.as_str();
        let steps = steps(readme);
        assert_eq!(steps.len(), 1);
        assert_eq!(
            (steps[0].line.as_str(), steps[0].seen.as_slice()),
            ("a b", ["must".to_owned()].as_slice())
        );
    }

    #[test]
    fn the_terminal_shows_what_a_program_asks_and_says() {
        let mut shell = Terminal::open(std::path::Path::new("/"), &[]).unwrap();
        shell.wait(&[], STEP_MAX).unwrap();
        shell.type_line("read -p 'Who? ' who; echo \"hello $who\"; false").unwrap();
        assert_eq!(shell.wait(&["Who?"], STEP_MAX).unwrap().1, Some(0));
        shell.type_line("you").unwrap();
        let (shown, ending) = shell.wait(&[], STEP_MAX).unwrap();
        assert_eq!(ending, None);
        assert!(shown.contains("hello you"));
        assert_eq!(terminal::status(&shown), Some(1));
    }
}
