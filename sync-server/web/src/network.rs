//! Networks of addresses: whom to slow down, and what may be told of where someone is.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Who counts as one: an IPv6 network of 64 bits is one customer's, who is free to choose within.
pub fn customer(ip: IpAddr) -> IpAddr {
    match ip.to_canonical() {
        IpAddr::V6(ip) => Ipv6Addr::from_bits(ip.to_bits() >> 64 << 64).into(),
        ip @ IpAddr::V4(_) => ip,
    }
}

/// Coarse enough to say where and not who.
pub fn coarse(ip: IpAddr) -> String {
    match ip.to_canonical() {
        IpAddr::V4(ip) => format!("{}/24", Ipv4Addr::from_bits(ip.to_bits() & !0xff)),
        IpAddr::V6(ip) => format!("{}/48", Ipv6Addr::from_bits(ip.to_bits() >> 80 << 80)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_cut_to_its_network() {
        for (from, who, place) in [
            ("192.0.2.77", "192.0.2.77", "192.0.2.0/24"),
            ("::ffff:192.0.2.77", "192.0.2.77", "192.0.2.0/24"),
            ("2001:db8:1:2:3::4", "2001:db8:1:2::", "2001:db8:1::/48"),
        ] {
            let from = from.parse().unwrap();
            assert_eq!((customer(from).to_string().as_str(), coarse(from).as_str()), (who, place));
        }
    }
}
