//! The store's contract, on both engines, and attacks on each of its walls.

#![expect(
    clippy::disallowed_methods,
    reason = "tests are one of the three places that make a scope, and ask for PostgreSQL's address"
)]

#[cfg(test)]
mod cluster;
#[cfg(test)]
mod compile_fail;
#[cfg(test)]
mod contract;
#[cfg(test)]
mod crash;
#[cfg(test)]
mod house;
#[cfg(test)]
mod postgres_guards;
#[cfg(test)]
mod postgres_walls;
#[cfg(test)]
mod sqlite_walls;
#[cfg(test)]
mod statements;
#[cfg(test)]
mod tls;
