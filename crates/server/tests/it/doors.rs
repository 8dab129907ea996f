//! Doors: how many come in, and how they are closed.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::routing::get;
use server::listen::{Door, Stop, Transport, bind};
use server::metrics::Metrics;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;

/// A door whose one page takes a while.
async fn door(connections_max: usize) -> (SocketAddr, Stop, JoinHandle<()>, Arc<Metrics>) {
    let listener = bind(SocketAddr::from(([127, 0, 0, 1], 0))).await.unwrap();
    let address = listener.local_addr().unwrap();
    let slow = || async {
        tokio::time::sleep(Duration::from_millis(400)).await;
        "at last"
    };
    let (stop, metrics) = (Stop::new(), Arc::new(Metrics::default()));
    let door = Door {
        listener,
        transport: Transport::Plain,
        router: Router::new().route("/", get(slow)),
        connections_max,
        metrics: Arc::clone(&metrics),
    };
    let serving = tokio::spawn(door.serve(stop.clone()));
    (address, stop, serving, metrics)
}

async fn ask(stream: &mut TcpStream) {
    stream
        .write_all(b"GET / HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")
        .await
        .unwrap();
}

async fn rest(mut stream: TcpStream) -> String {
    let mut answer = Vec::new();
    // A reset is what a connection that was closed unheard looks like.
    let _ = stream.read_to_end(&mut answer).await;
    String::from_utf8(answer).unwrap()
}

#[tokio::test]
async fn one_connection_too_many_is_closed_unheard_and_a_place_is_given_back() {
    let (address, _stop, _serving, metrics) = door(2).await;
    let mut held = TcpStream::connect(address).await.unwrap();
    let also_held = TcpStream::connect(address).await.unwrap();
    tokio::time::sleep(Duration::from_millis(50)).await;
    let turned_away = TcpStream::connect(address).await.unwrap();
    assert_eq!(rest(turned_away).await, "");
    assert!(metrics.text(0).contains("casemate_connections_refused_total 1"));

    ask(&mut held).await;
    assert!(rest(held).await.ends_with("at last"));
    drop(also_held);
    tokio::time::sleep(Duration::from_millis(50)).await;
    let mut next = TcpStream::connect(address).await.unwrap();
    ask(&mut next).await;
    assert!(rest(next).await.ends_with("at last"));
}

#[tokio::test]
async fn a_stop_lets_running_requests_finish_and_takes_no_more() {
    let (address, stop, serving, _metrics) = door(8).await;
    let mut running = TcpStream::connect(address).await.unwrap();
    ask(&mut running).await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    stop.ask();
    assert!(rest(running).await.ends_with("at last"));
    tokio::time::timeout(Duration::from_secs(2), serving).await.unwrap().unwrap();
    assert!(TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn an_idle_connection_does_not_hold_up_a_stop() {
    let (address, stop, serving, _metrics) = door(8).await;
    let idle = TcpStream::connect(address).await.unwrap();
    tokio::time::sleep(Duration::from_millis(100)).await;
    let began = Instant::now();
    stop.ask();
    serving.await.unwrap();
    assert!(began.elapsed() < Duration::from_secs(12), "{:?}", began.elapsed());
    assert_eq!(rest(idle).await, "");
}

#[tokio::test]
async fn asked_twice_it_ends_at_once() {
    let (address, stop, serving, _metrics) = door(8).await;
    let mut running = TcpStream::connect(address).await.unwrap();
    ask(&mut running).await;
    tokio::time::sleep(Duration::from_millis(50)).await;
    stop.ask();
    stop.ask();
    tokio::time::timeout(Duration::from_millis(200), serving).await.unwrap().unwrap();
}
