//! A witness from outside: its folder, its door, and kill -9 while two histories knock.

#![cfg(test)]

mod door;
mod folder;
mod house;
mod kills;
