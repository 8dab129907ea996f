//! The launcher's process, for the tests: a socket, a house's name, and this user as its only peer.

#![allow(clippy::disallowed_methods, reason = "its arguments are its configuration")]

fn main() -> std::io::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [socket, house] = arguments.as_slice() else { std::process::exit(64) };
    let user = rustix::process::geteuid().as_raw();
    launcher::process::run(socket.as_ref(), house, &[user])
}
