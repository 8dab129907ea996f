//! Bounded hashing: so many at once, so many waiting, and "try again" for the rest.
//!
//! Always true
//! 1. A seat is held until its hash is finished, even when the request that asked has gone: hanging
//!    up early buys nobody a further hash.
//! 2. Nothing waits without bound.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use domain::Mint;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::{Cost, Password, PasswordHash};

/// How much hashing happens at once.
#[derive(Debug, Clone, Copy)]
pub struct PoolSize {
    /// Hashes at once. Each takes 19 MiB and a core.
    pub at_once: usize,
    /// Requests that may wait for a seat. At 18 ms a hash, 64 waiting on two cores wait about 600
    /// ms.
    pub waiting_max: usize,
}

/// The answer of a check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It is the password.
    Right,
    /// It is the password; its hash was made with less cost than new ones, so here is a new one to
    /// store.
    RightWithNewHash(Box<PasswordHash>),
    /// It is not.
    Wrong,
}

/// Why a password was neither hashed nor checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PoolError {
    /// As many are waiting as may wait.
    #[error("too many sign-ins at once; try again in {retry_after_s} s")]
    Busy {
        /// When to try again.
        retry_after_s: u32,
    },
    /// The memory for one hash could not be had, or the worker died.
    #[error("a password could not be hashed")]
    Failed,
}

/// A place in the queue, taken before a guess or a code is counted: who is turned away for want of
/// room has not guessed.
#[must_use = "a place that is dropped is given away"]
pub struct Place {
    _held: OwnedSemaphorePermit,
}

/// The bounded pool. Clones share the bound.
#[derive(Clone)]
pub struct PasswordPool {
    seats: Arc<Semaphore>,
    places: Arc<Semaphore>,
    hashed: Arc<AtomicU64>,
    nobody: Arc<PasswordHash>,
    cost: Cost,
    mint: Mint,
}

const RETRY_AFTER_S: u32 = 2;

impl PasswordPool {
    /// A pool of this size. Hashes once, for the hash that stands in for accounts that do not
    /// exist.
    ///
    /// # Errors
    /// [`PoolError::Failed`] when the memory for one hash cannot be had.
    pub fn new(size: PoolSize, cost: Cost, mint: Mint) -> Result<Self, PoolError> {
        let stand_in: String =
            mint.bytes::<16>().map(|b| char::from(b'a' + b % 26)).iter().collect();
        let stand_in = Password::typed(stand_in).map_err(|_| PoolError::Failed)?;
        let nobody = PasswordHash::make(&stand_in, cost, &mint).ok_or(PoolError::Failed)?;
        Ok(Self {
            seats: Arc::new(Semaphore::new(size.at_once)),
            places: Arc::new(Semaphore::new(size.at_once + size.waiting_max)),
            hashed: Arc::new(AtomicU64::new(0)),
            nobody: Arc::new(nobody),
            cost,
            mint,
        })
    }

    /// A place in the queue. It does not wait.
    ///
    /// # Errors
    /// [`PoolError::Busy`].
    pub fn place(&self) -> Result<Place, PoolError> {
        let busy = PoolError::Busy { retry_after_s: RETRY_AFTER_S };
        Arc::clone(&self.places)
            .try_acquire_owned()
            .map(|held| Place { _held: held })
            .map_err(|_| busy)
    }

    /// Hashes a new password.
    ///
    /// # Errors
    /// [`PoolError::Failed`].
    pub async fn hash(&self, place: Place, password: Password) -> Result<PasswordHash, PoolError> {
        let (cost, mint) = (self.cost, self.mint.clone());
        self.seated(place, move || PasswordHash::make(&password, cost, &mint))
            .await?
            .ok_or(PoolError::Failed)
    }

    /// Checks a password against a stored hash. `None` (no such account) costs one hash too, and is
    /// [`Verdict::Wrong`]: an answer's time does not tell who has an account.
    ///
    /// # Errors
    /// [`PoolError::Failed`].
    pub async fn verify(
        &self,
        place: Place,
        password: Password,
        stored: Option<PasswordHash>,
    ) -> Result<Verdict, PoolError> {
        let (cost, nobody, mint) = (self.cost, Arc::clone(&self.nobody), self.mint.clone());
        self.seated(place, move || {
            // One line for both: there is no branch that an absent account could take more cheaply.
            let right = stored.as_ref().unwrap_or(&nobody).is_of(&password);
            match stored {
                Some(hash) if right && hash.is_cheaper_than(cost) => {
                    PasswordHash::make(&password, cost, &mint)
                        .map_or(Verdict::Right, |hash| Verdict::RightWithNewHash(Box::new(hash)))
                }
                Some(_) if right => Verdict::Right,
                Some(_) | None => Verdict::Wrong,
            }
        })
        .await
    }

    /// Hashes computed since start, for metrics.
    #[must_use]
    pub fn hashed(&self) -> u64 {
        self.hashed.load(Ordering::Relaxed)
    }

