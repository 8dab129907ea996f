//! A program that tries to get out. It prints a line for each try: its name, and the error it met.

#![allow(
    unsafe_code,
    clippy::expect_used,
    clippy::disallowed_methods,
    reason = "attacks are raw system calls, and look at what they were given"
)]

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream, ToSocketAddrs};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::SocketAddr;
use std::time::Duration;

fn main() {
    let mut arguments = std::env::args().skip(1);
    match arguments.next().as_deref() {
        Some("calls") => calls(),
        Some("files") => files(),
        Some("network") => network(arguments.next().as_deref().unwrap_or("1")),
        Some("memory") => memory(),
        Some("forks") => forks(),
        Some("fill") => fill(),
        Some("spin") => spin(),
        Some("leave") => leave(),
        Some("sleep") => std::thread::sleep(Duration::from_secs(600)),
        _ => std::process::exit(64),
    }
}

fn tell(name: &str, outcome: std::io::Result<()>) {
    let text = match outcome {
        Ok(()) => "done".to_owned(),
        Err(error) => match error.raw_os_error() {
            Some(libc::EPERM) => "EPERM".into(),
            Some(libc::EACCES) => "EACCES".into(),
            Some(libc::ENOSYS) => "ENOSYS".into(),
            Some(libc::ENOENT) => "ENOENT".into(),
            Some(libc::EROFS) => "EROFS".into(),
            Some(libc::EINVAL) => "EINVAL".into(),
            Some(libc::ESRCH) => "ESRCH".into(),
            Some(libc::ENETUNREACH) => "ENETUNREACH".into(),
            Some(libc::ECONNREFUSED) => "ECONNREFUSED".into(),
            _ => format!("{error}"),
        },
    };
    println!("{name}: {text}");
}

fn call(name: &str, number: i64, arguments: [i64; 6]) {
    let [a, b, c, d, e, f] = arguments;
    // SAFETY: the calls are expected to be refused; those that are not get null or plain numbers.
    let done = unsafe { libc::syscall(number, a, b, c, d, e, f) };
    tell(name, if done < 0 { Err(std::io::Error::last_os_error()) } else { Ok(()) });
}

fn calls() {
    let path = c"/tmp".as_ptr() as i64;
    let kind = c"tmpfs".as_ptr() as i64;
    let new_user = i64::from(libc::CLONE_NEWUSER);
    let zero = [0; 6];
    call("mount", libc::SYS_mount, [kind, path, kind, 0, 0, 0]);
    call("umount2", libc::SYS_umount2, [path, 2, 0, 0, 0, 0]);
    call("fsopen", libc::SYS_fsopen, [kind, 0, 0, 0, 0, 0]);
    call("pivot_root", libc::SYS_pivot_root, [path, path, 0, 0, 0, 0]);
    call("chroot", libc::SYS_chroot, [path, 0, 0, 0, 0, 0]);
    call("unshare", libc::SYS_unshare, [new_user, 0, 0, 0, 0, 0]);
    call("clone new user", libc::SYS_clone, [new_user | i64::from(libc::SIGCHLD), 0, 0, 0, 0, 0]);
    call("clone3", libc::SYS_clone3, zero);
    call("setns", libc::SYS_setns, [0, new_user, 0, 0, 0, 0]);
    call("ptrace", libc::SYS_ptrace, [16, 1, 0, 0, 0, 0]);
    call("process_vm_readv", libc::SYS_process_vm_readv, [1, 0, 0, 0, 0, 0]);
    call("pidfd_getfd", libc::SYS_pidfd_getfd, zero);
    call("bpf", libc::SYS_bpf, zero);
    call("perf_event_open", libc::SYS_perf_event_open, zero);
    call("userfaultfd", libc::SYS_userfaultfd, zero);
    call("io_uring_setup", libc::SYS_io_uring_setup, [1, 0, 0, 0, 0, 0]);
    call("add_key", libc::SYS_add_key, zero);
    call("keyctl", libc::SYS_keyctl, zero);
    call("request_key", libc::SYS_request_key, zero);
    call("init_module", libc::SYS_init_module, zero);
    call("kexec_load", libc::SYS_kexec_load, zero);
    call("reboot", libc::SYS_reboot, zero);
    call("swapon", libc::SYS_swapon, [path, 0, 0, 0, 0, 0]);
    call("settimeofday", libc::SYS_settimeofday, zero);
    call("open_by_handle_at", libc::SYS_open_by_handle_at, zero);
    call("mknod device", libc::SYS_mknodat, [-100, path, 0o20_666, 0x103, 0, 0]);
    call("setuid root", libc::SYS_setuid, zero);
    call("TIOCSTI", libc::SYS_ioctl, [0, 0x5412, path, 0, 0, 0]);
    call("raw socket", libc::SYS_socket, [2, 3, 1, 0, 0, 0]);
    call("packet socket", libc::SYS_socket, [17, 3, 768, 0, 0, 0]);
    call("vsock", libc::SYS_socket, [40, 1, 0, 0, 0, 0]);
    call("crypto socket", libc::SYS_socket, [38, 5, 0, 0, 0, 0]);
    call("personality", libc::SYS_personality, [0x0400_0000, 0, 0, 0, 0, 0]);
    call("a call of the future", 900, zero);
    call(
        "signal the host",
        libc::SYS_kill,
        [std::env::args().nth(2).map_or(1, |pid| pid.parse().unwrap_or(1)), 15, 0, 0, 0, 0],
    );
}

