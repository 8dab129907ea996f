//! The writer thread of one file: closures run one after another, and share durable commits.
//!
//! Always true
//! 1. Each closure runs in a savepoint of one outer transaction; it keeps or undoes its own writes
//!    only.
//! 2. Nobody is answered before the outer transaction ended. If its COMMIT fails, everyone in the
//!    group gets that error, those who wanted to roll back too: they judged rows that never came to
//!    be.
//! 3. A closure that panics is rolled back and answered with an error; the thread lives on.
//!
//! Why a group: a commit waits for the disk (`synchronous=FULL`), and everybody who waits meanwhile
//! can share the next wait.

use std::rc::Rc;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread::JoinHandle;

use domain::{Mint, TenantId};
use rusqlite::Connection;
use tokio::sync::oneshot;

use super::connection::{Link, control};
use crate::StoreError;
use crate::bound::{Access, Bound};
use crate::engine::{self, Outcome, guarded};

/// Most closures that wait for one file; the next is told to try again.
const WAITING_MAX: usize = 1_024;
/// Most closures in one durable commit: bounds how long the first of them waits.
const GROUP_MAX: usize = 128;

/// The way to a writer thread.
pub(super) struct Writer {
    queue: Option<SyncSender<Box<dyn Task>>>,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    /// Starts the thread that owns this connection.
    pub(super) fn start(connection: Connection) -> Result<Self, StoreError> {
        let (queue, tasks) = sync_channel(WAITING_MAX);
        let thread = std::thread::Builder::new()
            .name("store-writer".into())
            .spawn(move || serve(&Rc::new(connection), &tasks))
            .map_err(|_| StoreError::Busy)?;
        Ok(Self { queue: Some(queue), thread: Some(thread) })
    }

    /// Runs a closure in a transaction. The transaction ends by itself even when this future is
    /// dropped.
    pub(super) async fn run<R: Send + 'static>(
        &self,
        id: TenantId,
        mint: Mint,
        work: impl FnOnce(&mut Bound) -> Outcome<R> + Send + 'static,
    ) -> Result<R, StoreError> {
        let (reply, answer) = oneshot::channel();
        let task = Write { id, mint, work: Some(work), ended: None, reply };
        let queue = self.queue.as_ref().ok_or(StoreError::Unreachable)?;
        queue.try_send(Box::new(task)).map_err(|error| match error {
            TrySendError::Full(_) => StoreError::Busy,
            TrySendError::Disconnected(_) => StoreError::Unreachable,
        })?;
        answer.await.map_err(|_| StoreError::Unreachable)?
    }

    /// Ends the thread after the closures that wait.
    pub(super) fn close(&mut self) {
        self.queue = None;
        if self.thread.take().is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("a writer thread ended by a panic");
        }
    }
}

/// What a closure left behind in the outer transaction.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Left {
    Rows,
    Nothing,
}

/// A closure with its answer's address, its types forgotten.
trait Task: Send {
    /// Runs the closure on the open transaction and says what it wants to keep.
    fn run(&mut self, connection: &Rc<Connection>) -> Left;
    /// Answers, now that the outer transaction has ended.
    fn settle(self: Box<Self>, ended: Result<(), StoreError>);
}

struct Write<W, R> {
    id: TenantId,
    mint: Mint,
    work: Option<W>,
    ended: Option<Result<R, StoreError>>,
    reply: oneshot::Sender<Result<R, StoreError>>,
}

impl<W, R> Task for Write<W, R>
where
    W: FnOnce(&mut Bound) -> Outcome<R> + Send,
    R: Send,
{
    fn run(&mut self, connection: &Rc<Connection>) -> Left {
        let Some(work) = self.work.take() else { return Left::Nothing };
        let link = engine::Link::Sqlite(Link::new(Rc::clone(connection)));
        let mut bound = Bound::new(link, self.id, Access::Write, self.mint.clone());
        let ended = guarded(&mut bound, work);
        let (left, ended) = match ended {
            Ok(Outcome::Commit(answer)) if bound.wrote() => (Left::Rows, Ok(answer)),
            Ok(Outcome::Commit(answer) | Outcome::RollBack(answer)) => (Left::Nothing, Ok(answer)),
            Err(error) => (Left::Nothing, Err(error)),
        };
        self.ended = Some(ended);
        left
    }

    fn settle(self: Box<Self>, ended: Result<(), StoreError>) {
        let own = self.ended.unwrap_or(Err(StoreError::Unreachable));
        // Whoever asked may be gone; then nobody waits for the answer.
        let _ = self.reply.send(ended.and(own));
    }
}

fn serve(connection: &Rc<Connection>, tasks: &Receiver<Box<dyn Task>>) {
    while let Ok(first) = tasks.recv() {
        if let Err(error) = control(connection, "begin immediate") {
            first.settle(Err(error));
            continue;
        }
        let mut group = Vec::with_capacity(1);
        let ended = run_group(connection, first, tasks, &mut group);
        if ended.is_err() && !connection.is_autocommit() {
            // A failed COMMIT leaves the transaction open; SQLite has rolled it back already
            // otherwise.
            let _ = control(connection, "rollback");
        }
        for task in group {
            task.settle(ended);
        }
    }
}

/// Runs the first task and those that came meanwhile, then ends the transaction.
fn run_group(
    connection: &Rc<Connection>,
    first: Box<dyn Task>,
    tasks: &Receiver<Box<dyn Task>>,
    group: &mut Vec<Box<dyn Task>>,
) -> Result<(), StoreError> {
    let mut rows = Left::Nothing;
    let mut next = Some(first);
    while let Some(mut task) = next {
        let left = run_one(connection, task.as_mut());
        group.push(task);
        if left? == Left::Rows {
            rows = Left::Rows;
        }
        next = if group.len() < GROUP_MAX { tasks.try_recv().ok() } else { None };
    }
    control(connection, if rows == Left::Rows { "commit" } else { "rollback" })
}

/// One task in its savepoint. An error means that the outer transaction cannot go on.
fn run_one(connection: &Rc<Connection>, task: &mut dyn Task) -> Result<Left, StoreError> {
    control(connection, "savepoint one")?;
    let left = task.run(connection);
    if connection.is_autocommit() {
        // SQLite rolls everything back by itself when the disk is full or fails.
        return Err(super::connection::after_lost_transaction(connection));
    }
    if left == Left::Nothing {
        control(connection, "rollback to one")?;
    }
    control(connection, "release one")?;
    Ok(left)
}
