//! The broker as others meet it: a real process, attacked from outside.

mod attack_grants;
mod house;