    async fn seated<T: Send + 'static>(
        &self,
        place: Place,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, PoolError> {
        let seat = Arc::clone(&self.seats).acquire_owned().await.map_err(|_| PoolError::Failed)?;
        let hashed = Arc::clone(&self.hashed);
        tokio::task::spawn_blocking(move || {
            // Both are given back when the hash is done, not when the caller goes away.
            let _held = (place, seat);
            hashed.fetch_add(1, Ordering::Relaxed);
            work()
        })
        .await
        .map_err(|_| PoolError::Failed)
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use tokio::task::JoinSet;

    use super::*;
    use crate::testing::mint;

    fn pool(at_once: usize, waiting_max: usize) -> PasswordPool {
        PasswordPool::new(PoolSize { at_once, waiting_max }, Cost::LEAST, mint(1)).unwrap()
    }

    async fn hash(pool: &PasswordPool) -> PasswordHash {
        pool.hash(pool.place().unwrap(), password()).await.unwrap()
    }

    async fn verify(
        pool: &PasswordPool,
        stored: Option<PasswordHash>,
    ) -> Result<Verdict, PoolError> {
        pool.verify(pool.place()?, password(), stored).await
    }

    fn password() -> Password {
        Password::typed("engraved lamppost".to_owned()).unwrap()
    }

    #[tokio::test]
    async fn unknown_user_costs_the_same_hash() {
        let size = PoolSize { at_once: 1, waiting_max: 4 };
        let pool = PasswordPool::new(size, Cost::STANDARD, mint(1)).unwrap();
        let stored = hash(&pool).await;
        let mut fastest = [Duration::MAX; 2];
        let alike = |[known, unknown]: [Duration; 2]| unknown * 2 > known && known * 2 > unknown;
        // Beside other work one of many tries is undisturbed; a cheaper way stays cheaper in all.
        for _ in 0..200 {
            for (fastest, asked) in fastest.iter_mut().zip([Some(stored.clone()), None]) {
                let began = Instant::now();
                let known = asked.is_some();
                let verdict = verify(&pool, asked).await.unwrap();
                assert_eq!(verdict == Verdict::Right, known);
                *fastest = began.elapsed().min(*fastest);
            }
            if alike(fastest) {
                return;
            }
        }
        panic!("known and unknown: {fastest:?}");
    }

    #[tokio::test]
    async fn the_stand_in_for_nobody_is_nobodys_password() {
        let pool = pool(1, 4);
        let own = Password::typed("a".repeat(16)).unwrap();
        assert_eq!(pool.verify(pool.place().unwrap(), own, None).await, Ok(Verdict::Wrong));
    }

    #[tokio::test]
    async fn a_cheap_hash_is_made_again_when_its_password_is_at_hand() {
        let cheap = hash(&pool(1, 4)).await;
        let size = PoolSize { at_once: 1, waiting_max: 4 };
        let dear = PasswordPool::new(size, Cost::STANDARD, mint(2)).unwrap();
        let Ok(Verdict::RightWithNewHash(new)) = verify(&dear, Some(cheap)).await else {
            panic!("the hash is cheap");
        };
        assert_eq!(verify(&dear, Some(*new)).await, Ok(Verdict::Right));
    }

    #[tokio::test]
    async fn past_the_queue_limit_the_answer_is_busy_and_then_it_recovers() {
        let pool = pool(1, 2);
        let seat = Arc::clone(&pool.seats).acquire_owned().await.unwrap();
        let mut waiting = JoinSet::new();
        for _ in 0..3 {
            let pool = pool.clone();
            waiting.spawn(async move { verify(&pool, None).await });
        }
        while pool.places.available_permits() > 0 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        assert!(matches!(verify(&pool, None).await, Err(PoolError::Busy { retry_after_s: 1.. })));
        drop(seat);
        for answer in waiting.join_all().await {
            assert_eq!(answer, Ok(Verdict::Wrong));
        }
        assert_eq!(verify(&pool, None).await, Ok(Verdict::Wrong));
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn hanging_up_does_not_free_the_seat_of_a_running_hash() {
        let pool = pool(1, 0);
        let (started, wait_started) = tokio::sync::oneshot::channel();
        let (release, wait_release) = std::sync::mpsc::channel::<()>();
        let mut running = JoinSet::new();
        let asked = pool.clone();
        running.spawn(async move {
            let work = move || {
                let _ = started.send(());
                let _ = wait_release.recv();
            };
            asked.seated(asked.place().unwrap(), work).await
        });
        wait_started.await.unwrap();
        running.shutdown().await;
        assert!(matches!(verify(&pool, None).await, Err(PoolError::Busy { .. })));
        release.send(()).unwrap();
        while pool.places.available_permits() == 0 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        assert_eq!(verify(&pool, None).await, Ok(Verdict::Wrong));
    }
}