fn files() {
    let read = |path: &str| {
        std::fs::File::open(path).and_then(|mut file| file.read(&mut [0; 16]).map(drop))
    };
    let write = |path: &str| std::fs::write(path, "x");
    tell("read /etc/shadow", read("/etc/shadow"));
    tell("read the first's memory", read("/proc/1/mem"));
    tell("read the first's environment", read("/proc/1/environ"));
    tell("list the first's files", std::fs::read_dir("/proc/1/fd").map(drop));
    tell("the first's root", std::fs::read_dir("/proc/1/root").map(drop));
    let link = std::os::unix::fs::symlink("/../../../etc/passwd", "/tmp/link");
    tell("follow a link out", link.and_then(|()| read("/tmp/link")));
    tell("write /usr", write("/usr/x"));
    tell("write /", write("/x"));
    tell("write the kernel's settings", write("/proc/sys/kernel/hostname"));
    tell("make a device folder's file", write("/dev/x"));
    tell("write /tmp", write("/tmp/own"));
    tell("write the volume", write("/data/kept"));
    let copied = std::fs::copy("/attack", "/data/attack").map(drop);
    let run = |path: &str| std::process::Command::new(path).arg("none").status().map(drop);
    tell("execute from the volume", copied.and_then(|()| run("/data/attack")));
    let mut open: Vec<String> = std::fs::read_dir("/proc/self/fd")
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| entry.file_name().into_string().ok())
        .collect();
    open.sort();
    println!("open files: {}", open.join(" "));
    let names: Vec<_> = std::env::vars().map(|(name, _)| name).collect();
    println!("variables: {}", names.join(" "));
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    for wanted in ["CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb", "NoNewPrivs", "Seccomp:"] {
        let line = status.lines().find(|line| line.starts_with(wanted)).unwrap_or_default();
        println!("{}", line.split_whitespace().collect::<Vec<_>>().join(" "));
    }
    let processes = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    let numbers =
        processes.filter(|entry| entry.file_name().to_string_lossy().parse::<u32>().is_ok());
    println!("processes: {}", numbers.count());
}

fn network(host_port: &str) {
    let wait = Duration::from_secs(2);
    let connect = |at: String| {
        let address = at.to_socket_addrs()?.next().ok_or(std::io::ErrorKind::NotFound)?;
        TcpStream::connect_timeout(&address, wait).map(drop)
    };
    tell("the cloud's metadata", connect("169.254.169.254:80".into()));
    tell("another machine", connect("192.0.2.1:443".into()));
    tell("the host's loopback", connect(format!("127.0.0.1:{host_port}")));
    tell("listen on its port", TcpListener::bind("127.0.0.1:8080").map(drop));
    tell("listen on another", TcpListener::bind("127.0.0.1:9090").map(drop));
    let name = SocketAddr::from_abstract_name(b"casemate-host");
    let unix = name.and_then(|at| std::os::unix::net::UnixStream::connect_addr(&at).map(drop));
    tell("the host's abstract socket", unix);
    tell(
        "a name",
        "example.com:80"
            .to_socket_addrs()
            .map(drop)
            .map_err(|_| std::io::Error::from_raw_os_error(libc::ENOENT)),
    );
}

fn memory() {
    let mut held = Vec::new();
    loop {
        held.push(vec![1_u8; 1 << 20]);
        std::hint::black_box(&held);
    }
}

fn forks() {
    let mut refused = 0;
    for _ in 0..2_000 {
        // SAFETY: the child does nothing but sleep.
        match unsafe { libc::fork() } {
            0 => loop {
                std::thread::sleep(Duration::from_secs(60));
            },
            -1 => refused += 1,
            _ => {}
        }
    }
    println!("refused: {}", refused > 0);
}

fn fill() {
    let mut file = std::fs::File::create("/tmp/large").expect("a file");
    let mut written = 0_u64;
    let error = loop {
        match file.write_all(&[7; 65_536]) {
            Ok(()) => written += 65_536,
            Err(error) => break error,
        }
    };
    println!("after {written}: {}", error.raw_os_error() == Some(libc::ENOSPC));
}

fn spin() {
    let begun = std::time::Instant::now();
    while begun.elapsed() < Duration::from_secs(2) {
        std::hint::black_box(begun);
    }
}

/// Leaves a child in a session of its own behind.
fn leave() {
    // SAFETY: the child makes a session and sleeps.
    unsafe {
        if libc::fork() == 0 {
            libc::setsid();
            loop {
                libc::sleep(600);
            }
        }
    }
    println!("left");
}
