//! Debian packages and Python tools that checks need. The list is `.ci/packages`; a program that is
//! used and whose package is not listed there fails, so a fresh machine always gets what a used one
//! has.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::run::{Failure, is_ci, must, root};

/// The folder of an installed PostgreSQL's server programs, newest version first; installs it when
/// it is missing.
///
/// # Errors
/// The package is not listed, or could not be installed.
pub fn postgres_programs() -> Result<PathBuf, Failure> {
    if let Some(folder) = find_postgres() {
        return Ok(folder);
    }
    install("postgresql")?;
    find_postgres().ok_or_else(|| Failure::new("PostgreSQL was installed, but initdb is not there"))
}

fn find_postgres() -> Option<PathBuf> {
    let mut versions: Vec<_> = std::fs::read_dir("/usr/lib/postgresql")
        .ok()?
        .flatten()
        .map(|entry| entry.path().join("bin"))
        .filter(|bin| bin.join("initdb").exists() && bin.join("postgres").exists())
        .collect();
    versions.sort();
    versions.pop()
}

/// Installs one listed package. As root in CI without asking; else says what to type.
///
/// # Errors
/// Not listed, not root, or the installation failed.
pub fn install(package: &str) -> Result<(), Failure> {
    let list = std::fs::read_to_string(root().join(".ci/packages"))?;
    if !list.lines().any(|line| line.trim() == package) {
        return Err(Failure(format!("{package} is used but not listed in .ci/packages")));
    }
    if !is_ci() && !am_root() {
        return Err(Failure(format!("this needs a package: sudo apt-get install {package}")));
    }
    println!("installing the Debian package {package}");
    keep_main_cluster_away(package)?;
    let apt = || {
        let mut apt = Command::new("apt-get");
        apt.env("DEBIAN_FRONTEND", "noninteractive").arg("-qq");
        apt
    };
    must(apt().arg("update"))?;
    must(apt().args(["install", "--yes", "--no-install-recommends", package]))
}

/// Debian's PostgreSQL makes and starts a cluster of its own when installed; we want none.
fn keep_main_cluster_away(package: &str) -> Result<(), Failure> {
    let folder = Path::new("/etc/postgresql-common");
    if package != "postgresql" || folder.join("createcluster.conf").exists() {
        return Ok(());
    }
    std::fs::create_dir_all(folder)?;
    std::fs::write(folder.join("createcluster.conf"), "create_main_cluster = false\n")?;
    Ok(())
}

/// Whether this process may install packages and become another user.
#[must_use]
pub fn am_root() -> bool {
    use std::os::unix::fs::MetadataExt;
    std::fs::metadata("/proc/self").is_ok_and(|me| me.uid() == 0)
}

/// A folder under the user's cache that survives between runs; `CI_COLD=1` asks for an empty one.
///
/// # Errors
/// The folder cannot be made.
pub fn cache(name: &str) -> Result<PathBuf, Failure> {
    let home = std::env::var_os("XDG_CACHE_HOME")
        .map(PathBuf::from)
        .or_else(|| std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".cache")));
    let folder = home.unwrap_or_else(std::env::temp_dir).join("casemate-xtask").join(name);
    if std::env::var_os("CI_COLD").is_some() && folder.exists() {
        std::fs::remove_dir_all(&folder)?;
    }
    std::fs::create_dir_all(&folder)?;
    Ok(folder)
}

/// A Python tool in a virtual environment of its own; returns the program.
///
/// # Errors
/// The environment cannot be made, or the package cannot be installed.
pub fn python_tool(package: &str, version: &str, program: &str) -> Result<PathBuf, Failure> {
    let folder = cache(&format!("{package}-{version}"))?;
    let path = folder.join("bin").join(program);
    if !path.exists() {
        must(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&folder))?;
        must(
            Command::new(folder.join("bin/pip"))
                .args(["install", "--quiet", "--disable-pip-version-check"])
                .arg(format!("{package}=={version}")),
        )?;
    }
    Ok(path)
}

/// The folder of the Node packages that tests run: a certified OpenID provider and a driver for
/// Chromium. Installed by their lock file, once per lock file.
///
/// # Errors
/// npm fails.
pub fn node_modules() -> Result<PathBuf, Failure> {
    let source = root().join("xtask/node");
    let lock = std::fs::read(source.join("package-lock.json"))?;
    let folder = cache(&format!("node-{:016x}", name_of(&lock)))?;
    let modules = folder.join("node_modules");
    if !folder.join("installed").exists() {
        for file in ["package.json", "package-lock.json"] {
            std::fs::copy(source.join(file), folder.join(file))?;
        }
        let words = ["ci", "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error"];
        must(Command::new("npm").args(words).current_dir(&folder))?;
        std::fs::write(folder.join("installed"), "")?;
    }
    Ok(modules)
}

/// Chromium, which is installed when it is missing.
///
/// # Errors
/// The package is not listed, or could not be installed.
pub fn chromium() -> Result<PathBuf, Failure> {
    let program = PathBuf::from("/usr/bin/chromium");
    if !program.exists() {
        install("chromium")?;
    }
    Ok(program)
}

