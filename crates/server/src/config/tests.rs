//! What a configuration accepts and how it refuses.

use std::path::PathBuf;

use super::*;

fn sources(
    file: Option<&str>,
    environment: &[(&str, &str)],
    flags: &[(&str, &str)],
) -> (Sources, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("casemate.toml");
    if let Some(text) = file {
        std::fs::write(&path, text).unwrap();
    }
    let owned = |list: &[(&str, &str)]| -> Vec<(String, String)> {
        list.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    };
    let mut environment: std::collections::BTreeMap<_, _> =
        owned(environment).into_iter().collect();
    environment.entry("HOME".to_owned()).or_insert_with(|| "/home/somebody".to_owned());
    (Sources { flags: owned(flags), environment, file: file.map(|_| path) }, folder)
}

fn refusal(file: Option<&str>, environment: &[(&str, &str)], flags: &[(&str, &str)]) -> String {
    let (sources, _folder) = sources(file, environment, flags);
    Config::load(&sources).unwrap_err().to_string()
}

#[test]
fn flag_wins_over_environment_over_file_over_default() {
    let file = Some("[api]\nlisten = \"127.0.0.1:1\"");
    let environment = [("CASEMATE_API__LISTEN", "127.0.0.1:2")];
    let flags = [("api.listen", "127.0.0.1:3")];
    let port = |file, environment: &[(&str, &str)], flags: &[(&str, &str)]| {
        let (sources, _folder) = sources(file, environment, flags);
        Config::load(&sources).unwrap().api.listen.port()
    };
    assert_eq!(port(None, &[], &[]), 8443);
    assert_eq!(port(file, &[], &[]), 1);
    assert_eq!(port(file, &environment, &[]), 2);
    assert_eq!(port(file, &environment, &flags), 3);
}

#[test]
fn an_unknown_key_is_refused_with_the_nearest_name() {
    let message = "there is no setting api.lisen; did you mean api.listen?";
    assert_eq!(refusal(Some("[api]\nlisen = \"127.0.0.1:1\""), &[], &[]), message);
    assert_eq!(refusal(None, &[("CASEMATE_API__LISEN", "x")], &[]), message);
    assert_eq!(refusal(None, &[], &[("api.lisen", "x")]), message);
}

#[test]
fn a_value_of_the_wrong_kind_names_its_key() {
    for (file, message) in [
        (
            "[api]\nlisten = 8443",
            "api.listen must be an address with a port, such as 127.0.0.1:8443",
        ),
        ("[limits]\nconnections_max = \"many\"", "limits.connections_max must be a whole number"),
        ("[roles]\nrun = \"api\"", "roles.run must be a list of words"),
    ] {
        assert_eq!(refusal(Some(file), &[], &[]), message);
    }
}

#[test]
fn rates_cannot_be_switched_off() {
    for off in ["0", "-1", "4294967295"] {
        let message = refusal(None, &[("CASEMATE_LIMITS__CALLER_PER_MINUTE", off)], &[]);
        assert_eq!(
            message,
            "limits.caller_per_minute: a rate is between 10 and 1000000 per minute; \
             it cannot be switched off"
        );
    }
}

#[test]
fn health_is_for_this_machine_only() {
    assert!(refusal(None, &[], &[("api.health", "0.0.0.0:9443")]).starts_with("api.health: "));
}

#[test]
fn slots_inside_the_data_folder_are_refused() {
    let flags = [("data.folder", "/srv/data"), ("broker.slots", "/srv/data/slots")];
    assert!(refusal(None, &[], &flags).starts_with("broker.slots: "));
    let flags = [("data.folder", "/srv/data"), ("broker.passphrase_file", "/srv/data/word")];
    assert!(refusal(None, &[], &flags).starts_with("broker.passphrase_file: "));
}

