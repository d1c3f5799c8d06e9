//! Which addresses the gateway's own client may connect to. A name is judged by the addresses it
//! resolves to at the moment of connecting, so a name that changes its mind gains nothing.

use std::collections::HashSet;
use std::future::Future;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::{io, vec};

use axum::http::Uri;
use hyper_util::client::legacy::connect::dns::Name;
use tower_service::Service;

/// A destination that the client does not speak to.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Refused {
    #[error("a URL without a host")]
    NoHost,
    #[error("`{host}` is not asked over plain http; use https (http is for loopback alone)")]
    NotHttps { host: String },
    #[error("`{host}` is at an address that is not public and was not configured")]
    Address { host: String },
}

/// How far an address reaches.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Reach {
    Public,
    Private,
    Loopback,
    /// Link-local (where clouds keep their metadata services), multicast, unspecified, reserved.
    Reserved,
}

/// Public addresses for all; private and loopback ones only for hosts that the operator named.
/// Link-local and reserved ones only where the operator named the very address, so that a
/// configured name cannot be pointed at a metadata service.
#[derive(Clone, Debug, Default)]
pub struct Guard {
    configured: HashSet<String>,
}

impl Guard {
    /// Hosts that stand in the configuration, as names or addresses.
    pub fn new<'a>(configured: impl IntoIterator<Item = &'a str>) -> Self {
        Self { configured: configured.into_iter().map(normal).collect() }
    }

    /// Judges what a URL shows; a name's addresses are judged when connecting.
    ///
    /// # Errors
    /// No host, plain http to anything but loopback, or a literal address that is not allowed.
    pub fn check(&self, uri: &Uri) -> Result<(), Refused> {
        let host = normal(uri.host().ok_or(Refused::NoHost)?);
        let secure = match uri.scheme_str() {
            Some("https") => true,
            Some("http") => is_loopback_host(&host),
            _ => false,
        };
        if !secure {
            return Err(Refused::NotHttps { host });
        }
        match host.parse::<IpAddr>() {
            Ok(address) if !self.allows(&host, address) => Err(Refused::Address { host }),
            _ => Ok(()),
        }
    }

    fn allows(&self, host: &str, address: IpAddr) -> bool {
        let configured = self.configured.contains(host);
        match reach(address) {
            // `localhost` is trusted to stay on this machine (and may speak plain http).
            Reach::Public => host != "localhost",
            Reach::Private => configured && host != "localhost",
            Reach::Loopback => configured,
            Reach::Reserved => configured && host.parse::<IpAddr>().is_ok(),
        }
    }
}

/// Whether `host` can only mean this machine.
pub fn is_loopback_host(host: &str) -> bool {
    let host = normal(host);
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

fn normal(host: &str) -> String {
    let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    bare.trim_end_matches('.').to_ascii_lowercase()
}

fn reach(address: IpAddr) -> Reach {
    match address {
        IpAddr::V4(address) => reach_v4(address),
        IpAddr::V6(address) => reach_v6(address),
    }
}

/// The IANA special-purpose registry for IPv4 (RFC 6890 and updates).
fn reach_v4(address: Ipv4Addr) -> Reach {
    let [first, second, third, _] = address.octets();
    let reserved = address.is_link_local()
        || address.is_multicast()
        || address.is_documentation()
        || first == 0
        || first >= 240
        || (first, second, third) == (192, 0, 0)
        || (first, second, third) == (192, 88, 99)
        || (first == 198 && second & 0xfe == 18)
        // Shared address space holds a metadata service too (100.100.100.200).
        || (first == 100 && second & 0xc0 == 64);
    match () {
        () if address.is_loopback() => Reach::Loopback,
        () if reserved => Reach::Reserved,
        () if address.is_private() => Reach::Private,
        () => Reach::Public,
    }
}

/// The IANA special-purpose registry for IPv6: global unicast is public, less its special parts.
fn reach_v6(address: Ipv6Addr) -> Reach {
    if address.is_loopback() {
        return Reach::Loopback;
    }
    if let Some(embedded) = embedded_v4(address) {
        return reach_v4(embedded);
    }
    let segments = address.segments();
    // fd00:ec2::/32 is where a cloud keeps its metadata service.
    let metadata = segments[0] == 0xfd00 && segments[1] == 0x0ec2;
    let special = segments[0] == 0x2001 && (segments[1] < 0x0200 || segments[1] == 0x0db8);
    match () {
        () if address.is_unique_local() && !metadata => Reach::Private,
        () if segments[0] & 0xe000 == 0x2000 && !special => Reach::Public,
        () => Reach::Reserved,
    }
}

/// The IPv4 address that an IPv6 form stands for: mapped, compatible, NAT64 (RFC 6052), 6to4.
fn embedded_v4(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let segments = address.segments();
    let join = |high: u16, low: u16| {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        Ipv4Addr::new(a, b, c, d)
    };
    match segments {
        [0, 0, 0, 0, 0, 0xffff | 0, high, low] => Some(join(high, low)),
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] => Some(join(high, low)),
        [0x2002, high, low, ..] => Some(join(high, low)),
        _ => None,
    }
}

