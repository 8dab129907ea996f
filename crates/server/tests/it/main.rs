//! The server, attacked through its own router with two workspaces, a real store and a real broker.

mod document;
mod house;
mod matrix;
mod operations;
mod walk;
