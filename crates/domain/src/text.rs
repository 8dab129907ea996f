//! Text that people type, with its limits: names, e-mail addresses, variable names, user agents.
//!
//! Always true: a value of these types is within its limit and holds no control character.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::limits;

/// Why a text was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TextError {
    /// Nothing was given.
    #[error("it must not be empty")]
    Empty,
    /// Longer than the limit.
    #[error("it is longer than {max} characters")]
    TooLong {
        /// The limit, in characters.
        max: usize,
    },
    /// A character that is not allowed here.
    #[error("it holds a character that is not allowed here")]
    Character,
    /// Not of the expected form.
    #[error("it is not of the expected form")]
    Form,
}

macro_rules! text {
    ($(#[$doc:meta])* $name:ident, $check:path) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// The text, if it is within the rules of this type.
            ///
            /// # Errors
            /// [`TextError`] says which rule it broke.
            pub fn parse(text: &str) -> Result<Self, TextError> {
                $check(text).map(Self)
            }

            /// The text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = TextError;
            fn try_from(text: String) -> Result<Self, TextError> {
                Self::parse(&text)
            }
        }

        impl From<$name> for String {
            fn from(text: $name) -> Self {
                text.0
            }
        }

        impl std::str::FromStr for $name {
            type Err = TextError;
            fn from_str(text: &str) -> Result<Self, TextError> {
                Self::parse(text)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{:?}", self.0)
            }
        }
    };
}

text! {
    /// What a workspace, project or environment is called: 1 to 63 of `a-z 0-9 -`, a letter first,
    /// no `-` last. It is also a part of URLs and host names (RFC 1123 label).
    Name, name_rule
}
text! {
    /// An e-mail address, lower-cased: at most 254 characters (RFC 5321 section 4.5.3.1.3), ASCII.
    EmailAddress, email_rule
}
text! {
    /// An e-mail domain, lower-cased: two labels or more, at most 253 characters, ASCII.
    DomainName, domain_rule
}
text! {
    /// The address of an OpenID provider, as its tokens spell it: `https://`, no query, no
    /// fragment, no user name; at most 255 characters.
    Issuer, issuer_rule
}
text! {
    /// What a secret is called: the POSIX form of an environment variable's name, at most 128
    /// characters.
    VariableName, variable_rule
}
text! {
    /// What a client calls itself: at most 256 printable characters.
    UserAgent, user_agent_rule
}
text! {
    /// What a client says about its machine or version: 1 to 100 characters on one line.
    ClientLabel, client_label_rule
}
text! {
    /// Why a person looks at a value, or an operator acts on an account: 1 to 500 characters on one
    /// line, not only spaces.
    Reason, reason_rule
}
text! {
    /// What a person calls their passkey: 1 to 64 characters on one line, not only spaces.
    PasskeyName, passkey_name_rule
}
text! {
    /// The program that somebody starts with secrets, as they name it: at most 256 characters on
    /// one line.
    ProgramName, program_rule
}

impl EmailAddress {
    /// The domain after the `@`.
    #[must_use]
    pub fn domain(&self) -> Option<DomainName> {
        let (_, domain) = self.0.rsplit_once('@')?;
        DomainName::parse(domain).ok()
    }
}

fn within(text: &str, max: usize) -> Result<(), TextError> {
    match text.chars().count() {
        0 => Err(TextError::Empty),
        n if n > max => Err(TextError::TooLong { max }),
        _ => Ok(()),
    }
}

fn name_rule(text: &str) -> Result<String, TextError> {
    within(text, limits::NAME_CHARS_MAX)?;
    if !text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-') {
        return Err(TextError::Character);
    }
    if !text.starts_with(|c: char| c.is_ascii_lowercase()) || text.ends_with('-') {
        return Err(TextError::Form);
    }
    Ok(text.to_owned())
}

fn domain_rule(text: &str) -> Result<String, TextError> {
    within(text, 253)?;
    if !text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'.') {
        return Err(TextError::Character);
    }
    let label = |label: &str| {
        !label.is_empty() && label.len() <= 63 && !label.starts_with('-') && !label.ends_with('-')
    };
    if text.split('.').count() < 2 || !text.split('.').all(label) {
        return Err(TextError::Form);
    }
    Ok(text.to_ascii_lowercase())
}

/// Plain http is a spelling that the guarded client refuses, except to what the operator allowed.
fn issuer_rule(text: &str) -> Result<String, TextError> {
    within(text, limits::ISSUER_CHARS_MAX)?;
    if !text.bytes().all(|b| b.is_ascii_graphic() && !b"?#@\\\"<>".contains(&b)) {
        return Err(TextError::Character);
    }
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    match rest {
        Some(rest) if !rest.is_empty() && !rest.starts_with('/') => Ok(text.to_owned()),
        _ => Err(TextError::Form),
    }
}