/// Resolves names and drops the addresses that the guard does not allow.
#[derive(Clone, Debug)]
pub(super) struct GuardedResolver {
    guard: Arc<Guard>,
}

impl GuardedResolver {
    pub(super) fn new(guard: Arc<Guard>) -> Self {
        Self { guard }
    }
}

impl Service<Name> for GuardedResolver {
    type Response = vec::IntoIter<SocketAddr>;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<Self::Response>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, name: Name) -> Self::Future {
        let guard = Arc::clone(&self.guard);
        Box::pin(async move {
            let host = normal(name.as_str());
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let allowed: Vec<_> =
                found.filter(|address| guard.allows(&host, address.ip())).collect();
            if allowed.is_empty() {
                let refused = Refused::Address { host };
                return Err(io::Error::new(io::ErrorKind::PermissionDenied, refused));
            }
            Ok(allowed.into_iter())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{Guard, IpAddr, Reach, Refused, reach};

    fn reach_of(address: &str) -> Reach {
        reach(address.parse::<IpAddr>().expect("an address"))
    }

    #[test]
    fn special_addresses_are_not_public_in_any_spelling() {
        let public = ["1.1.1.1", "2606:4700::1111", "::ffff:1.1.1.1"];
        let private = ["10.0.0.9", "172.16.0.1", "192.168.1.1", "fd12::1", "64:ff9b::10.0.0.9"];
        let loopback = ["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1", "2002:7f00:1::"];
        let reserved = [
            "0.0.0.0",
            "169.254.169.254",
            "100.100.100.200",
            "224.0.0.1",
            "255.255.255.255",
            "198.18.0.1",
            "192.0.2.1",
            "::",
            "fe80::1",
            "ff02::1",
            "2001:db8::1",
            "2001::1",
            "fd00:ec2::254",
            "::ffff:169.254.169.254",
            "2002:a9fe:a9fe::",
            "fec0::1",
        ];
        let cases = [
            (Reach::Public, &public[..]),
            (Reach::Private, &private[..]),
            (Reach::Loopback, &loopback[..]),
            (Reach::Reserved, &reserved[..]),
        ];
        for (expected, addresses) in cases {
            for address in addresses {
                assert_eq!(reach_of(address), expected, "{address}");
            }
        }
    }

    #[test]
    fn a_configured_name_reaches_private_addresses_but_no_metadata_service() {
        let guard = Guard::new(["sso.corp", "169.254.1.1"]);
        let allows = |host: &str, address: &str| guard.allows(host, address.parse().expect("ip"));
        assert!(allows("sso.corp", "10.0.0.9"));
        assert!(!allows("sso.corp", "169.254.169.254"));
        assert!(allows("169.254.1.1", "169.254.1.1"));
        assert!(!allows("other.example", "10.0.0.9"));
        assert!(allows("other.example", "1.1.1.1"));
    }

    #[test]
    fn plain_http_is_for_loopback_alone() {
        let guard = Guard::new(["127.0.0.1", "keys.example"]);
        let check = |url: &str| guard.check(&url.parse().expect("a URL"));
        assert_eq!(check("http://127.0.0.1:8080/jwks"), Ok(()));
        assert_eq!(check("https://keys.example/jwks"), Ok(()));
        let host = "keys.example".to_owned();
        assert_eq!(check("http://keys.example/jwks"), Err(Refused::NotHttps { host }));
        assert!(matches!(check("https://[::1]/"), Err(Refused::Address { .. })));
        assert!(matches!(check("https://10.0.0.1/"), Err(Refused::Address { .. })));
    }
}
