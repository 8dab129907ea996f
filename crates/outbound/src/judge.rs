//! Which addresses a call may go to.
//!
//! Always true
//! 1. Loopback, private, link-local, shared, multicast, reserved and documentation addresses are
//!    refused, and so is every form that stands for one of them: v4-mapped, v4-compatible, 6to4,
//!    Teredo and NAT64.
//! 2. What the operator allowed by name is the only exception; it names hosts of this machine or
//!    network, never everything.
//!
//! Sources: IANA special-purpose address registries (RFC 6890), OWASP SSRF prevention.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::str::FromStr;

/// Why an address is not called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotPublic {
    /// This machine.
    #[error("the address is of this machine")]
    Loopback,
    /// A network that is not the internet.
    #[error("the address is of a private network")]
    Private,
    /// The link: metadata services of clouds answer there.
    #[error("the address is of the local link")]
    LinkLocal,
    /// Many receivers, none, or a range that is reserved.
    #[error("the address is reserved")]
    Reserved,
}

/// An address range that the operator allows although it is not public.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Allowed {
    /// One host name or address, and one port.
    Host {
        /// As it is written in the call's address.
        host: String,
        /// The port.
        port: u16,
    },
    /// A network, any port.
    Network {
        /// Its first address.
        base: IpAddr,
        /// How many leading bits belong to it.
        bits: u8,
    },
}

/// A text that allows nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("it must be host:port, or a network such as 10.1.0.0/16")]
pub struct NotAllowance;

impl FromStr for Allowed {
    type Err = NotAllowance;

    fn from_str(text: &str) -> Result<Self, NotAllowance> {
        if let Some((base, bits)) = text.split_once('/') {
            let base: IpAddr = base.parse().map_err(|_| NotAllowance)?;
            let bits: u8 = bits.parse().map_err(|_| NotAllowance)?;
            let most = if base.is_ipv4() { 32 } else { 128 };
            // A network of everything would be no wall at all.
            let sensible = bits >= 8 && bits <= most;
            return if sensible { Ok(Self::Network { base, bits }) } else { Err(NotAllowance) };
        }
        let (host, port) = text.rsplit_once(':').ok_or(NotAllowance)?;
        let port = port.parse().ok().filter(|port| *port != 0).ok_or(NotAllowance)?;
        if host.is_empty() || host.contains(|c: char| c.is_whitespace() || c == '*') {
            return Err(NotAllowance);
        }
        Ok(Self::Host { host: host.to_ascii_lowercase(), port })
    }
}

impl Allowed {
    fn covers(&self, host: &str, address: SocketAddr) -> bool {
        match self {
            Self::Host { host: named, port } => {
                named.eq_ignore_ascii_case(host) && *port == address.port()
            }
            Self::Network { base, bits } => same_network(*base, address.ip().to_canonical(), *bits),
        }
    }
}

/// Which addresses may be called.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Policy {
    allowed: Vec<Allowed>,
}

impl Policy {
    /// Public addresses, and these.
    #[must_use]
    pub const fn allowing(allowed: Vec<Allowed>) -> Self {
        Self { allowed }
    }

    /// Whether the operator named this address.
    #[must_use]
    pub fn names(&self, host: &str, address: SocketAddr) -> bool {
        self.allowed.iter().any(|one| one.covers(host, address))
    }

    /// Whether `address`, which `host` was resolved to, may be called.
    ///
    /// # Errors
    /// [`NotPublic`].
    pub fn judge(&self, host: &str, address: SocketAddr) -> Result<(), NotPublic> {
        if self.names(host, address) { Ok(()) } else { public(address.ip()) }
    }
}

/// Whether an address belongs to the public internet.
///
/// # Errors
/// [`NotPublic`]: what it belongs to instead.
pub fn public(ip: IpAddr) -> Result<(), NotPublic> {
    match ip {
        IpAddr::V4(v4) => public_v4(v4),
        IpAddr::V6(v6) => public_v6(v6),
    }
}

fn public_v4(ip: Ipv4Addr) -> Result<(), NotPublic> {
    let [a, b, c, _] = ip.octets();
    match (a, b, c) {
        (127, ..) => Err(NotPublic::Loopback),
        // 0/8 is this host on Linux.
        (0, ..) => Err(NotPublic::Loopback),
        (169, 254, _) => Err(NotPublic::LinkLocal),
        (10, ..) | (172, 16..=31, _) | (192, 168, _) | (100, 64..=127, _) => {
            Err(NotPublic::Private)
        }
        (192, 0, 0 | 2) | (192, 88, 99) | (198, 18..=19, _) | (198, 51, 100) | (203, 0, 113) => {
            Err(NotPublic::Reserved)
        }
        (224.., ..) => Err(NotPublic::Reserved),
        _ => Ok(()),
    }
}

fn public_v6(ip: Ipv6Addr) -> Result<(), NotPublic> {
    if let Some(v4) = inner_v4(ip) {
        return public_v4(v4);
    }
    let [first, second, ..] = ip.segments();
    match (first, second) {
        (0xfe80..=0xfebf, _) => Err(NotPublic::LinkLocal),
        (0xfc00..=0xfdff, _) | (0xfec0..=0xfeff, _) => Err(NotPublic::Private),
        (0x2001, 0xdb8) | (0x3fff, 0..=0xfff) | (0x2001, 0..=0x1ff) => Err(NotPublic::Reserved),
        // Only 2000::/3 is given out.
        (0x2000..=0x3fff, _) => Ok(()),
        _ if ip.is_loopback() || ip.is_unspecified() => Err(NotPublic::Loopback),
        _ => Err(NotPublic::Reserved),
    }
}

