//! `keys report`.

use std::path::PathBuf;

use serde::Serialize;
use serde_json::json;

use crate::client::{Call, operations as op};
use crate::commands::Context;
use crate::commands::first_contact::{self, Earlier};
use crate::failure::Failure;
use crate::prompt::{Prompt, Question, Stdin};

/// End a key that was found where it should not be; needs no sign-in
#[derive(Debug, clap::Args)]
pub struct Report {
    /// Read the key from this file ("-" for stdin)
    #[arg(long, value_name = "FILE")]
    key_file: Option<PathBuf>,
}

#[derive(Serialize)]
pub(crate) struct Request<'a> {
    pub(crate) key: &'a str,
}

/// Reports it. The server does not say whether the text was a key.
///
/// Errors: the server is not trusted or does not answer.
pub(crate) async fn run(arguments: &Report, context: &Context) -> Result<(), Failure> {
    let contact = first_contact::meet(context, None, Earlier::Holds).await?;
    let question =
        Question { label: "Key", flag: "--key-file", file: arguments.key_file.as_deref() };
    let key = Prompt::new(Stdin::Answers).hidden(&question)?;
    let call = Call::new(op::KEY_REPORT, &[]).body(&Request { key: key.trim() })?;
    contact.transport.call(&call, None).await?;
    context.output.result(&json!({ "reported": true }), |_| {
        "Reported. If it is a key of this server, it opens nothing any more.".to_owned()
    })
}
