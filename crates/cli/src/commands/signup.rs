//! `signup`: an account from a link and its code, with a password, an authenticator and ten backup
//! codes.
//!
//! Always true: the link names an enrolment and opens nothing; code, password and authenticator
//! code are typed, piped or read from files. The backup codes are shown once and kept only where
//! the person puts them.

use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use domain::{EmailAddress, EnrolmentId, InvitationId};
use qrcode::render::unicode::Dense1x2;
use qrcode::{EcLevel, QrCode};
use serde::{Deserialize, Serialize};
use serde_json::json;
use url::Url;
use zeroize::Zeroizing;

use super::Context;
use super::first_contact::{self, Contact, Earlier};
use crate::client::{Call, Credential, HolderKey, operations as op};
use crate::credentials::Issued;
use crate::failure::Failure;
use crate::hidden::Hidden;
use crate::output;
use crate::prompt::{Prompt, Question, Stdin};

/// Create your account from a link and its code
#[derive(Debug, clap::Args)]
pub struct Signup {
    /// The link, or the id in it
    #[arg(long, value_name = "LINK")]
    link: Link,
    /// Your e-mail address [asked for when not given]
    #[arg(long)]
    email: Option<EmailAddress>,
    /// Read the link's code from this file ("-" for stdin)
    #[arg(long, value_name = "FILE")]
    code_file: Option<PathBuf>,
    /// Read the new password from this file ("-" for stdin)
    #[arg(long, value_name = "FILE")]
    password_file: Option<PathBuf>,
    /// Also write the backup codes into this new file, readable by you alone
    #[arg(long, value_name = "FILE")]
    save_codes: Option<PathBuf>,
}

/// A link, or only the id in it.
#[derive(Debug, Clone)]
pub(crate) struct Link {
    /// What the link names.
    pub(crate) id: InvitationId,
    /// The server it leads to.
    pub(crate) server: Option<Url>,
}

impl std::str::FromStr for Link {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, &'static str> {
        if let Ok(id) = text.parse() {
            return Ok(Self { id, server: None });
        }
        let no_link = "a link ends in an id, like https://HOST/signup/0192...";
        let url: Url = text.parse().map_err(|_| no_link)?;
        let last = url.fragment().or_else(|| url.path_segments()?.next_back()).unwrap_or_default();
        let id = last.parse().map_err(|_| no_link)?;
        let server = url.join("/").map_err(|_| no_link)?;
        Ok(Self { id, server: Some(server) })
    }
}

#[derive(Serialize)]
pub(crate) struct EnrolRequest<'a> {
    pub(crate) link: InvitationId,
    pub(crate) code: &'a str,
    pub(crate) email: &'a EmailAddress,
    pub(crate) password: &'a str,
}

#[derive(Deserialize)]
pub(crate) struct EnrolResponse {
    pub(crate) enrolment_id: EnrolmentId,
    #[serde(flatten)]
    pub(crate) authenticator: Authenticator,
}

/// The secret of a new authenticator.
#[derive(Deserialize)]
pub(crate) struct Authenticator {
    pub(crate) totp_uri: Hidden,
    pub(crate) totp_secret: Hidden,
}

#[derive(Serialize)]
pub(crate) struct ConfirmRequest<'a> {
    pub(crate) totp_code: &'a str,
}

#[derive(Deserialize)]
pub(crate) struct ConfirmResponse {
    pub(crate) backup_codes: Vec<Hidden>,
    #[serde(flatten)]
    pub(crate) issued: Issued,
}

/// Asks, enrols, shows the authenticator's secret, confirms it and signs in.
///
/// Errors: the code, password or authenticator code is refused; nobody can be asked.
pub(crate) async fn run(arguments: &Signup, context: &Context) -> Result<(), Failure> {
    if let Some(path) = arguments.save_codes.as_deref().filter(|path| path.exists()) {
        let source = std::io::ErrorKind::AlreadyExists.into();
        return Err(Failure::File { what: "write", path: path.to_owned(), source });
    }
    let link = &arguments.link;
    let contact = first_contact::meet(context, link.server.clone(), Earlier::Holds).await?;
    let enrolment = enrol(arguments, &contact).await?;
    show_authenticator(context, &enrolment.authenticator)?;
    let key = HolderKey::fresh();
    let confirmed = confirm(context, &contact, &enrolment, &key).await?;
    contact.sign_in(context, confirmed.issued, key).await?;
    show_codes(context, &confirmed.backup_codes, arguments.save_codes.as_deref())?;
    context
        .output
        .note("You are signed in. Next: `casemate workspaces create NAME`, or `casemate whoami`.");
    Ok(())
}

async fn enrol(arguments: &Signup, contact: &Contact) -> Result<EnrolResponse, Failure> {
    let prompt = Prompt::new(Stdin::Answers);
    let code = prompt.hidden(&Question {
        label: "Code that came with the link",
        flag: "--code-file",
        file: arguments.code_file.as_deref(),
    })?;
    let email = match &arguments.email {
        Some(email) => email.clone(),
        None => email(&prompt)?,
    };
    let password = prompt.new_password(&Question {
        label: "New password, at least 12 characters",
        flag: "--password-file",
        file: arguments.password_file.as_deref(),
    })?;
    let request = EnrolRequest {
        link: arguments.link.id,
        code: code.trim(),
        email: &email,
        password: &password,
    };
    let call = Call::new(op::ENROL, &[]).body(&request)?;
    Ok(contact.transport.call(&call, None).await?.json()?)
}

