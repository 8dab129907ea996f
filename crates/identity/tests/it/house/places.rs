//! A tiny MaxMind database, written as the format's description has it: a binary tree over IPv4
//! addresses, a data section, and a map of metadata.

use std::net::Ipv4Addr;

/// A network with its country and coordinates.
pub(crate) type Entry<'a> = (Ipv4Addr, u8, &'a str, (f64, f64));

/// What a record of a node leads to.
#[derive(Clone, Copy)]
enum Record {
    Nothing,
    Node(usize),
    Data(usize),
}

/// The bytes of a database with these networks.
pub(crate) fn database(entries: &[Entry<'_>]) -> Vec<u8> {
    let (mut nodes, mut data) = (vec![[Record::Nothing; 2]], Vec::new());
    for (address, bits, country, at) in entries {
        let offset = data.len();
        data.extend(value(country, *at));
        let mut node = 0;
        for depth in 0..*bits {
            let side = usize::from((u32::from(*address) >> (31 - depth)) & 1 == 1);
            if depth + 1 == *bits {
                nodes[node][side] = Record::Data(offset);
            } else if let Record::Node(next) = nodes[node][side] {
                node = next;
            } else {
                nodes.push([Record::Nothing; 2]);
                nodes[node][side] = Record::Node(nodes.len() - 1);
                node = nodes.len() - 1;
            }
        }
    }
    let mut bytes = Vec::new();
    for record in nodes.iter().flatten() {
        let number = match *record {
            Record::Nothing => nodes.len(),
            Record::Node(next) => next,
            Record::Data(offset) => nodes.len() + 16 + offset,
        };
        bytes.extend(&u32::try_from(number).unwrap().to_be_bytes()[1..]);
    }
    bytes.extend([0; 16]);
    bytes.extend(data);
    bytes.extend(b"\xab\xcd\xefMaxMind.com");
    bytes.extend(metadata(u32::try_from(nodes.len()).unwrap()));
    bytes
}

fn value(country: &str, (latitude, longitude): (f64, f64)) -> Vec<u8> {
    let country = [map(1), text("iso_code"), text(country)].concat();
    let location =
        [map(2), text("latitude"), double(latitude), text("longitude"), double(longitude)];
    [map(2), text("country"), country, text("location"), location.concat()].concat()
}

fn metadata(nodes: u32) -> Vec<u8> {
    let short = |n: u16| [vec![5 << 5 | 2], n.to_be_bytes().to_vec()].concat();
    let long = [vec![6 << 5 | 4], nodes.to_be_bytes().to_vec()].concat();
    [
        map(9),
        text("node_count"),
        long,
        text("record_size"),
        short(24),
        text("ip_version"),
        short(4),
        text("database_type"),
        text("Test-City"),
        text("languages"),
        // An array, which is an extended type: 11 less 7.
        vec![0, 4],
        text("binary_format_major_version"),
        short(2),
        text("binary_format_minor_version"),
        short(0),
        text("build_epoch"),
        // A number of 64 bits, which is an extended type: 9 less 7.
        vec![8, 2, 0, 0, 0, 0, 0, 0, 0, 1],
        text("description"),
        map(0),
    ]
    .concat()
}

fn map(pairs: u8) -> Vec<u8> {
    vec![7 << 5 | pairs]
}

fn text(text: &str) -> Vec<u8> {
    let length = u8::try_from(text.len()).unwrap();
    assert!(length < 29, "longer ones need another form");
    [vec![2 << 5 | length], text.as_bytes().to_vec()].concat()
}

fn double(number: f64) -> Vec<u8> {
    [vec![3 << 5 | 8], number.to_be_bytes().to_vec()].concat()
}
