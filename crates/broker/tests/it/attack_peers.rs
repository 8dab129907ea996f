//! Peers that are not allowed, not speaking the protocol, or not in a hurry.

use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use broker::{Broker, BrokerError};
use domain::Entropy;
use domain::limits::{BROKER_CALL_MS_MAX, BROKER_FRAME_BYTES_MAX};
use seal::SystemEntropy;

use crate::house::{House, our_uid};

fn raw(house: &House) -> UnixStream {
    let stream = UnixStream::connect(house.socket()).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    stream
}

fn frame(body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len()).unwrap();
    [&length.to_be_bytes(), body].concat()
}

/// Everything the broker sends until it closes.
fn all_answers(mut stream: UnixStream) -> Vec<u8> {
    let mut answers = Vec::new();
    let _ = stream.read_to_end(&mut answers);
    answers
}

#[tokio::test]
async fn a_user_that_is_not_listed_gets_no_byte() {
    let mut house = House::set_up();
    house.spawn(&(our_uid() + 1).to_string());
    let deadline = Instant::now() + Duration::from_secs(20);
    while !house.socket().exists() || UnixStream::connect(house.socket()).is_err() {
        assert!(Instant::now() < deadline);
        std::thread::sleep(Duration::from_millis(5));
    }
    let mut stream = raw(&house);
    let _ = stream.write_all(&frame(&[1, 0]));
    assert_eq!(all_answers(stream), b"");
    assert_eq!(Broker::connect(&house.socket()).await.err(), Some(BrokerError::Unreachable));
}

#[tokio::test]
async fn the_socket_and_every_file_are_private() {
    let (house, _broker) = House::running().await;
    let mode =
        |path: &std::path::Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&house.socket()), 0o600);
    for folder in ["data", "config"] {
        for (path, _) in crate::house::all_files(&house.path(folder)) {
            assert_eq!(mode(&path), 0o600, "{}", path.display());
        }
    }
}

#[tokio::test]
async fn what_is_no_request_gets_one_refusal_and_the_others_are_still_answered() {
    let (house, broker) = House::running().await;
    let larger = u32::try_from(BROKER_FRAME_BYTES_MAX + 1).unwrap().to_be_bytes();
    let unframed = [&[0u8; 4][..], &larger, &[0xff; 4], b"GET / HTTP/1.1\r\n\r\n"];
    for bytes in unframed {
        let mut stream = raw(&house);
        stream.write_all(bytes).unwrap();
        assert_eq!(all_answers(stream), b"", "{bytes:?}");
    }
    let bodies: [&[u8]; 6] = [&[1], &[0, 0], &[2, 0], &[1, 200], &[1, 0, 0], &[1; 4096]];
    for body in bodies {
        let mut stream = raw(&house);
        stream.write_all(&frame(body)).unwrap();
        let answer = all_answers(stream);
        assert!(!answer.is_empty() && answer.len() < 32, "{body:?} got {answer:?}");
    }
    assert!(broker.status().await.is_ok());
}

#[tokio::test]
async fn thousands_of_random_frames_do_no_harm() {
    let (house, broker) = House::running().await;
    let mut seed = [0u8; 8];
    SystemEntropy.fill(&mut seed);
    println!("seed {seed:02x?}");
    let mut state = u64::from_be_bytes(seed);
    let mut next = move || {
        // SplitMix64: the seed printed above replays the run.
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        (mixed ^ (mixed >> 27)).to_be_bytes()
    };
    let before = broker.status().await.unwrap();
    for _ in 0..1_000 {
        let mut body = vec![1, next()[0] % 18];
        for _ in 0..next()[0] % 12 {
            body.extend_from_slice(&next());
        }
        let mut stream = raw(&house);
        stream.write_all(&frame(&body)).unwrap();
        stream.shutdown(std::net::Shutdown::Write).unwrap();
        all_answers(stream);
    }
    let after = broker.status().await.unwrap();
    assert_eq!((after.instance, after.root_key), (before.instance, before.root_key));
    assert_eq!(after.recovery_confirmed, before.recovery_confirmed);
}

#[tokio::test]
async fn slow_peers_hold_nobody_else_and_are_closed_in_time() {
    let (house, broker) = House::running().await;
    let mut slow: Vec<_> = (0..20)
        .map(|number| {
            let mut stream = raw(&house);
            let announced = frame(&vec![1; 5_000_000]);
            stream.write_all(&announced[..number * 7 % 40 + 1]).unwrap();
            stream
        })
        .collect();
    let began = Instant::now();
    for _ in 0..50 {
        broker.status().await.unwrap();
    }
    assert!(began.elapsed() < Duration::from_secs(3), "{:?}", began.elapsed());
    let first = slow.remove(0);
    assert_eq!(all_answers(first), b"");
    let waited = began.elapsed();
    assert!(waited < Duration::from_millis(BROKER_CALL_MS_MAX + 5_000), "{waited:?}");
}

#[tokio::test]
async fn a_peer_that_drips_bytes_cannot_stretch_its_time() {
    let (house, _broker) = House::running().await;
    let mut stream = raw(&house);
    let bytes = frame(&vec![1; 1_000]);
    let began = Instant::now();
    for byte in &bytes {
        if stream.write_all(&[*byte]).is_err() {
            break;
        }
        std::thread::sleep(Duration::from_millis(100));
        assert!(began.elapsed() < Duration::from_secs(15), "it is still being listened to");
    }
    assert!(began.elapsed() >= Duration::from_millis(BROKER_CALL_MS_MAX - 500));
}

#[tokio::test]
async fn too_many_connections_are_closed_and_room_comes_back() {
    let (house, broker) = House::running().await;
    let held: Vec<_> = (0..110).map(|_| raw(&house)).collect();
    std::thread::sleep(Duration::from_millis(300));
    assert_eq!(all_answers(raw(&house)), b"", "one more was let in");
    assert!(broker.status().await.is_ok(), "a connection made before is cut off");
    drop(held);
    std::thread::sleep(Duration::from_millis(300));
    let another = Broker::connect(&house.socket()).await;
    assert!(another.is_ok());
}

#[tokio::test]
async fn a_second_broker_on_the_same_keys_is_refused_and_a_stale_socket_is_not_in_the_way() {
    let (mut house, broker) = House::running().await;
    let said = house.refused_start();
    assert!(said.contains("another broker is running"), "{said}");
    assert!(broker.status().await.is_ok());
    house.kill();
    assert!(house.socket().exists(), "a killed broker leaves its socket");
    assert!(house.start().await.status().await.is_ok());
}

#[tokio::test]
async fn a_file_where_the_socket_should_be_stops_the_start_and_stays() {
    let house = House::set_up();
    std::fs::write(house.socket(), b"precious").unwrap();
    let said = house.refused_start();
    assert!(said.contains("broker.sock"), "{said}");
    assert_eq!(std::fs::read(house.socket()).unwrap(), b"precious");
}

#[tokio::test]
async fn a_stopped_broker_is_unreachable_within_the_deadline_and_found_again() {
    let (mut house, broker) = House::running().await;
    house.kill();
    let began = Instant::now();
    assert_eq!(broker.status().await.err(), Some(BrokerError::Unreachable));
    assert!(began.elapsed() < Duration::from_millis(BROKER_CALL_MS_MAX + 500));
    let _again = house.start().await;
    assert!(broker.status().await.is_ok());
}
