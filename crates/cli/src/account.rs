//! The signed-in person: calls with their token, renews it when it is due, and asks for a fresh
//! code when an act needs one.
//!
//! Always true
//! 1. Two processes of one profile renew one after the other, and the second takes what the first
//!    was given.
//! 2. A call is sent again after a renewal or a step-up only: the server had refused it, so nothing
//!    was done twice.
//! 3. When the session was ended elsewhere, the stored one is forgotten.

use domain::{Clock, TenantId};
use ledger::VerifierKey;
use seal::SystemClock;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::client::{Answer, Call, Credential, Stream, Transport, operations as op};
use crate::commands::Context;
use crate::credentials::{Credentials, CredentialsError, Issued, Piece, Session};
use crate::failure::Failure;
use crate::output::Output;
use crate::problem::Problem;
use crate::prompt::{Prompt, Question, Stdin};

/// A token is renewed this long before its end, so that it does not end on its way.
const RENEW_BEFORE_MS: i64 = 20_000;

/// The signed-in person of this profile.
pub(crate) struct Account {
    credentials: Credentials,
    session: Session,
    transport: Transport,
    prompt: Prompt,
    totp_file: Option<std::path::PathBuf>,
    output: Output,
}

#[derive(Serialize)]
pub(crate) struct RefreshRequest<'a> {
    pub(crate) refresh_token: &'a str,
}

#[derive(Serialize)]
pub(crate) struct StepUpRequest<'a> {
    pub(crate) code: &'a str,
}

impl Account {
    /// The person signed in in this context's profile. `stdin` says whether questions may be
    /// answered by a pipe.
    ///
    /// Errors: nobody is signed in, or in another server than `--server` says.
    pub(crate) fn open(context: &Context, stdin: Stdin) -> Result<Self, Failure> {
        let credentials = Credentials::of(&context.settings);
        let session = credentials.session()?.ok_or(CredentialsError::SignedOut)?;
        if let Some(asked) = context.server.as_ref().filter(|asked| **asked != session.server) {
            return Err(CredentialsError::OtherServer {
                signed_in: session.server.to_string(),
                asked: asked.to_string(),
            }
            .into());
        }
        let transport = Transport::new(&session.server, Some(&session.trust))?;
        Ok(Self {
            credentials,
            session,
            transport,
            prompt: Prompt::new(stdin),
            totp_file: context.totp_file.clone(),
            output: context.output,
        })
    }

    /// The server that the session is of.
    pub(crate) const fn server(&self) -> &url::Url {
        &self.session.server
    }

    /// The workspace the session is in.
    ///
    /// Errors: none was chosen yet.
    pub(crate) fn workspace(&self) -> Result<TenantId, Failure> {
        self.session.workspace.ok_or_else(|| {
            let code = "workspace.not_chosen".to_owned();
            let title = "no workspace is chosen".to_owned();
            Problem { code, title, ..Problem::bare(403) }.into()
        })
    }

    /// The session.
    pub(crate) const fn session(&self) -> &Session {
        &self.session
    }

    /// Asks questions on behalf of this account.
    pub(crate) const fn prompt(&self) -> Prompt {
        self.prompt
    }

    /// Makes a call and reads its answer.
    ///
    /// Errors: the server's problem; no answer; signed out elsewhere.
    pub(crate) async fn call(&mut self, call: &Call) -> Result<Answer, Failure> {
        let answer =
            self.allowed(async |transport, token| transport.call(call, token).await).await?;
        self.keep(answer.receipts.iter().cloned().map(Piece::Receipt).collect());
        Ok(answer)
    }

    /// Keeps evidence that the pinned log key signed. The act it is about is done already, so
    /// whatever goes wrong here is told and is no failure.
    pub(crate) fn keep(&self, pieces: Vec<Piece>) {
        if pieces.is_empty() {
            return;
        }
        let pinned = self.credentials.pins().ok().flatten().and_then(|pins| pins.log_key);
        let key = pinned.and_then(|text| VerifierKey::parse(text.trim()).ok());
        let (signed, odd): (Vec<_>, Vec<_>) = pieces
            .into_iter()
            .partition(|piece| key.as_ref().is_some_and(|key| piece.is_signed_by(key)));
        if !odd.is_empty() {
            self.output.warning(
                "the server's receipt is not signed by the log key pinned at sign-in; \
                 it was not kept",
            );
        }
        if let Err(error) = self.credentials.keep(signed) {
            self.output.warning(&format!("the receipt could not be kept: {error}"));
        }
    }

    /// Makes a call and reads its answer as this shape.
    ///
    /// Errors: as [`Account::call`]; another shape.
    pub(crate) async fn ask<T: DeserializeOwned>(&mut self, call: &Call) -> Result<T, Failure> {
        Ok(self.call(call).await?.json()?)
    }

    /// Makes a call whose answer may be of any size.
    ///
    /// Errors: as [`Account::call`].
    pub(crate) async fn stream(&mut self, call: &Call) -> Result<Stream, Failure> {
        self.allowed(async |transport, token| transport.stream(call, token).await).await
    }

    /// Takes the tokens that a call of this session was answered with.
    ///
    /// Errors: they cannot be stored.
    pub(crate) fn adopt(&mut self, issued: Issued) -> Result<(), Failure> {
        let session = self.session.renewed(issued);
        if let Some(notice) = self.credentials.store(&session)? {
            self.output.detail(&notice);
        }
        self.session = session;
        Ok(())
    }

