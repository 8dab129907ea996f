//! The server, attacked through its own router with two workspaces, a real store and a real broker.

mod credentials;
mod document;
mod frame;
mod house;
mod input;
mod matrix;
mod operations;
mod pages;
mod process;
mod receipts;
mod repetition;
mod swap;
mod walk;
