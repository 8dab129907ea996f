//! The client as a process, against a real TLS server that a test scripts.

#![cfg(test)]

mod bound;
mod bystander;
mod house;
mod server;

mod audit;
mod disk;
mod evidence;
mod first_contact;
mod help;
mod prompts;
mod renewal;
mod run;
mod signup;
mod terminal;
mod verify;
mod witnesses;
mod work;