/// Asks for an e-mail address.
///
/// Errors: it is none.
pub(super) fn email(prompt: &Prompt) -> Result<EmailAddress, Failure> {
    let text = prompt.line(&Question { label: "E-mail", flag: "--email", file: None })?;
    EmailAddress::parse(text.trim()).map_err(|error| {
        Failure::input(format!("{text:?} is no e-mail address: {error}"), "Check the address.")
    })
}

/// Shows the secret of a new authenticator, as a picture too where one can be drawn.
///
/// Errors: nothing can be written.
pub(super) fn show_authenticator(context: &Context, new: &Authenticator) -> Result<(), Failure> {
    let (uri, secret) = (&*new.totp_uri, &*new.totp_secret);
    let value = json!({ "totp_uri": uri, "totp_secret": secret });
    if context.output.draws()
        && let Some(picture) = drawn(uri, context.output.paints())
    {
        output::stdout(&picture)?;
    }
    context.output.result(&value, |_| {
        format!("Add this to your authenticator:\n  secret  {secret}\n  link    {uri}")
    })
}

/// The text as a QR code, black on white whatever the terminal's colours are. Without colours the
/// terminal is taken for a dark one, as most are: what is printed is light.
fn drawn(text: &str, in_colour: bool) -> Option<String> {
    let code = QrCode::with_error_correction_level(text, EcLevel::L).ok()?;
    let mut picture = code.render::<Dense1x2>();
    if !in_colour {
        let picture = picture.dark_color(Dense1x2::Light).light_color(Dense1x2::Dark).build();
        return Some(picture);
    }
    let picture = picture.dark_color(Dense1x2::Dark).light_color(Dense1x2::Light).build();
    Some(picture.lines().map(|line| format!("\u{1b}[30;107m{line}\u{1b}[0m\n")).collect())
}

async fn confirm(
    context: &Context,
    contact: &Contact,
    enrolment: &EnrolResponse,
    key: &HolderKey,
) -> Result<ConfirmResponse, Failure> {
    let code = Prompt::new(Stdin::Answers).hidden(&Question {
        label: "Code your authenticator shows now",
        flag: "--totp-file",
        file: context.totp_file.as_deref(),
    })?;
    let request = ConfirmRequest { totp_code: code.trim() };
    let call = Call::new(op::ENROL_CONFIRM, &[&enrolment.enrolment_id]).body(&request)?;
    Ok(contact.transport.call(&call, Some(Credential::Key(key))).await?.json()?)
}

/// Shows backup codes, and writes them into a new file where that is wanted.
///
/// Errors: the file cannot be written.
pub(super) fn show_codes(
    context: &Context,
    codes: &[Hidden],
    file: Option<&Path>,
) -> Result<(), Failure> {
    let codes: Vec<&str> = codes.iter().map(|code| &**code).collect();
    context.output.result(&json!({ "backup_codes": codes }), |_| {
        format!("Backup codes, each works once and none is shown again:\n  {}", codes.join("\n  "))
    })?;
    if let Some(path) = file {
        save(path, &codes)?;
        context.output.note(&format!("The codes are also in {}.", path.display()));
    }
    Ok(())
}

fn save(path: &Path, codes: &[&str]) -> Result<(), Failure> {
    let mut text = Zeroizing::new(codes.join("\n"));
    text.push('\n');
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
        .and_then(|mut file| file.write_all(text.as_bytes()).and_then(|()| file.sync_all()))
        .map_err(|source| Failure::File { what: "write", path: path.to_owned(), source })
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "01920000-0000-7000-8000-000000000001";

    #[test]
    fn a_link_is_an_id_or_ends_in_one() {
        let link: Link = ID.parse().unwrap();
        assert_eq!((link.id.to_string().as_str(), link.server), (ID, None));
        for text in [format!("https://h:8443/signup/{ID}"), format!("https://h:8443/#{ID}")] {
            let link: Link = text.parse().unwrap();
            assert_eq!(link.id.to_string(), ID);
            assert_eq!(link.server.unwrap().as_str(), "https://h:8443/");
        }
    }

    #[test]
    fn other_text_is_no_link() {
        for text in ["", "x", "https://h/signup/", "https://h/signup/nope"] {
            assert!(text.parse::<Link>().is_err(), "{text}");
        }
    }

    #[test]
    fn backup_codes_are_saved_for_their_owner_and_overwrite_nothing() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("codes");
        save(&path, &["a", "b"]).unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "a\nb\n");
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert!(save(&path, &["c"]).is_err());
    }

    #[test]
    fn the_dark_corner_of_the_picture_is_black_with_colours_and_unprinted_without() {
        let text = "otpauth://totp/Casemate:a@b.example?secret=ABC&issuer=Casemate";
        // The quiet zone is four modules, two lines; then a corner begins with seven dark modules.
        let corner = |in_colour| {
            let picture = drawn(text, in_colour).unwrap();
            let line = picture.lines().nth(2).unwrap().to_owned();
            let module = |c: &char| matches!(c, ' ' | '\u{2580}' | '\u{2584}' | '\u{2588}');
            line.chars().filter(module).nth(4).unwrap()
        };
        assert_eq!((corner(true), corner(false)), ('\u{2588}', ' '));
    }
}
