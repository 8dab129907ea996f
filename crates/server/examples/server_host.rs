//! The server as a process of its own, for the tests in `tests/it/process.rs`.
//!
//! `server_host` serves with the settings of its environment. `server_host confined DATA FILE...`
//! gives up everything that `serve` gives up over the data folder DATA, and says of each FILE
//! whether it can still be read.

use std::path::PathBuf;
use std::process::ExitCode;

use server::config::{Config, Sources};
use server::confine::{Reach, confine};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.split_first() {
        Some((word, rest)) if word == "confined" => confined(rest),
        _ => served(),
    }
}

fn served() -> ExitCode {
    tracing_subscriber::fmt().with_writer(std::io::stderr).init();
    let sources = Sources::of_process(Vec::new(), None);
    let outcome = Config::load(&sources)
        .map_err(|error| error.to_string())
        .and_then(|config| server::serve(config).map_err(|error| error.to_string()));
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("error: {message}");
            ExitCode::FAILURE
        }
    }
}

fn confined(arguments: &[String]) -> ExitCode {
    let Some((data, files)) = arguments.split_first() else { return ExitCode::FAILURE };
    let data = PathBuf::from(data);
    let written = vec![data.join("tenants"), data.join("run")];
    match confine(&Reach { data, written, read: Vec::new() }) {
        Ok(confinement) => println!("{confinement:?}"),
        Err(error) => {
            eprintln!("error: {error}");
            return ExitCode::FAILURE;
        }
    }
    for file in files {
        let outcome = if std::fs::read(file).is_ok() { "read" } else { "refused" };
        println!("{outcome} {file}");
    }
    ExitCode::SUCCESS
}
