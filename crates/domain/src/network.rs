//! Networks that people write down: which addresses a credential may be used from.
//!
//! Always true
//! 1. A network has one spelling: an address, a slash, a length without a leading zero, no bit set
//!    past the length. Anything else is refused, so that nobody reads `10.1.2.3/8` as one machine.
//! 2. An IPv4 address inside IPv6 (`::ffff:a.b.c.d`, RFC 4291 section 2.5.5.2) is that IPv4
//!    address, on both sides of the comparison.
//! 3. An empty list allows every address; any other list allows no unknown one.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::limits;

/// Why a text names no network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NetworkError {
    /// Not an address, a slash and a length.
    #[error("a network is an address, a slash and a length, like 10.0.0.0/8 or 2001:db8::/32")]
    Form,
    /// The address has a bit set past the length.
    #[error("the address has a bit set past the length")]
    Bits,
    /// More networks than one list may hold.
    #[error("a list holds at most {max} networks")]
    TooMany {
        /// How many.
        max: usize,
    },
}

/// A network in CIDR form (RFC 4632; RFC 4291 section 2.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Network {
    base: IpAddr,
    length: u8,
}

/// Bits of an IPv6 address before the IPv4 address that it stands for.
const MAPPED_BITS: u8 = 96;
/// What one use is filed under: a provider's smallest usual share of IPv4.
const AROUND_V4: u8 = 24;
/// The same of IPv6: one site (RFC 6177).
const AROUND_V6: u8 = 48;

impl Network {
    /// The network that this text names.
    ///
    /// # Errors
    /// [`NetworkError`].
    pub fn parse(text: &str) -> Result<Self, NetworkError> {
        let (address, length) = text.split_once('/').ok_or(NetworkError::Form)?;
        let address: IpAddr = address.parse().map_err(|_| NetworkError::Form)?;
        let length = decimal(length).ok_or(NetworkError::Form)?;
        let most = if address.is_ipv4() { 32 } else { 128 };
        if length > most {
            return Err(NetworkError::Form);
        }
        let (base, length) = match (address, address.to_canonical()) {
            (IpAddr::V6(_), folded @ IpAddr::V4(_)) => {
                (folded, length.checked_sub(MAPPED_BITS).ok_or(NetworkError::Bits)?)
            }
            (address, _) => (address, length),
        };
        if masked(base, length) == base {
            Ok(Self { base, length })
        } else {
            Err(NetworkError::Bits)
        }
    }

    /// The neighbourhood that a use from this address is filed under: 24 bits of IPv4, 48 of IPv6.
    #[must_use]
    pub fn around(address: IpAddr) -> Self {
        let address = address.to_canonical();
        let length = if address.is_ipv4() { AROUND_V4 } else { AROUND_V6 };
        Self { base: masked(address, length), length }
    }

    /// Whether the address is in it.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        address.is_ipv4() == self.base.is_ipv4() && masked(address, self.length) == self.base
    }
}

/// A length as everybody writes it.
fn decimal(text: &str) -> Option<u8> {
    let plain = text.bytes().all(|byte| byte.is_ascii_digit());
    let leading_zero = text.len() > 1 && text.starts_with('0');
    if plain && !leading_zero { text.parse().ok() } else { None }
}

/// The address with every bit past `length` cleared.
fn masked(address: IpAddr, length: u8) -> IpAddr {
    let length = u32::from(length);
    match address {
        IpAddr::V4(v4) => {
            let mask = u32::MAX.checked_shl(32_u32.saturating_sub(length)).unwrap_or(0);
            IpAddr::V4(Ipv4Addr::from_bits(v4.to_bits() & mask))
        }
        IpAddr::V6(v6) => {
            let mask = u128::MAX.checked_shl(128_u32.saturating_sub(length)).unwrap_or(0);
            IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() & mask))
        }
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.base, self.length)
    }
}

impl FromStr for Network {
    type Err = NetworkError;

    fn from_str(text: &str) -> Result<Self, NetworkError> {
        Self::parse(text)
    }
}

impl TryFrom<String> for Network {
    type Error = NetworkError;

    fn try_from(text: String) -> Result<Self, NetworkError> {
        Self::parse(&text)
    }
}

impl From<Network> for String {
    fn from(network: Network) -> Self {
        network.to_string()
    }
}

/// The networks a credential may be used from: at most [`limits::NETWORKS_PER_KEY_MAX`], each once.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(try_from = "Vec<Network>", into = "Vec<Network>")]
pub struct Networks(Vec<Network>);

impl Networks {
    /// The networks.
    #[must_use]
    pub fn as_slice(&self) -> &[Network] {
        &self.0
    }

    /// Whether a use from this address is allowed. An unknown address is in no network.
    #[must_use]
    pub fn allow(&self, address: Option<IpAddr>) -> bool {
        self.0.is_empty()
            || address.is_some_and(|address| self.0.iter().any(|one| one.contains(address)))
    }
}

