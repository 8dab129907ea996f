//! `audit export`: the log and its proofs, streamed into a file.
//!
//! Always true: the file appears under its name only when it is whole. Whatever breaks off before
//! leaves nothing behind; a process that was killed leaves a file ending in `.part` at most.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use serde_json::json;

use super::format::Format;
use super::log::Log;
use crate::client::{Call, Stream, operations as op};
use crate::commands::Context;
use crate::failure::Failure;

/// Write the log and its proofs into a file that anybody can verify
#[derive(Debug, clap::Args)]
pub struct Export {
    /// The file; it must not exist yet ("-" for stdout)
    file: PathBuf,
    /// Of this log
    #[arg(long, default_value = "workspace")]
    log: Log,
    /// native, which can be verified, or ocsf: an event of that schema per line
    #[arg(long, default_value = "native")]
    format: Format,
}

/// Streams the export.
///
/// Errors: the file exists; the disk is full; the server or the connection breaks off.
pub(crate) async fn run(arguments: &Export, context: &Context) -> Result<(), Failure> {
    let mut account = context.account()?;
    let path = &arguments.file;
    let call = arguments.format.of(arguments.log.of(Call::new(op::AUDIT_EXPORT, &[])));
    if path == Path::new("-") {
        let mut stream = account.stream(&call).await?;
        let mut out = io::stdout().lock();
        copy(&mut stream, &mut out, context, Failure::stdout).await?;
        return Ok(());
    }
    let failed = |source| Failure::File { what: "write", path: path.clone(), source };
    if path.exists() {
        return Err(failed(io::ErrorKind::AlreadyExists.into()));
    }
    let mut stream = account.stream(&call).await?;
    let partial = Partial::create(path).map_err(failed)?;
    let mut out = BufWriter::new(&partial.file);
    let bytes = copy(&mut stream, &mut out, context, failed).await?;
    out.flush().map_err(failed)?;
    drop(out);
    partial.keep(path).map_err(failed)?;
    let value = json!({ "file": path.display().to_string(), "bytes": bytes });
    context.output.result(&value, |_| match arguments.format {
        Format::Ocsf => format!("Wrote {} ({bytes} bytes)", path.display()),
        Format::Native => format!(
            "Wrote {} ({bytes} bytes). Check it: casemate verify {}",
            path.display(),
            path.display()
        ),
    })
}

async fn copy(
    stream: &mut Stream,
    out: &mut impl Write,
    context: &Context,
    failed: impl Fn(io::Error) -> Failure,
) -> Result<u64, Failure> {
    let progress = context.output.progress("exporting", stream.bytes);
    let mut bytes = 0;
    while let Some(piece) = stream.next().await? {
        out.write_all(&piece).map_err(&failed)?;
        bytes += u64::try_from(piece.len()).unwrap_or_default();
        progress.set_position(bytes);
    }
    out.flush().map_err(&failed)?;
    progress.finish_and_clear();
    Ok(bytes)
}

/// A file that is removed when it is dropped before it was kept.
pub(super) struct Partial {
    pub(super) file: File,
    path: PathBuf,
}

impl Partial {
    pub(super) fn create(target: &Path) -> io::Result<Self> {
        let mut name = target.file_name().unwrap_or_default().to_owned();
        name.push(format!(".{}.part", std::process::id()));
        let path = target.with_file_name(name);
        let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path)?;
        Ok(Self { file, path })
    }

    /// Gives the file its name, unless somebody else took that meanwhile.
    pub(super) fn keep(&self, target: &Path) -> io::Result<()> {
        self.file.sync_all()?;
        fs::hard_link(&self.path, target)
    }
}

impl Drop for Partial {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path);
    }
}