/// A syslog receiver that speaks TLS, which is installed when it is missing.
///
/// # Errors
/// A package is not listed, or could not be installed.
pub fn syslog_receiver() -> Result<(), Failure> {
    if !Path::new("/usr/sbin/rsyslogd").exists() {
        install("rsyslog")?;
    }
    // The library lies in a folder that is named after the machine's kind.
    let found = Command::new("dpkg").args(["--status", "rsyslog-gnutls"]).output()?;
    if found.status.success() { Ok(()) } else { install("rsyslog-gnutls") }
}

/// A kernel that runs as a program, and what packs its files: for control groups of the form that
/// this host may not have. Installs what is missing.
///
/// # Errors
/// A package is not listed, or could not be installed.
pub fn guest_kernel() -> Result<(), Failure> {
    for (file, package) in [("/usr/bin/linux.uml", "user-mode-linux"), ("/usr/bin/cpio", "cpio")] {
        if !Path::new(file).exists() {
            install(package)?;
        }
    }
    Ok(())
}

/// What slots in hardware are built and tested with: a token and a TPM in software, and the TSS
/// libraries. Installs what is missing.
///
/// # Errors
/// A package is not listed, or could not be installed.
pub fn software_hardware() -> Result<(), Failure> {
    let needed = [
        ("/usr/bin/pkg-config", "pkg-config"),
        ("/usr/bin/softhsm2-util", "softhsm2"),
        ("/usr/bin/swtpm", "swtpm"),
        ("/usr/include/tss2/tss2_esys.h", "libtss2-dev"),
    ];
    for (file, package) in needed {
        if !Path::new(file).exists() {
            install(package)?;
        }
        if !Path::new(file).exists() {
            return Err(Failure(format!("{package} was installed, but {file} is not there")));
        }
    }
    Ok(())
}

/// A short name for a lock file: FNV-1a, for telling folders apart and for nothing else.
fn name_of(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |name, byte| {
        (name ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

/// The name cargo-deny gives the folder of the RustSec database: its own, and a hash of the
/// address.
const ADVISORIES: &str = "advisory-db-3157b0e258782691";

/// Checks advisories against the live database, else against the copy that `CASEMATE_ADVISORY_DB`
/// names; prints how old the copy is.
///
/// # Errors
/// An advisory that is not excused in `deny.toml`, or no database at all.
pub fn advisories(cargo_deny: &Path) -> Result<(), Failure> {
    let live = Command::new(cargo_deny)
        .current_dir(root())
        .args(["fetch", "db"])
        .stderr(std::process::Stdio::null())
        .status()?;
    let mut check = Command::new(cargo_deny);
    check.current_dir(root());
    if live.success() {
        println!("advisories: the live database");
        return must(check.args(["check", "advisories"]));
    }
    let copy = std::env::var_os("CASEMATE_ADVISORY_DB").map(PathBuf::from).ok_or_else(|| {
        Failure::new("the advisory database is out of reach; name a copy in CASEMATE_ADVISORY_DB")
    })?;
    let folder = cache("advisories")?;
    clone_copy(&copy, &folder.join(ADVISORIES))?;
    let config = with_database(&folder)?;
    must(
        check
            .args(["--offline", "-L", "error", "--config"])
            .arg(config)
            .args(["check", "advisories"]),
    )
}

/// Makes a git repository of the copy, as cargo-deny wants one.
fn clone_copy(copy: &Path, target: &Path) -> Result<(), Failure> {
    if target.exists() {
        std::fs::remove_dir_all(target)?;
    }
    must(Command::new("cp").args(["-r", "--no-preserve=mode,ownership"]).arg(copy).arg(target))?;
    let git = |words: &[&str]| {
        must(
            Command::new("git")
                .current_dir(target)
                .args(["-c", "user.name=ci", "-c", "user.email=ci@localhost", "-c", "gc.auto=0"])
                .args(words),
        )
    };
    git(&["init", "--quiet"])?;
    git(&["add", "--all"])?;
    git(&["commit", "--quiet", "--message", "copy"])?;
    std::fs::write(target.join(".git/FETCH_HEAD"), "")?;
    let newest = newest_advisory(copy).unwrap_or_else(|| "unknown".to_owned());
    println!("advisories: a copy; its newest advisory is {newest}");
    Ok(())
}

/// The newest id (`RUSTSEC-YYYY-NNNN`) in the copy: how old it is at least.
fn newest_advisory(copy: &Path) -> Option<String> {
    let crates = std::fs::read_dir(copy.join("crates")).ok()?.flatten();
    crates
        .filter_map(|folder| std::fs::read_dir(folder.path()).ok())
        .flat_map(Iterator::flatten)
        .filter_map(|file| file.path().file_stem().and_then(|s| s.to_str()).map(str::to_owned))
        .filter(|name| name.starts_with("RUSTSEC-"))
        .max()
}

/// `deny.toml` with the database's folder filled in.
fn with_database(folder: &Path) -> Result<PathBuf, Failure> {
    let text = std::fs::read_to_string(root().join("deny.toml"))?;
    let path = serde_json::to_string(&folder.display().to_string())
        .map_err(|error| Failure(error.to_string()))?;
    // A path dependency's yanked state is not known offline.
    let text = text.replace(
        "[advisories]\nyanked = \"deny\"",
        &format!("[advisories]\nyanked = \"allow\"\ndb-path = {path}"),
    );
    let config = folder.join("deny.toml");
    std::fs::write(&config, text)?;
    Ok(config)
}