impl TryFrom<Vec<Network>> for Networks {
    type Error = NetworkError;

    fn try_from(mut networks: Vec<Network>) -> Result<Self, NetworkError> {
        networks.sort_unstable();
        networks.dedup();
        if networks.len() > limits::NETWORKS_PER_KEY_MAX {
            return Err(NetworkError::TooMany { max: limits::NETWORKS_PER_KEY_MAX });
        }
        Ok(Self(networks))
    }
}

impl From<Networks> for Vec<Network> {
    fn from(networks: Networks) -> Self {
        networks.0
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn network(text: &str) -> Network {
        Network::parse(text).unwrap()
    }

    #[test]
    fn a_network_has_one_spelling() {
        for text in ["10.0.0.0/8", "0.0.0.0/0", "192.0.2.7/32", "2001:db8::/32", "::/0", "::1/128"]
        {
            assert_eq!(network(text).to_string(), text);
        }
        for text in [
            "",
            "/",
            "10.0.0.0",
            "10.0.0.0/",
            "10.0.0.0/33",
            "::/129",
            "10.0.0.0/08",
            "10.0.0.0/+8",
            "10.0.0.0/ 8",
            " 10.0.0.0/8",
            "10.0.0/8",
            "010.0.0.0/8",
            "0x0a.0.0.0/8",
            "10.0.0.0/8/8",
            "10.0.0.0/255.0.0.0",
            "fe80::1%eth0/64",
            "[::]/0",
            "localhost/8",
            "10.0.0.0/\u{661}",
        ] {
            assert_eq!(Network::parse(text), Err(NetworkError::Form), "{text:?}");
        }
        for text in ["10.1.2.3/8", "2001:db8::1/32", "0.0.0.1/0", "::ffff:10.0.0.0/95"] {
            assert_eq!(Network::parse(text), Err(NetworkError::Bits), "{text:?}");
        }
    }

    #[test]
    fn an_ipv4_address_inside_ipv6_is_that_ipv4_address() {
        assert_eq!(network("::ffff:10.0.0.0/104"), network("10.0.0.0/8"));
        let mapped: IpAddr = "::ffff:10.1.2.3".parse().unwrap();
        assert!(network("10.0.0.0/8").contains(mapped));
        assert!(!network("::/0").contains(mapped), "every IPv6 address is not every address");
        assert!(!network("0.0.0.0/0").contains("2001:db8::1".parse().unwrap()));
        assert_eq!(Network::around(mapped).to_string(), "10.1.2.0/24");
        assert_eq!(
            Network::around("2001:db8:1:2::3".parse().unwrap()).to_string(),
            "2001:db8:1::/48"
        );
    }

    #[test]
    fn an_empty_list_allows_everything_and_any_other_no_unknown_address() {
        assert!(Networks::default().allow(None));
        let list = Networks::try_from(vec![network("10.0.0.0/8"), network("10.0.0.0/8")]).unwrap();
        assert_eq!(list.as_slice().len(), 1);
        assert!(list.allow(Some(IpAddr::from([10, 9, 9, 9]))));
        assert!(!list.allow(Some(IpAddr::from([11, 0, 0, 1]))));
        assert!(!list.allow(None));
        let many = (0..=16).map(|n| network(&format!("10.{n}.0.0/16"))).collect::<Vec<_>>();
        assert_eq!(Networks::try_from(many), Err(NetworkError::TooMany { max: 16 }));
    }

    proptest! {
        #[test]
        fn no_text_names_two_networks_and_every_network_reads_back(text in "\\PC{0,50}") {
            if let Ok(network) = Network::parse(&text) {
                prop_assert_eq!(Network::parse(&network.to_string()), Ok(network));
            }
        }

        #[test]
        fn what_a_network_holds_is_what_its_first_bits_say(
            base in any::<u32>(), other in any::<u32>(), length in 0u8..=32,
        ) {
            let low = u32::MAX.checked_shr(u32::from(length)).unwrap_or(0);
            let written = format!("{}/{length}", Ipv4Addr::from_bits(base & !low));
            let network = network(&written);
            let inside = (base ^ other) & !low == 0;
            prop_assert_eq!(network.contains(IpAddr::V4(Ipv4Addr::from_bits(other))), inside);
            prop_assert!(network.contains(IpAddr::V4(Ipv4Addr::from_bits(base))));
        }

        #[test]
        fn the_same_holds_for_ipv6(
            base in any::<u128>(), other in any::<u128>(), length in 0u8..=128,
        ) {
            let low = u128::MAX.checked_shr(u32::from(length)).unwrap_or(0);
            let (base, other) = (base | 1 << 127, other | 1 << 127);
            let written = format!("{}/{length}", Ipv6Addr::from_bits(base & !low));
            let inside = (base ^ other) & !low == 0;
            let other = IpAddr::V6(Ipv6Addr::from_bits(other));
            prop_assert_eq!(network(&written).contains(other), inside);
        }
    }
}
