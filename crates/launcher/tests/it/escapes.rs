//! Each way out that is known for containers, tried from inside.

use std::net::TcpListener;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::SocketAddr;

use crate::chamber::Chamber;

#[test]
fn no_system_call_leads_out() {
    let own = std::process::id().to_string();
    let came = Chamber::new(&["calls", &own]).run();
    let wanted = [
        "mount: EPERM",
        "umount2: EPERM",
        "fsopen: EPERM",
        "pivot_root: EPERM",
        "chroot: EPERM",
        "unshare: EPERM",
        "clone new user: EPERM",
        "clone3: ENOSYS",
        "setns: EPERM",
        "ptrace: EPERM",
        "process_vm_readv: EPERM",
        "pidfd_getfd: EPERM",
        "bpf: EPERM",
        "perf_event_open: EPERM",
        "userfaultfd: EPERM",
        "io_uring_setup: EPERM",
        "add_key: EPERM",
        "keyctl: EPERM",
        "request_key: EPERM",
        "init_module: EPERM",
        "kexec_load: EPERM",
        "reboot: EPERM",
        "swapon: EPERM",
        "settimeofday: EPERM",
        "open_by_handle_at: EPERM",
        "mknod device: EPERM",
        "setuid root: EINVAL",
        "TIOCSTI: EPERM",
        "raw socket: EPERM",
        "packet socket: EPERM",
        "vsock: EPERM",
        "crypto socket: EPERM",
        "personality: EPERM",
        "a call of the future: EPERM",
        "signal the host: ESRCH",
    ];
    assert_eq!(came.lines(), wanted, "{came:?}");
}

#[test]
fn no_file_of_the_host_is_reached_and_none_but_its_own_is_written() {
    let came = Chamber::new(&["files"]).run();
    let wanted = [
        "read /etc/shadow: ENOENT",
        "read the first's memory: EACCES",
        "read the first's environment: EACCES",
        "list the first's files: EACCES",
        "the first's root: EACCES",
        "follow a link out: ENOENT",
        "write /usr: EROFS",
        "write /: EACCES",
        "write the kernel's settings: EROFS",
        "make a device folder's file: EROFS",
        "write /tmp: done",
        "write the volume: done",
        "execute from the volume: EACCES",
        "open files: 0 1 2 3",
        "variables: GIVEN",
        "CapInh: 0000000000000000",
        "CapPrm: 0000000000000000",
        "CapEff: 0000000000000000",
        "CapBnd: 0000000000000000",
        "CapAmb: 0000000000000000",
        "NoNewPrivs: 1",
        "Seccomp: 2",
        "processes: 2",
    ];
    assert_eq!(came.lines(), wanted, "{came:?}");
}

#[test]
fn nothing_is_on_the_network_but_the_program_itself() {
    let host = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = host.local_addr().unwrap().port().to_string();
    let name = SocketAddr::from_abstract_name(b"casemate-host").unwrap();
    let _held = std::os::unix::net::UnixListener::bind_addr(&name).unwrap();
    let came = Chamber::new(&["network", &port]).run();
    let wanted = [
        "the cloud's metadata: ENETUNREACH",
        "another machine: ENETUNREACH",
        "the host's loopback: ECONNREFUSED",
        "listen on its port: done",
        "listen on another: EACCES",
        "the host's abstract socket: ECONNREFUSED",
        "a name: ENOENT",
    ];
    assert_eq!(came.lines(), wanted, "{came:?}");
    host.set_nonblocking(true).unwrap();
    assert!(host.accept().is_err(), "nobody came");
}

#[test]
fn two_chambers_neither_see_nor_reach_each_other() {
    let first = Chamber::new(&["sleep"]);
    let mut child = first.started();
    let begun = std::time::Instant::now();
    while first.processes().len() < 2 && begun.elapsed().as_secs() < 60 {
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    let program = first.processes().last().unwrap().to_string();
    let second = Chamber::new(&["calls", &program]).run();
    assert!(second.lines().contains(&"signal the host: ESRCH"), "{second:?}");
    assert!(!first.processes().is_empty());
    child.kill().unwrap();
    child.wait().unwrap();
}