#[test]
fn a_broken_file_is_named_with_its_line() {
    let message = refusal(Some("[api]\n\nlisten = = 1\n"), &[], &[]);
    assert!(message.ends_with("is not valid TOML, near line 3"), "{message}");
}

#[test]
fn a_named_file_that_is_missing_is_an_error() {
    let file = Some(PathBuf::from("/nonexistent/casemate.toml"));
    let sources = Sources { file, ..Sources::default() };
    assert!(matches!(Config::load(&sources), Err(ConfigError::Unreadable { .. })));
}

#[test]
fn database_addresses_come_from_files_and_are_never_printed() {
    let (mut sources, folder) = sources(None, &[("CASEMATE_DATABASE__ENGINE", "postgres")], &[]);
    for (key, name) in [("runtime_url_file", "r"), ("platform_url_file", "p")] {
        let path = folder.path().join(name);
        std::fs::write(&path, "postgres://casemate:open-sesame@localhost/casemate\n").unwrap();
        let flag = (format!("database.{key}"), path.display().to_string());
        sources.flags.push(flag);
    }
    let config = Config::load(&sources).unwrap();
    let Engine::Postgres(urls) = &config.database.engine else { panic!("postgres was chosen") };
    assert_eq!(
        urls.runtime.expose_text(),
        Some("postgres://casemate:open-sesame@localhost/casemate")
    );
    assert!(!format!("{config:?}{:?}", Config::check(&sources).unwrap()).contains("open-sesame"));
}

#[test]
fn a_password_written_into_the_file_has_no_key_to_go_to() {
    let message = refusal(Some("[database]\nruntime_url = \"postgres://a:b@c/d\""), &[], &[]);
    assert_eq!(
        message,
        "there is no setting database.runtime_url; did you mean database.runtime_url_file?"
    );
}

#[test]
fn a_security_contact_cannot_add_fields() {
    for contact in ["mailto:a@b.example\nEncryption: x", "ftp://x", "mailto:a b"] {
        assert!(
            refusal(None, &[], &[("security.contact", contact)]).starts_with("security.contact")
        );
    }
}

#[test]
fn the_committed_example_is_valid_and_names_every_setting() {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../casemate.toml");
    let text = std::fs::read_to_string(&path).unwrap();
    let environment = [("HOME".to_owned(), "/home/somebody".to_owned())].into_iter().collect();
    let example = Sources { file: Some(path), environment, flags: Vec::new() };
    Config::load(&example).unwrap();
    for key in KEYS {
        let (_, name) = key.name.split_once('.').unwrap();
        assert!(text.contains(&format!("# {name} = ")), "{} is missing", key.name);
        assert!(text.contains(key.about), "{} has another explanation", key.name);
    }
}

#[test]
fn without_a_mail_server_there_is_none_and_with_one_its_sender_is_needed() {
    let (none, _folder) = sources(None, &[], &[]);
    assert!(Config::load(&none).unwrap().mail.settings.is_none());
    let file = |rest: &str| format!("[mail]\nhost = \"mail.example\"\n{rest}");
    let (whole, _folder) = sources(Some(&file("from = \"casemate@acme.example\"")), &[], &[]);
    let settings = Config::load(&whole).unwrap().mail.settings.unwrap();
    assert_eq!((settings.host.as_str(), settings.port), ("mail.example", 587));
    assert_eq!(settings.tls, outbound::mail::TlsMode::StartTls);
    let from = "from = \"casemate@acme.example\"\n";
    for (rest, key) in [
        (String::new(), "mail.from"),
        (format!("{from}tls = \"none\""), "mail.tls"),
        (format!("{from}tls = \"sometimes\""), "mail.tls"),
        (format!("{from}port = 0"), "mail.port"),
        (format!("{from}user = \"casemate\""), "mail.password_file"),
    ] {
        let told = refusal(Some(&file(&rest)), &[], &[]);
        assert!(told.starts_with(key), "{rest}: {told}");
    }
}

