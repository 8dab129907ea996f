//! From a link to a stored sign-in, without a terminal.

use serde_json::json;

use crate::bystander;
use crate::house::{ACCESS, Ended, FAR, Machine, REFRESH, server, tokens};
use crate::server::{Reply, Server};

pub(crate) const LINK: &str = "01920000-0000-7000-8000-000000000001";
const ENROLMENT: &str = "01920000-0000-7000-8000-000000000002";

pub(crate) fn enrolling() -> Server {
    server(|asked| match asked.line().as_str() {
        "POST /v1/enrolments" => Some(Reply::json(json!({
            "enrolment_id": ENROLMENT,
            "totp_uri": "otpauth://totp/Casemate:ada%40example.com?secret=JBSWY3DPEHPK3PXP",
            "totp_secret": "JBSWY3DPEHPK3PXP",
        }))),
        line if line == format!("POST /v1/enrolments/{ENROLMENT}/confirm") => {
            let codes: Vec<String> = (0..10).map(|n| format!("CODE-{n}")).collect();
            let mut answer = tokens(ACCESS, REFRESH, FAR);
            answer["backup_codes"] = json!(codes);
            answer["user"] = json!({ "email": "ada@example.com" });
            Some(Reply::json(answer))
        }
        _ => None,
    })
}

fn signup(machine: &Machine, server: &Server, more: &[&str], input: &[u8]) -> Ended {
    let link = format!("{}signup/{LINK}", server.url);
    let fingerprint = server.identity.fingerprint();
    let mut arguments = vec!["signup", "--link", &link, "--fingerprint", &fingerprint];
    arguments.extend(more);
    machine.piped(&arguments, input)
}

const ANSWERS: &[u8] = b"LINK-CODE\nada@example.com\ncorrect horse battery\n123456\n";

#[test]
fn a_pipe_answers_every_question_in_order() {
    let (machine, server) = (Machine::new(), enrolling());
    let ended = signup(&machine, &server, &[], ANSWERS);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let asked = server.asked();
    assert_eq!(
        asked[0].body,
        json!({ "link": LINK, "code": "LINK-CODE", "email": "ada@example.com",
            "password": "correct horse battery" })
    );
    assert_eq!(asked[1].body, json!({ "totp_code": "123456" }));
    assert!(ended.out.contains("JBSWY3DPEHPK3PXP") && ended.out.contains("CODE-9"));
    assert!(machine.has_session());
}

#[test]
fn files_answer_every_question_too() {
    let (machine, server) = (Machine::new(), enrolling());
    let code = machine.file("code", "LINK-CODE\n");
    let password = machine.file("password", "correct horse battery\n");
    let totp = machine.file("totp", "123456\n");
    let saved = machine.path("codes");
    let flags = [
        "--email",
        "ada@example.com",
        "--code-file",
        code.to_str().unwrap(),
        "--password-file",
        password.to_str().unwrap(),
        "--totp-file",
        totp.to_str().unwrap(),
        "--save-codes",
        saved.to_str().unwrap(),
        "--json",
    ];
    let ended = signup(&machine, &server, &flags, b"");
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let lines = ended.json();
    assert_eq!(lines[0]["totp_secret"], "JBSWY3DPEHPK3PXP");
    assert_eq!(lines[1]["backup_codes"].as_array().unwrap().len(), 10);
    assert!(std::fs::read_to_string(saved).unwrap().starts_with("CODE-0\nCODE-1\n"));
}

#[test]
fn neither_tokens_nor_password_are_on_disk_in_any_spelling() {
    let (machine, server) = (Machine::new(), enrolling());
    assert_eq!(signup(&machine, &server, &[], ANSWERS).code, Some(0));
    for secret in [ACCESS, REFRESH, "correct horse battery", "JBSWY3DPEHPK3PXP", "CODE-9"] {
        let found = bystander::finds(&machine.configuration(), secret);
        assert!(found.is_empty(), "{secret} is in {found:?}");
    }
}

#[test]
fn every_file_is_for_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let (machine, server) = (Machine::new(), enrolling());
    assert_eq!(signup(&machine, &server, &[], ANSWERS).code, Some(0));
    let mut folders = vec![machine.configuration()];
    let mut files = 0;
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let mode = path.metadata().unwrap().permissions().mode() & 0o777;
            let wanted = if path.is_dir() { 0o700 } else { 0o600 };
            assert_eq!(mode, wanted, "{}", path.display());
            if path.is_dir() { folders.push(path) } else { files += 1 }
        }
    }
    assert!(files >= 2);
}

#[test]
fn a_file_for_the_codes_that_exists_is_noticed_before_anything_is_spent() {
    let (machine, server) = (Machine::new(), enrolling());
    let saved = machine.file("codes", "other\n");
    let ended = signup(&machine, &server, &["--save-codes", saved.to_str().unwrap()], ANSWERS);
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(server.asked().is_empty());
    assert_eq!(std::fs::read_to_string(saved).unwrap(), "other\n");
}

#[test]
fn a_wrong_code_leaves_nobody_signed_in() {
    let refusing = server(|asked| {
        (asked.path == "/v1/enrolments").then(|| Reply::problem(401, "auth.invalid"))
    });
    let machine = Machine::new();
    let ended = signup(&machine, &refusing, &[], ANSWERS);
    assert_eq!(ended.code, Some(3), "{ended:?}");
    assert!(!machine.has_session() && ended.err.contains("req-1"), "{ended:?}");
}
