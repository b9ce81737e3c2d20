//! The classes of addresses: all but IANA's special-purpose ranges are on the public internet.
//!
//! The tables are the registries of RFC 6890 (as of 2025) without the few entries that are globally reachable
//! for everyone's use, with multicast, and with the v6 ranges that contain a v4 address: the target of such a
//! range depends on the network, so none of them is reached.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Who may reach an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum AddressClass {
    /// Every plugin whose allowlist has the host.
    Public,
    /// The same, if the operator has allowed the host as well: a device or service nearby.
    Local,
    /// No plugin.
    Never,
}

use AddressClass::{Local, Never};

/// A range by its first address and the length of its prefix. The first that matches decides.
type AddressRange<A> = (A, u32, AddressClass);

/// The special ranges of IPv4. The narrow one within a wider comes first.
const V4: [AddressRange<Ipv4Addr>; 16] = [
    // RFC 791: this network
    (Ipv4Addr::new(0, 0, 0, 0), 8, Never),
    // RFC 1918: private use
    (Ipv4Addr::new(10, 0, 0, 0), 8, Local),
    // RFC 6598: carrier-grade NAT
    (Ipv4Addr::new(100, 64, 0, 0), 10, Local),
    // RFC 1122: loopback
    (Ipv4Addr::new(127, 0, 0, 0), 8, Local),
    // RFC 3927: link-local, and the metadata services of clouds
    (Ipv4Addr::new(169, 254, 0, 0), 16, Local),
    // RFC 1918: private use
    (Ipv4Addr::new(172, 16, 0, 0), 12, Local),
    // RFC 6890: protocol assignments; its two anycast services (RFC 7723, RFC 8155) are no web servers
    (Ipv4Addr::new(192, 0, 0, 0), 24, Never),
    // RFC 5737: documentation
    (Ipv4Addr::new(192, 0, 2, 0), 24, Never),
    // RFC 7526: 6to4 relays, deprecated
    (Ipv4Addr::new(192, 88, 99, 0), 24, Never),
    // RFC 1918: private use
    (Ipv4Addr::new(192, 168, 0, 0), 16, Local),
    // RFC 2544: benchmarking
    (Ipv4Addr::new(198, 18, 0, 0), 15, Never),
    // RFC 5737: documentation
    (Ipv4Addr::new(198, 51, 100, 0), 24, Never),
    // RFC 5737: documentation
    (Ipv4Addr::new(203, 0, 113, 0), 24, Never),
    // RFC 5771: multicast
    (Ipv4Addr::new(224, 0, 0, 0), 4, Never),
    // RFC 919: limited broadcast
    (Ipv4Addr::new(255, 255, 255, 255), 32, Never),
    // RFC 1112: reserved
    (Ipv4Addr::new(240, 0, 0, 0), 4, Never),
];

/// The special ranges of IPv6. A range that holds a v4 address is never reached, whatever that address is:
/// otherwise a mapped loopback would pass as a v6 address (T06).
const V6: [AddressRange<Ipv6Addr>; 18] = [
    // RFC 4291: loopback
    (Ipv6Addr::LOCALHOST, 128, Local),
    // RFC 4291: unspecified, and v4-compatible with a v4 address in it
    (Ipv6Addr::UNSPECIFIED, 96, Never),
    // RFC 4291: v4-mapped
    (Ipv6Addr::new(0, 0, 0, 0, 0, 0xffff, 0, 0), 96, Never),
    // RFC 2765: v4-translated
    (Ipv6Addr::new(0, 0, 0, 0, 0xffff, 0, 0, 0), 96, Never),
    // RFC 6052: NAT64, with a v4 address in it
    (Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, 0, 0), 96, Never),
    // RFC 8215: NAT64 for local use, with a v4 address in it
    (Ipv6Addr::new(0x64, 0xff9b, 1, 0, 0, 0, 0, 0), 48, Never),
    // RFC 6666: discard-only
    (Ipv6Addr::new(0x100, 0, 0, 0, 0, 0, 0, 0), 64, Never),
    // RFC 9780: dummy prefix
    (Ipv6Addr::new(0x100, 0, 0, 1, 0, 0, 0, 0), 64, Never),
    // RFC 4380: Teredo, with a v4 address in it
    (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 32, Never),
    // RFC 2928: protocol assignments, among them benchmarking (RFC 5180) and ORCHID (RFC 7343)
    (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 23, Never),
    // RFC 3849: documentation
    (Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0), 32, Never),
    // RFC 3056: 6to4, with a v4 address in it
    (Ipv6Addr::new(0x2002, 0, 0, 0, 0, 0, 0, 0), 16, Never),
    // RFC 9637: documentation
    (Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0), 20, Never),
    // RFC 9602: segment routing
    (Ipv6Addr::new(0x5f00, 0, 0, 0, 0, 0, 0, 0), 16, Never),
    // RFC 4193: unique-local
    (Ipv6Addr::new(0xfc00, 0, 0, 0, 0, 0, 0, 0), 7, Local),
    // RFC 4291: link-local
    (Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 0), 10, Local),
    // RFC 3879: site-local, deprecated
    (Ipv6Addr::new(0xfec0, 0, 0, 0, 0, 0, 0, 0), 10, Never),
    // RFC 4291: multicast
    (Ipv6Addr::new(0xff00, 0, 0, 0, 0, 0, 0, 0), 8, Never),
];

/// Who may reach `address`.
pub(super) fn class_of(address: IpAddr) -> AddressClass {
    match address {
        IpAddr::V4(address) => {
            let bits = |address: Ipv4Addr| u128::from(address.to_bits()) << 96;
            first(&V4, address, bits)
        }
        IpAddr::V6(address) => match first(&V6, address, Ipv6Addr::to_bits) {
            // RFC 4291, section 2.4: IANA has assigned only 2000::/3 so far.
            AddressClass::Public if address.segments()[0] >> 13 != 1 => Never,
            class => class,
        },
    }
}

/// The class of the first range that has the address; public if none has it.
fn first<A: Copy>(
    ranges: &[AddressRange<A>],
    address: A,
    bits: impl Fn(A) -> u128,
) -> AddressClass {
    let within = |&&(start, prefix, _): &&AddressRange<A>| {
        // No prefix has length 0, so the shift is less than the width.
        (bits(start) ^ bits(address)) >> (128 - prefix) == 0
    };
    ranges.iter().find(within).map_or(AddressClass::Public, |&(.., class)| class)
}
