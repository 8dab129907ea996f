//! Mail: one letter at a time to the operator's own server, over SMTP.
//!
//! Always true
//! 1. To a server that is not this machine nothing is sent without TLS: no letter, no password. A
//!    server that does not offer it gets nothing (RFC 8314).
//! 2. A letter has one sender and one recipient, both typed addresses, and a subject that the
//!    program itself holds: no text of a person's reaches a header.
//! 3. A letter is handed over within [`domain::limits::MAIL_SEND_MS_MAX`], or the try has failed.
//!
//! Never: another recipient, an attachment, a second try by itself.

mod letter;
mod mailer;
mod settings;

pub use letter::Letter;
pub use mailer::{Mailer, NotSent};
pub use settings::{Login, MailSettings, SettingsError, TlsMode};
