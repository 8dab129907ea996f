//! Bytes per second through the masker: ordinary log text, and text that keeps beginning like a
//! value.

use divan::Bencher;
use divan::counter::BytesCount;
use mask::Masker;

const CHUNK: usize = 16 * 1024;

fn main() {
    divan::main();
}

fn masker(values: usize) -> Masker {
    let values: Vec<(String, Vec<u8>)> = (0..values)
        .map(|n| (format!("NAME_{n}"), format!("sk_live_{n:08}_Zq3{n:x}/+ value").into_bytes()))
        .collect();
    Masker::new(values.iter().map(|(name, value)| (name.as_str(), value.as_slice()))).0
}

fn run(bencher: Bencher, values: usize, line: &[u8]) {
    let text = line.repeat(1024 * 1024 / line.len());
    let masker = masker(values);
    bencher.counter(BytesCount::of_slice(&text)).bench_local(|| {
        let (mut stream, mut out) = (masker.stream(), Vec::with_capacity(text.len() * 2));
        for chunk in text.chunks(CHUNK) {
            stream.push(chunk, &mut out);
        }
        stream.finish(&mut out);
        out
    });
}

#[divan::bench(args = [1, 20, 256])]
fn ordinary_log(bencher: Bencher, values: usize) {
    run(
        bencher,
        values,
        b"2026-11-21T00:15:02Z INFO request finished status=200 path=/v1/x ms=3\n",
    );
}

#[divan::bench(args = [1, 20, 256])]
fn many_false_beginnings(bencher: Bencher, values: usize) {
    run(bencher, values, b"sk_live_0000 sk_live_ sk_live_00000001_Zq sk_li\n");
}

#[divan::bench(args = [1, 20, 256])]
fn nothing_but_values(bencher: Bencher, values: usize) {
    run(bencher, values, b"sk_live_00000000_Zq30/+ value\n");
}
