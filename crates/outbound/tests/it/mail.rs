//! Letters over TLS: to a server that proves its name, and to no other.

use std::sync::{Arc, Mutex};

use domain::{EmailAddress, NoticeId};
use outbound::mail::{Letter, Login, MailSettings, Mailer, NotSent, TlsMode};
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};

/// A mail server that writes down every line it hears.
struct Server {
    port: u16,
    heard: Arc<Mutex<Vec<String>>>,
    certificate: Vec<u8>,
    _task: JoinSet<()>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Speaks {
    Plain,
    Tls,
    /// Offers and gives `STARTTLS`.
    StartTls,
}

async fn server(speaks: Speaks, name: &str) -> Server {
    let _ = tokio_rustls::rustls::crypto::aws_lc_rs::default_provider().install_default();
    let made = rcgen::generate_simple_self_signed(vec![name.to_owned()]).unwrap();
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(made.signing_key.serialize_der()));
    let config = ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let heard = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&heard);
    let mut task = JoinSet::new();
    task.spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let mut stream = BufReader::new(stream);
            match speaks {
                Speaks::Plain => talk(stream, &kept, true).await,
                Speaks::Tls => {
                    if let Ok(secured) = acceptor.accept(stream.into_inner()).await {
                        talk(BufReader::new(secured), &kept, true).await;
                    }
                }
                Speaks::StartTls => {
                    stream.write_all(b"220 here\r\n").await.unwrap();
                    let mut line = String::new();
                    stream.read_line(&mut line).await.unwrap();
                    stream.write_all(b"250-here\r\n250 STARTTLS\r\n").await.unwrap();
                    line.clear();
                    stream.read_line(&mut line).await.unwrap();
                    assert_eq!(line, "STARTTLS\r\n");
                    stream.write_all(b"220 go on\r\n").await.unwrap();
                    if let Ok(secured) = acceptor.accept(stream.into_inner()).await {
                        talk(BufReader::new(secured), &kept, false).await;
                    }
                }
            }
        }
    });
    Server { port, heard, certificate: made.cert.pem().into_bytes(), _task: task }
}

async fn talk(
    mut stream: BufReader<impl AsyncRead + AsyncWrite + Unpin>,
    heard: &Mutex<Vec<String>>,
    greets: bool,
) {
    if greets && stream.write_all(b"220 here\r\n").await.is_err() {
        return;
    }
    let mut in_letter = false;
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await.unwrap_or(0) == 0 {
            return;
        }
        heard.lock().unwrap().push(line.trim_end().to_owned());
        let answer: &[u8] = match line.as_str() {
            ".\r\n" => {
                in_letter = false;
                b"250 taken\r\n"
            }
            _ if in_letter => continue,
            "DATA\r\n" => {
                in_letter = true;
                b"354 go on\r\n"
            }
            "QUIT\r\n" => b"221 bye\r\n",
            text if text.starts_with("EHLO") => b"250-here\r\n250 AUTH PLAIN\r\n",
            text if text.starts_with("AUTH") => b"235 come in\r\n",
            _ => b"250 so be it\r\n",
        };
        if stream.write_all(answer).await.is_err() {
            return;
        }
    }
}

fn settings(server: &Server, tls: TlsMode, trusted: bool) -> MailSettings {
    MailSettings {
        host: "localhost".to_owned(),
        port: server.port,
        tls,
        root_certificates: trusted.then(|| server.certificate.clone()),
        login: Some(Login {
            user: "casemate".to_owned(),
            password: b"canary-password".to_vec().into(),
        }),
        from: EmailAddress::parse("casemate@acme.example").unwrap(),
    }
}

async fn sends(server: &Server, tls: TlsMode, trusted: bool) -> Result<(), NotSent> {
    let notice: NoticeId = "0192d3a4-7b1c-7def-8a00-00000000abcd".parse().unwrap();
    let letter = Letter {
        notice,
        to: EmailAddress::parse("ada@example.org").unwrap(),
        subject: "A subject",
        text: "canary-letter".to_owned(),
        html: "<p>canary-letter</p>".to_owned(),
    };
    Mailer::new(&settings(server, tls, trusted)).unwrap().send(&letter).await
}

fn heard(server: &Server) -> String {
    server.heard.lock().unwrap().join("\n")
}

#[tokio::test]
async fn a_letter_goes_over_tls_to_a_server_that_proves_its_name() {
    for (speaks, tls) in [(Speaks::Tls, TlsMode::Implicit), (Speaks::StartTls, TlsMode::StartTls)] {
        let server = server(speaks, "localhost").await;
        assert_eq!(sends(&server, tls, true).await, Ok(()));
        let heard = heard(&server);
        assert!(heard.contains("RCPT TO:<ada@example.org>"), "{heard}");
        assert!(heard.contains("canary-letter") && heard.contains("AUTH PLAIN"), "{heard}");
    }
}

#[tokio::test]
async fn a_server_that_strips_starttls_gets_neither_letter_nor_password() {
    let server = server(Speaks::Plain, "localhost").await;
    assert_eq!(sends(&server, TlsMode::StartTls, true).await, Err(NotSent::Insecure));
    let heard = heard(&server);
    assert!(!heard.contains("AUTH") && !heard.contains("canary") && !heard.contains("MAIL"));
}

#[tokio::test]
async fn a_certificate_that_nobody_vouches_for_or_of_another_name_gets_nothing() {
    for (name, trusted) in [("localhost", false), ("mail.example", true)] {
        for (speaks, tls) in
            [(Speaks::Tls, TlsMode::Implicit), (Speaks::StartTls, TlsMode::StartTls)]
        {
            let server = server(speaks, name).await;
            let refused = sends(&server, tls, trusted).await.unwrap_err();
            assert!(!refused.for_good(), "{refused}: it is tried again once that is mended");
            assert_eq!(heard(&server), "", "{name}");
        }
    }
}
