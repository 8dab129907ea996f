//! The command line itself: its help as one golden text, and what is made from it.

use crate::house::Machine;

const GOLDEN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/help.txt");

/// Where the help of today is put when it is another.
const FRESH: &str = concat!(env!("CARGO_TARGET_TMPDIR"), "/help.txt");

/// Every command and verb, as they appear in the help of the level above.
fn commands(machine: &Machine, path: &[&str]) -> Vec<Vec<String>> {
    let mut arguments = path.to_vec();
    arguments.push("--help");
    let help = machine.run(&arguments).out;
    let mut all = vec![path.iter().map(|word| (*word).to_owned()).collect()];
    let listed = help.lines().skip_while(|line| *line != "Commands:").skip(1);
    for line in listed.take_while(|line| line.starts_with("  ")) {
        let name = line.split_whitespace().next().unwrap();
        if name != "help" {
            let deeper = [path, &[name]].concat();
            all.extend(commands(machine, &deeper));
        }
    }
    all
}

#[test]
fn the_whole_help_is_the_golden_text() {
    let machine = Machine::new();
    let mut text = String::new();
    for path in commands(&machine, &[]) {
        let mut arguments: Vec<&str> = path.iter().map(String::as_str).collect();
        arguments.push("--help");
        let ended = machine.run(&arguments);
        assert_eq!(ended.code, Some(0), "{ended:?}");
        text.push_str(&format!("# casemate {}\n\n{}\n", path.join(" "), ended.out));
    }
    let golden = std::fs::read_to_string(GOLDEN).unwrap_or_default();
    if text != golden {
        std::fs::write(FRESH, &text).unwrap();
    }
    assert!(text == golden, "the help changed: compare {FRESH} with {GOLDEN}, then copy it over");
}

#[test]
fn no_flag_takes_a_secret() {
    let golden = std::fs::read_to_string(GOLDEN).unwrap();
    for flag in ["--password <", "--code <", "--totp <", "--value <", "--token <", "--secret <"] {
        assert!(!golden.contains(flag), "{flag}");
    }
}

#[test]
fn every_shell_gets_its_completions() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let ended = Machine::new().run(&["completions", shell]);
        assert_eq!(ended.code, Some(0), "{ended:?}");
        assert!(ended.out.contains("casemate") && ended.out.contains("workspaces"), "{shell}");
    }
}

#[test]
fn man_pages_are_written_for_every_command() {
    let machine = Machine::new();
    let folder = machine.path("man");
    let ended = machine.run(&["manpages", folder.to_str().unwrap()]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    for page in ["casemate.1", "casemate-run.1", "casemate-secrets-set.1"] {
        assert!(folder.join(page).exists(), "{page}");
    }
}

#[test]
fn commands_without_a_sign_in_ask_for_one() {
    let machine = Machine::new();
    let lists = ["sessions", "workspaces", "members", "invitations", "projects", "keys", "audit"];
    for noun in lists {
        let ended = machine.run(&[noun, "list"]);
        assert_eq!(ended.code, Some(3), "{noun}: {ended:?}");
        assert!(ended.err.contains("casemate login"), "{noun}: {ended:?}");
    }
    for command in ["whoami", "logout"] {
        assert_eq!(machine.run(&[command]).code, Some(3), "{command}");
    }
}

#[test]
fn a_profile_cannot_leave_its_folder() {
    for profile in ["../x", "/x", "", ".", "A"] {
        let ended = Machine::new().run(&["whoami", "--profile", profile]);
        assert_eq!(ended.code, Some(2), "{profile:?}: {ended:?}");
    }
}