/// The IPv4 address that an IPv6 address carries, in the forms that systems translate.
fn inner_v4(ip: Ipv6Addr) -> Option<Ipv4Addr> {
    let [a, b, c, d, e, f, g, h] = ip.segments();
    let of = |high: u16, low: u16| {
        let ([p, q], [r, s]) = (high.to_be_bytes(), low.to_be_bytes());
        Ipv4Addr::new(p, q, r, s)
    };
    match (a, b, c, d, e, f) {
        (0, 0, 0, 0, 0, 0xffff) | (0, 0, 0, 0, 0xffff, 0) => Some(of(g, h)),
        // NAT64, both prefixes (RFC 6052, RFC 8215).
        (0x64, 0xff9b, ..) => Some(of(g, h)),
        // 6to4.
        (0x2002, ..) => Some(of(b, c)),
        // Teredo keeps the client's address inverted.
        (0x2001, 0, ..) => Some(of(!g, !h)),
        // v4-compatible; ::1 and :: are the loopback's.
        (0, 0, 0, 0, 0, 0) if g != 0 => Some(of(g, h)),
        _ => None,
    }
}

fn same_network(base: IpAddr, ip: IpAddr, bits: u8) -> bool {
    let shared = match (base, ip) {
        (IpAddr::V4(base), IpAddr::V4(ip)) => (u32::from(base) ^ u32::from(ip)).leading_zeros(),
        (IpAddr::V6(base), IpAddr::V6(ip)) => (u128::from(base) ^ u128::from(ip)).leading_zeros(),
        _ => return false,
    };
    shared >= u32::from(bits)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn addresses_that_lead_inside_are_refused_in_every_spelling() {
        for text in [
            "127.0.0.1",
            "0.0.0.0",
            "10.0.0.1",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "100.127.255.255",
            "192.0.2.1",
            "198.18.0.1",
            "224.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "::127.0.0.1",
            "64:ff9b::7f00:1",
            "64:ff9b:1::a9fe:a9fe",
            "2002:7f00:1::",
            "fe80::1",
            "fec0::1",
            "fd00:ec2::254",
            "ff02::1",
            "2001:db8::1",
            "2001:0:0:0:0:0:80ff:fffe",
        ] {
            assert!(public(text.parse().unwrap()).is_err(), "{text}");
        }
        for text in ["8.8.8.8", "172.32.0.1", "100.128.0.1", "2606:4700::1111", "::ffff:8.8.8.8"] {
            assert_eq!(public(text.parse().unwrap()), Ok(()), "{text}");
        }
    }

    #[test]
    fn what_the_operator_names_is_allowed_and_nothing_beside_it() {
        let policy = Policy::allowing(vec![
            "localhost:8080".parse().unwrap(),
            "10.1.0.0/16".parse().unwrap(),
        ]);
        let at = |text: &str| text.parse::<SocketAddr>().unwrap();
        assert!(policy.judge("localhost", at("127.0.0.1:8080")).is_ok());
        assert!(policy.judge("localhost", at("127.0.0.1:8081")).is_err());
        assert!(policy.judge("evil.example", at("127.0.0.1:8080")).is_err());
        assert!(policy.judge("inside.example", at("10.1.2.3:443")).is_ok());
        assert!(policy.judge("inside.example", at("10.2.2.3:443")).is_err());
        for text in ["0.0.0.0/0", "::/0", "*:443", "host", "host:0", ":443", "10.0.0.0/33"] {
            assert_eq!(text.parse::<Allowed>(), Err(NotAllowance), "{text}");
        }
    }

    proptest! {
        #[test]
        fn a_v4_address_is_judged_alike_in_every_form_that_carries_it(bits: u32) {
            let v4 = Ipv4Addr::from(bits);
            let [a, b, c, d] = v4.octets();
            let (high, low) = (u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d]));
            let judged = public(v4.into());
            for form in [
                v4.to_ipv6_mapped(),
                Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, high, low),
                Ipv6Addr::new(0x2002, high, low, 0, 0, 0, 0, 1),
                Ipv6Addr::new(0x2001, 0, 1, 1, 1, 1, !high, !low),
            ] {
                prop_assert_eq!(public(form.into()), judged);
            }
        }

        #[test]
        fn nothing_outside_of_the_given_out_range_is_public(bits: u128) {
            let v6 = Ipv6Addr::from(bits);
            if public(v6.into()).is_ok() {
                prop_assert!(bits >> 125 == 1 || inner_v4(v6).is_some());
            }
        }

        #[test]
        fn a_private_network_is_refused_whole(b: u8, c: u8, d: u8) {
            prop_assert!(public(Ipv4Addr::new(10, b, c, d).into()).is_err());
            prop_assert!(public(Ipv4Addr::new(127, b, c, d).into()).is_err());
            prop_assert!(public(Ipv4Addr::new(169, 254, c, d).into()).is_err());
        }
    }
}