#[test]
fn a_mail_password_comes_from_its_file_and_is_not_printed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("password");
    std::fs::write(&path, "canary-password\n").unwrap();
    let file = format!(
        "[mail]\nhost = \"mail.example\"\nfrom = \"a@b.example\"\nuser = \"casemate\"\n\
         password_file = {path:?}"
    );
    let (given, _folder) = sources(Some(&file), &[], &[]);
    let config = Config::load(&given).unwrap();
    let login = config.mail.settings.as_ref().unwrap().login.as_ref().unwrap();
    assert_eq!(login.password.as_slice(), b"canary-password");
    assert!(!format!("{config:?}").contains("canary"));
}

/// Real keys of public witnesses.
const WITNESSES: [&str; 2] = [
    "remora.n621.de+da77ade7+BOvN63jn/bLvkieywe8R6UYAtVtNbZpXh34x7onlmtw2",
    "witness.stagemole.eu+67f7aea0+BEqSG3yu9YrmcM3BHvQYTxwFj3uSWakQepafafpUqklv",
];

fn witnesses(section: &str) -> Result<WitnessesConfig, ConfigError> {
    let (sources, _folder) = sources(Some(&format!("[witnesses]\n{section}")), &[], &[]);
    Config::load(&sources).map(|config| config.witnesses)
}

#[test]
fn security_logs_are_kept_as_promised_or_longer_and_never_shorter() {
    let days = |text: &str| {
        let (sources, _folder) = sources(Some(&format!("[retention]\n{text}")), &[], &[]);
        Config::load(&sources).map(|config| config.retention.security_log)
    };
    assert_eq!(days("").unwrap(), notary::KeptDays::PROMISED);
    assert_eq!(days("security_log_days = 365").unwrap(), notary::KeptDays::at_least(365).unwrap());
    for refused in ["security_log_days = 89", "security_log_days = 0", "security_log_days = 3661"] {
        assert!(days(refused).is_err(), "{refused}");
    }
}

#[test]
fn witnesses_are_an_address_and_a_key_each_and_more_than_half_are_a_quorum() {
    let [one, two] = WITNESSES;
    let both = format!("ask = [\"https://a.example/w {one}\", \"https://b.example {two}\"]\n");
    let config = witnesses(&both).unwrap();
    assert_eq!((config.ask.len(), config.quorum), (2, 2));
    assert_eq!(config.ask[0].url.as_str(), "https://a.example/w");
    assert_eq!(config.keys()[1].to_string(), two);
    assert_eq!(config.publish_every_ms, domain::limits::PUBLISH_EVERY_MS);
    assert_eq!(witnesses(&format!("{both}quorum = 1")).unwrap().quorum, 1);
    assert_eq!(witnesses("").unwrap().quorum, 0);
    assert_eq!(witnesses("publish_seconds = 10").unwrap().publish_every_ms, 10_000);
}

#[test]
fn witnesses_of_another_form_beyond_the_limit_or_twice_are_refused() {
    let [one, _] = WITNESSES;
    let many: Vec<String> =
        (0..17).map(|number| format!("\"https://w{number}.example {one}\"")).collect();
    for section in [
        format!("ask = [\"{one}\"]"),
        "ask = [\"https://a.example\"]".to_owned(),
        format!("ask = [\"ftp://a.example {one}\"]"),
        format!("ask = [\"https://a.example?x=1 {one}\"]"),
        format!("ask = [\"https://a.example {}\"]", one.replacen("BOvN", "BOvM", 1)),
        format!("ask = [\"https://a.example {one}\", \"https://b.example {one}\"]"),
        format!("ask = [{}]", many.join(", ")),
        format!("ask = [\"https://a.example {one}\"]\nquorum = 2"),
        "quorum = 1".to_owned(),
        "publish_seconds = 9".to_owned(),
        "publish_seconds = 86401".to_owned(),
    ] {
        assert!(witnesses(&section).is_err(), "{section}");
    }
}
