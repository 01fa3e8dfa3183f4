//! Network ranges in settings, and what counts as this machine.

use std::net::IpAddr;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, de};
use url::{Host, Url};

/// An address or a network such as `10.0.0.0/8`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IpRange {
    network: IpAddr,
    prefix_bits: u8,
}

impl IpRange {
    /// Whether `address` is in the range. An IPv4 address written as IPv6 counts as IPv4.
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.network.to_canonical(), address.to_canonical()) {
            (IpAddr::V4(network), IpAddr::V4(address)) => {
                same_prefix(u128::from(network.to_bits()), u128::from(address.to_bits()), 32, self.prefix_bits)
            }
            (IpAddr::V6(network), IpAddr::V6(address)) => {
                same_prefix(network.to_bits(), address.to_bits(), 128, self.prefix_bits)
            }
            _ => false,
        }
    }
}

fn same_prefix(left: u128, right: u128, width: u32, prefix_bits: u8) -> bool {
    let ignored = width.saturating_sub(u32::from(prefix_bits));
    // A shift by the whole width of 128 bits is not defined: no bit is compared then.
    left.checked_shr(ignored).unwrap_or(0) == right.checked_shr(ignored).unwrap_or(0)
}

impl FromStr for IpRange {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let problem = || format!("`{text}` is no address or network; write for example 10.0.0.7, 10.0.0.0/8 or ::1");
        let (address, bits) = match text.split_once('/') {
            Some((address, bits)) => (address, Some(bits)),
            None => (text, None),
        };
        let network: IpAddr = address.parse().map_err(|_| problem())?;
        let width = if network.is_ipv4() { 32 } else { 128 };
        let prefix_bits = match bits {
            Some(bits) => bits.parse().ok().filter(|bits| *bits <= width).ok_or_else(problem)?,
            None => width,
        };
        Ok(Self { network, prefix_bits })
    }
}

/// Reads a list of ranges, either an array or one text with commas (as environment variables have it).
pub(super) fn comma_separated<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<IpRange>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Written {
        Text(String),
        List(Vec<String>),
    }
    let texts = match Written::deserialize(deserializer)? {
        Written::Text(text) => text.split(',').map(ToOwned::to_owned).collect(),
        Written::List(texts) => texts,
    };
    let texts = texts.iter().map(|text| text.trim()).filter(|text| !text.is_empty());
    texts.map(|text| text.parse().map_err(de::Error::custom)).collect()
}

/// The host of an absolute URL.
pub fn host_of(url: &str) -> Option<Host<String>> {
    Url::parse(url).ok()?.host().map(|host| host.to_owned())
}

/// Whether a host is this machine: `localhost`, its subdomains, 127.0.0.0/8 or `::1`.
pub fn is_loopback_host(host: &Host<String>) -> bool {
    match host {
        Host::Domain(name) => name == "localhost" || name.ends_with(".localhost"),
        Host::Ipv4(address) => address.is_loopback(),
        Host::Ipv6(address) => address.is_loopback(),
    }
}
