//! One letter: to one person, as text and as HTML.

use domain::{EmailAddress, NoticeId};
use lettre::message::header::{Header, HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart};
use lettre::{Address, Message};

/// A letter to one person.
#[derive(Clone, PartialEq, Eq)]
pub struct Letter {
    /// Which message it is. Its `Message-ID` is made from it, so that a mailbox can tell a letter
    /// that came twice.
    pub notice: NoticeId,
    /// Whom it is for.
    pub to: EmailAddress,
    /// What it is about, in the program's own words.
    pub subject: &'static str,
    /// The letter as text.
    pub text: String,
    /// The same as HTML.
    pub html: String,
}

/// A letter may hold a code, so its words are not printed.
impl std::fmt::Debug for Letter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Letter").field("notice", &self.notice).finish_non_exhaustive()
    }
}

/// No robot answers it (RFC 3834).
#[derive(Clone)]
struct AutoSubmitted;

impl Header for AutoSubmitted {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("Auto-Submitted")
    }

    fn parse(_: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Self)
    }

    fn display(&self) -> HeaderValue {
        HeaderValue::new(Self::name(), "auto-generated".to_owned())
    }
}

impl Letter {
    /// The letter in the form of RFC 5322. `None`: an address that the mail library does not take.
    pub(super) fn message(&self, from: &EmailAddress) -> Option<Message> {
        let sender: Address = from.as_str().parse().ok()?;
        let recipient: Address = self.to.as_str().parse().ok()?;
        let id = format!("<{}@{}>", self.notice, sender.domain());
        Message::builder()
            .from(Mailbox::new(Some("Casemate".to_owned()), sender))
            .to(Mailbox::new(None, recipient))
            .subject(self.subject)
            .message_id(Some(id))
            .header(AutoSubmitted)
            .multipart(MultiPart::alternative_plain_html(self.text.clone(), self.html.clone()))
            .ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn letter(to: &str) -> Letter {
        Letter {
            notice: uuid_of(7),
            to: EmailAddress::parse(to).unwrap(),
            subject: "A subject",
            text: "Hello\r\n.\r\nBcc: eve@evil.example\r\n".to_owned(),
            html: "<p>Hello</p>".to_owned(),
        }
    }

    fn uuid_of(last: u8) -> NoticeId {
        format!("0192d3a4-7b1c-7def-8a00-0000000000{last:02x}").parse().unwrap()
    }

    #[test]
    fn a_letter_has_one_sender_one_recipient_and_an_id_of_its_own() {
        let from = EmailAddress::parse("casemate@acme.example").unwrap();
        let bytes = letter("ada@example.org").message(&from).unwrap().formatted();
        let text = String::from_utf8(bytes).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        assert!(head.contains("From: Casemate <casemate@acme.example>"), "{head}");
        assert!(head.contains("To: ada@example.org"), "{head}");
        assert!(head.contains(&format!("Message-ID: <{}@acme.example>", uuid_of(7))), "{head}");
        assert!(head.contains("Auto-Submitted: auto-generated"), "{head}");
        assert!(!head.to_lowercase().contains("bcc"), "{head}");
        assert!(body.contains("text/plain") && body.contains("text/html"), "{body}");
    }

    #[test]
    fn an_address_that_would_write_a_header_does_not_exist() {
        for text in ["a@b.example\r\nBcc: c@d.example", "a@b.example\nX: y", "a@b.example\0"] {
            assert!(EmailAddress::parse(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn a_letters_words_are_not_printed() {
        let shown = format!("{:?}", letter("ada@example.org"));
        assert!(!shown.contains("Hello") && !shown.contains("ada"), "{shown}");
    }
}