    /// Ends the stored session of this profile.
    ///
    /// Errors: the file cannot be removed.
    pub(crate) fn forget(&self) -> Result<(), Failure> {
        Ok(self.credentials.forget()?)
    }

    /// Makes a call that is answered with the session's next tokens, and stores them, with no other
    /// process in between.
    ///
    /// Errors: as [`Account::call`]; they cannot be stored.
    pub(crate) async fn exchange(&mut self, call: &Call) -> Result<(), Failure> {
        self.exchanged(call, |answer| Ok((answer.json()?, ()))).await
    }

    /// The same for an act that needs a fresh factor: asks for a code when the server wants one.
    /// `read` takes the tokens and the rest out of the answer.
    ///
    /// Errors: as [`Account::exchange`].
    pub(crate) async fn exchange_fresh<T>(
        &mut self,
        call: &Call,
        read: impl Fn(&Answer) -> Result<(Issued, T), Failure>,
    ) -> Result<T, Failure> {
        match self.exchanged(call, &read).await {
            Err(Failure::Answer(problem)) if problem.is("factor.not_fresh") => {
                self.step_up().await?;
                self.exchanged(call, &read).await
            }
            done => done,
        }
    }

    async fn exchanged<T>(
        &mut self,
        call: &Call,
        read: impl Fn(&Answer) -> Result<(Issued, T), Failure>,
    ) -> Result<T, Failure> {
        let mut renewed = false;
        if self.is_due() {
            self.renew().await?;
            renewed = true;
        }
        loop {
            let lock = self.credentials.lock()?;
            self.session = self.credentials.session()?.ok_or(CredentialsError::SignedOut)?;
            let failure = match self.transport.call(call, Some(self.session.credential())).await {
                Ok(answer) => {
                    let (issued, rest) = read(&answer)?;
                    self.adopt(issued)?;
                    return Ok(rest);
                }
                Err(failure) => failure,
            };
            drop(lock);
            match &failure {
                Failure::Answer(problem) if may_be_renewed(problem) && !renewed => {
                    self.renew().await?;
                    renewed = true;
                }
                Failure::Answer(problem) if problem.is("auth.revoked") => {
                    return Err(self.signed_out()?);
                }
                _ => return Err(failure),
            }
        }
    }

    /// Makes an attempt with a token that is good; once more after a renewal, once more after a
    /// step-up.
    async fn allowed<T>(
        &mut self,
        attempt: impl AsyncFn(&Transport, Option<Credential<'_>>) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let (mut renewed, mut stepped_up) = (false, false);
        if self.is_due() {
            self.renew().await?;
            renewed = true;
        }
        loop {
            let failure = match attempt(&self.transport, Some(self.session.credential())).await {
                Ok(value) => return Ok(value),
                Err(failure) => failure,
            };
            match &failure {
                Failure::Answer(problem) if may_be_renewed(problem) && !renewed => {
                    self.renew().await?;
                    renewed = true;
                }
                Failure::Answer(problem) if problem.is("factor.not_fresh") && !stepped_up => {
                    self.step_up().await?;
                    stepped_up = true;
                }
                Failure::Answer(problem) if problem.is("auth.revoked") => {
                    return Err(self.signed_out()?);
                }
                _ => return Err(failure),
            }
        }
    }

    fn is_due(&self) -> bool {
        SystemClock.now() >= self.session.expires_at_ms.plus_ms(-RENEW_BEFORE_MS)
    }

    /// The next tokens: those that another process was given meanwhile, else new ones.
    async fn renew(&mut self) -> Result<(), Failure> {
        let _lock = self.credentials.lock()?;
        let stored = self.credentials.session()?.ok_or(CredentialsError::SignedOut)?;
        let newer = stored.access() != self.session.access();
        self.session = stored;
        if newer && !self.is_due() {
            return Ok(());
        }
        let request = RefreshRequest { refresh_token: self.session.refresh() };
        let call = Call::new(op::REFRESH, &[]).body(&request)?;
        let proof = self.session.key().map(Credential::Key);
        let mut answer = self.transport.call(&call, proof).await;
        if matches!(answer, Err(Failure::Transport(_))) {
            // It may have arrived although its answer did not. Within a moment the server gives the
            // same tokens again.
            answer = self.transport.call(&call, proof).await;
        }
        match answer {
            Ok(answer) => self.adopt(answer.json()?),
            Err(Failure::Answer(problem)) if problem.status == 401 => Err(self.signed_out()?),
            Err(failure) => Err(failure),
        }
    }

    /// A fresh second factor: asks for a code and exchanges the tokens.
    async fn step_up(&mut self) -> Result<(), Failure> {
        self.output.detail("this act needs a fresh code");
        let question = Question {
            label: "Code of your authenticator",
            flag: "--totp-file",
            file: self.totp_file.as_deref(),
        };
        let code = self.prompt.hidden(&question)?;
        let call = Call::new(op::STEP_UP, &[]).body(&StepUpRequest { code: code.trim() })?;
        self.exchange(&call).await
    }

    fn signed_out(&self) -> Result<Failure, Failure> {
        self.credentials.forget()?;
        Ok(CredentialsError::Revoked.into())
    }
}

/// Whether other tokens of the same session may do. A revoked token is not yet an ended session:
/// what it was bound to may be gone. The refresh decides.
fn may_be_renewed(problem: &Problem) -> bool {
    problem.is("auth.expired") || problem.is("auth.revoked")
}
