//! The environment that a program is given: ours, with the secrets on top.
//!
//! Always true
//! 1. A secret whose name changes how programs are found or loaded is refused unless the person
//!    names it: whoever may set a secret must not be able to run code on the machine of whoever
//!    uses it.
//! 2. A value that cannot be an environment variable (a NUL inside) is refused by name, never cut.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;

use domain::VariableName;
use seal::Exposed;

use crate::failure::Failure;

/// A secret that goes into the environment.
pub(super) struct Variable {
    pub(super) name: VariableName,
    pub(super) value: Exposed,
}

/// Names that dynamic loaders, shells and interpreters obey.
const LOADING: &[&str] = &[
    "PATH",
    "IFS",
    "ENV",
    "BASH_ENV",
    "SHELLOPTS",
    "BASHOPTS",
    "PS4",
    "PROMPT_COMMAND",
    "CDPATH",
    "PYTHONPATH",
    "PYTHONSTARTUP",
    "PYTHONHOME",
    "PERL5LIB",
    "PERL5OPT",
    "PERLLIB",
    "RUBYLIB",
    "RUBYOPT",
    "NODE_OPTIONS",
    "NODE_PATH",
    "JAVA_TOOL_OPTIONS",
    "_JAVA_OPTIONS",
    "JDK_JAVA_OPTIONS",
    "CLASSPATH",
    "GCONV_PATH",
    "LOCPATH",
    "GIT_SSH",
    "GIT_SSH_COMMAND",
    "GIT_EXEC_PATH",
    "GIT_EXTERNAL_DIFF",
    "EDITOR",
    "VISUAL",
    "PAGER",
    "MANPAGER",
    "LESSOPEN",
    "BROWSER",
    "SHELL",
    "OPENSSL_CONF",
    "OPENSSL_MODULES",
    "HOSTALIASES",
    "TERMINFO",
    "RUSTC_WRAPPER",
    "DOTNET_STARTUP_HOOKS",
];

/// Prefixes of such names.
const LOADING_PREFIXES: &[&str] =
    &["LD_", "DYLD_", "BASH_FUNC_", "GLIBC_TUNABLES", "MALLOC_", "NPM_CONFIG_"];

fn changes_loading(name: &str) -> bool {
    LOADING.contains(&name) || LOADING_PREFIXES.iter().any(|prefix| name.starts_with(prefix))
}

/// The variables as the operating system takes them.
///
/// Errors: a name that changes how programs are loaded and is not in `allowed`; a value with a NUL
/// in it.
pub(super) fn variables(
    secrets: &[Variable],
    allowed: &[VariableName],
) -> Result<Vec<(String, OsString)>, Failure> {
    secrets
        .iter()
        .map(|secret| {
            let name = secret.name.as_str();
            if changes_loading(name) && !allowed.contains(&secret.name) {
                return Err(Failure::input(
                    format!("the secret {name} would change how programs are started"),
                    format!("Rename it, or say --allow {name} when you trust whoever set it."),
                ));
            }
            if secret.value.expose().contains(&0) {
                return Err(Failure::input(
                    format!("the value of {name} holds a NUL, which no environment variable can"),
                    "Seal it in another form, for example base64.",
                ));
            }
            Ok((name.to_owned(), OsString::from_vec(secret.value.expose().to_vec())))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given(name: &str, value: &[u8], allowed: &[&str]) -> Result<usize, String> {
        let name: VariableName = name.parse().unwrap();
        let allowed: Vec<VariableName> = allowed.iter().map(|name| name.parse().unwrap()).collect();
        let secrets = [Variable { name, value: Exposed::copy_of(value) }];
        variables(&secrets, &allowed).map(|list| list.len()).map_err(|failure| failure.to_string())
    }

    #[test]
    fn a_secret_cannot_make_the_loader_run_somebody_elses_code() {
        for name in ["LD_PRELOAD", "LD_AUDIT", "PATH", "BASH_ENV", "NODE_OPTIONS", "PYTHONPATH"] {
            assert!(given(name, b"/tmp/evil.so", &[]).unwrap_err().contains(name));
            assert_eq!(given(name, b"/opt/lib.so", &[name]), Ok(1));
        }
    }

    #[test]
    fn ordinary_names_pass_whatever_their_bytes() {
        assert_eq!(given("DATABASE_URL", b"postgres://\xff", &[]), Ok(1));
        assert_eq!(given("LDAP_PASSWORD", b"x", &[]), Ok(1));
    }

    #[test]
    fn a_nul_is_told_by_the_name_of_its_secret_and_not_by_its_value() {
        let message = given("KEY", b"val\0ue", &[]).unwrap_err();
        assert!(message.contains("KEY") && !message.contains("val\0"), "{message}");
    }
}