fn email_rule(text: &str) -> Result<String, TextError> {
    within(text, limits::EMAIL_CHARS_MAX)?;
    if !text.bytes().all(|b| b.is_ascii_graphic()) {
        return Err(TextError::Character);
    }
    let (local, domain) = text.rsplit_once('@').ok_or(TextError::Form)?;
    let domain_ok = domain.split('.').count() >= 2
        && domain.split('.').all(|label| {
            !label.is_empty()
                && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
                && !label.starts_with('-')
                && !label.ends_with('-')
        });
    let local_ok = !local.is_empty()
        && local.len() <= 64
        && local.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+/=?^_`{|}~.-".contains(&b))
        && !local.starts_with('.')
        && !local.ends_with('.')
        && !local.contains("..");
    if domain_ok && local_ok { Ok(text.to_ascii_lowercase()) } else { Err(TextError::Form) }
}

fn variable_rule(text: &str) -> Result<String, TextError> {
    within(text, limits::VARIABLE_NAME_CHARS_MAX)?;
    if !text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_') {
        return Err(TextError::Character);
    }
    if text.starts_with(|c: char| c.is_ascii_digit()) {
        return Err(TextError::Form);
    }
    Ok(text.to_owned())
}

fn user_agent_rule(text: &str) -> Result<String, TextError> {
    line(text, limits::USER_AGENT_CHARS_MAX)
}

fn client_label_rule(text: &str) -> Result<String, TextError> {
    line(text.trim(), limits::CLIENT_LABEL_CHARS_MAX)
}

fn reason_rule(text: &str) -> Result<String, TextError> {
    line(text.trim(), limits::REASON_CHARS_MAX)
}

fn passkey_name_rule(text: &str) -> Result<String, TextError> {
    line(text.trim(), limits::PASSKEY_NAME_CHARS_MAX)
}

fn program_rule(text: &str) -> Result<String, TextError> {
    line(text, limits::PROGRAM_CHARS_MAX)
}

fn line(text: &str, max: usize) -> Result<String, TextError> {
    within(text, max)?;
    if text.chars().any(char::is_control) {
        return Err(TextError::Character);
    }
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn check<T>(
        parse: impl Fn(&str) -> Result<T, TextError>,
        text: &str,
        answer: Option<TextError>,
    ) {
        assert_eq!(parse(text).err(), answer, "{text:?}");
    }

    #[test]
    fn a_name_is_a_host_label() {
        use TextError::{Character, Empty, Form, TooLong};
        let long = "a".repeat(63);
        for name in ["a", "web-1", "a--b", long.as_str()] {
            check(Name::parse, name, None);
        }
        check(Name::parse, "", Some(Empty));
        check(Name::parse, &"a".repeat(64), Some(TooLong { max: 63 }));
        for name in ["Web", "a_b", "a.b", "a b", "..", "a/b", "caf\u{e9}", "a\0"] {
            check(Name::parse, name, Some(Character));
        }
        for name in ["1a", "-a", "a-", "-"] {
            check(Name::parse, name, Some(Form));
        }
    }

    #[test]
    fn an_address_has_one_spelling() {
        let parsed = EmailAddress::parse("Ada.Lovelace+x@Example.ORG").unwrap();
        assert_eq!(parsed.as_str(), "ada.lovelace+x@example.org");
        check(EmailAddress::parse, "ada\u{430}@example.org", Some(TextError::Character));
        check(EmailAddress::parse, "a\r\nBcc: b@example.org", Some(TextError::Character));
        for text in
            ["ada", "@a.b", "a@b", "a@.b", "a@b.", "a..b@c.d", "a@b@c.d", "<a@b.c>", "a@-b.c"]
        {
            check(EmailAddress::parse, text, Some(TextError::Form));
        }
    }

    #[test]
    fn a_variable_is_what_a_shell_accepts_and_keeps_its_case() {
        assert_ne!(VariableName::parse("Token").unwrap(), VariableName::parse("TOKEN").unwrap());
        for text in ["A=B", "A B", "A-B", "A.B", "A\0", "A\n", "\u{391}"] {
            check(VariableName::parse, text, Some(TextError::Character));
        }
        check(VariableName::parse, "1A", Some(TextError::Form));
        check(VariableName::parse, &"A".repeat(129), Some(TextError::TooLong { max: 128 }));
        check(VariableName::parse, "_", None);
    }

    #[test]
    fn a_user_agent_cannot_write_a_log_line_of_its_own() {
        check(UserAgent::parse, "curl/8\nINFO all is well", Some(TextError::Character));
        check(UserAgent::parse, "curl/8 \u{1b}[2J", Some(TextError::Character));
        check(UserAgent::parse, "curl/8 (linux)", None);
    }

    #[test]
    fn a_reason_says_something() {
        check(Reason::parse, "   ", Some(TextError::Empty));
        check(Reason::parse, "rotating\nthe key", Some(TextError::Character));
        check(Reason::parse, &"x".repeat(501), Some(TextError::TooLong { max: 500 }));
        assert_eq!(Reason::parse(" incident 7 ").unwrap().as_str(), "incident 7");
        check(ProgramName::parse, "./manage.py", None);
    }

    proptest! {
        #[test]
        fn every_accepted_text_is_within_its_limit_and_parses_to_itself(text in ".{0,300}") {
            if let Ok(name) = Name::parse(&text) {
                prop_assert!(text.len() <= limits::NAME_CHARS_MAX && name.as_str() == text);
            }
            if let Ok(name) = VariableName::parse(&text) {
                prop_assert!(text.len() <= limits::VARIABLE_NAME_CHARS_MAX);
                prop_assert_eq!(name.as_str(), text.as_str());
            }
            if let Ok(email) = EmailAddress::parse(&text) {
                prop_assert_eq!(EmailAddress::parse(email.as_str()), Ok(email.clone()));
            }
        }

        #[test]
        fn json_passes_the_same_rules(text in "[a-zA-Z0-9_@.\\- \n]{0,80}") {
            let json = serde_json::to_string(&text).unwrap();
            let name = serde_json::from_str::<Name>(&json).ok();
            prop_assert_eq!(name, Name::parse(&text).ok());
            let variable = serde_json::from_str::<VariableName>(&json).ok();
            prop_assert_eq!(variable, VariableName::parse(&text).ok());
        }
    }
}
