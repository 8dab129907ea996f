//! Pages for people with a browser: static files, compiled in.
//!
//! Always true
//! 1. A page is an ordinary client of the API: it holds no right of its own, and its tokens live in
//!    memory only.
//! 2. No page runs a script of another place or one written into it, is framed, or is kept in a
//!    cache.
//! 3. A file is served by its exact name; no path is ever put together from a request.
//!
//! Never: a template, a cookie, text of a request in a page.

use axum::Router;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY};

use crate::house::House;

/// A file as it is served.
#[derive(Debug, Clone, Copy)]
struct File {
    path: &'static str,
    kind: &'static str,
    text: &'static str,
}

const HTML: &str = "text/html; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";
const STYLE: &str = "text/css; charset=utf-8";

/// What a page may do: run and style itself with files of ours, and ask our API.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
    connect-src 'self'; img-src 'self' data:; form-action 'self'; frame-ancestors 'none'; \
    base-uri 'none'";

const FILES: &[File] = &[
    File { path: "/sign-in", kind: HTML, text: include_str!("sign-in.html") },
    File { path: "/authorize", kind: HTML, text: include_str!("authorize.html") },
    File { path: "/device", kind: HTML, text: include_str!("device.html") },
    File { path: "/sessions", kind: HTML, text: include_str!("sessions.html") },
    File { path: "/pages/sessions.js", kind: SCRIPT, text: include_str!("sessions.js") },
    File { path: "/identities", kind: HTML, text: include_str!("identities.html") },
    File { path: "/step-up", kind: HTML, text: include_str!("step-up.html") },
    File { path: "/pages/identities.js", kind: SCRIPT, text: include_str!("identities.js") },
    File { path: "/pages/step-up.js", kind: SCRIPT, text: include_str!("step-up.js") },
    File { path: "/pages/api.js", kind: SCRIPT, text: include_str!("api.js") },
    File { path: "/pages/sign-in.js", kind: SCRIPT, text: include_str!("sign-in.js") },
    File { path: "/pages/authorize.js", kind: SCRIPT, text: include_str!("authorize.js") },
    File { path: "/pages/device.js", kind: SCRIPT, text: include_str!("device.js") },
    File { path: "/passkeys", kind: HTML, text: include_str!("passkeys.html") },
    File { path: "/pages/passkeys.js", kind: SCRIPT, text: include_str!("passkeys.js") },
    File { path: "/pages/webauthn.js", kind: SCRIPT, text: include_str!("webauthn.js") },
    File { path: "/pages/style.css", kind: STYLE, text: include_str!("style.css") },
];

/// One route for each file.
pub(crate) fn routes() -> Router<House> {
    FILES.iter().fold(Router::new(), |router, file| {
        let file = *file;
        router.route(file.path, get(move || async move { file.response() }))
    })
}

impl File {
    fn response(self) -> Response {
        let headers = [
            (CONTENT_TYPE, self.kind),
            (CACHE_CONTROL, "no-store"),
            (CONTENT_SECURITY_POLICY, POLICY),
            (REFERRER_POLICY, "no-referrer"),
        ];
        (headers, self.text).into_response()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_page_holds_a_script_a_style_or_a_handler_of_its_own() {
        for file in FILES.iter().filter(|file| file.kind == HTML) {
            for part in file.text.split("<script").skip(1) {
                let (attributes, rest) = part.split_once('>').unwrap();
                assert!(attributes.contains("src=\"/pages/"), "{}", file.path);
                assert!(rest.starts_with("</script>"), "{}", file.path);
            }
            for refused in ["<style", " style=", " onclick=", " onsubmit=", "javascript:", "http"] {
                assert!(!file.text.contains(refused), "{} holds {refused}", file.path);
            }
        }
    }

    #[test]
    fn a_password_is_not_shown_while_it_is_typed_and_every_page_leads_to_where_one_signs_out() {
        for file in FILES.iter().filter(|file| file.kind == HTML) {
            for field in file.text.split("<input").skip(1) {
                let (attributes, _) = field.split_once('>').unwrap();
                let password = attributes.contains("password");
                assert_eq!(password, attributes.contains("type=\"password\""), "{}", file.path);
            }
            let out = file.text.contains("href=\"/sign-in\"") || file.text.contains("Sign out<");
            assert!(out, "{}", file.path);
        }
    }

    #[test]
    fn scripts_keep_nothing_in_the_browser_and_write_no_markup() {
        for file in FILES.iter().filter(|file| file.kind == SCRIPT) {
            // The command line listens on this machine alone, without a certificate.
            let text = file.text.replace("http://127.0.0.1:", "");
            for refused in ["localStorage", "document.cookie", "innerHTML", "eval(", "http:"] {
                assert!(!text.contains(refused), "{} holds {refused}", file.path);
            }
            // The one thing that outlives a page, for this tab: which page to go on to.
            for part in file.text.split("sessionStorage.").skip(1) {
                let (_, argument) = part.split_once('(').unwrap();
                assert!(argument.starts_with("\"next\""), "{} keeps {argument:.20}", file.path);
            }
        }
    }
}
