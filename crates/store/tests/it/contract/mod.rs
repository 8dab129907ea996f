//! What every engine must do alike.

mod commits;
mod jobs;
mod log;
mod neighbours;
mod people;
mod sealing;
mod team;

/// Runs each case on both engines.
macro_rules! on_both_engines {
    ($($name:ident)+) => {
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                super::$name(crate::house::Kind::Sqlite).await;
            })+
        }
        mod postgres {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                super::$name(crate::house::Kind::Postgres).await;
            })+
        }
    };
}
use on_both_engines;
