//! Whether tokens and contents cross a network in the clear.

use std::net::{IpAddr, SocketAddr};

use super::{Check, Finding, Patient};

pub(super) const CHECK: Check = Check { name: "listener", examine };

fn examine(patient: &Patient) -> Vec<Finding> {
    let listen = &patient.config.file.listen;
    let host = match listen.address.parse::<SocketAddr>() {
        Ok(address) => address.ip().is_loopback(),
        // A name: only one is known to stay on this machine.
        Err(_) => listen.address.split(':').next() == Some("localhost"),
    };
    if host {
        return Vec::new();
    }
    let public = listen.public_url.as_deref().is_some_and(|url| url.starts_with("https://"));
    let everywhere = listen.address.parse::<SocketAddr>().is_ok_and(|address| match address.ip() {
        IpAddr::V4(ip) => ip.is_unspecified(),
        IpAddr::V6(ip) => ip.is_unspecified(),
    });
    let reach = if everywhere { "every network of this machine" } else { "a network" };
    let what = format!(
        "`listen.address` {} serves plain HTTP on {reach}: tokens can be read on the way{}",
        listen.address,
        if public { ", unless all come through the proxy of `listen.public_url`" } else { "" }
    );
    let mend = "listen on 127.0.0.1 behind a proxy that speaks TLS, and set `listen.public_url` to \
        its https address";
    vec![if public { Finding::note(what, mend) } else { Finding::weak(what, mend) }]
}

#[cfg(test)]
mod tests {
    use super::examine;
    use crate::doctor::{Weight, fixture::Ward};

    fn found(listen: &str) -> Option<Weight> {
        let config = format!("[listen]\n{listen}\n");
        examine(&Ward::new(&config).patient()).first().map(|it| it.weight)
    }

    #[test]
    fn plain_http_beyond_loopback_is_weak_and_behind_tls_a_note() {
        assert_eq!(found("address = \"127.0.0.1:1\""), None);
        assert_eq!(found("address = \"[::1]:1\""), None);
        assert_eq!(found("address = \"localhost:1\""), None);
        assert_eq!(found("address = \"0.0.0.0:1\""), Some(Weight::Weak));
        assert_eq!(found("address = \"gateway.example:1\""), Some(Weight::Weak));
        let behind = "address = \"10.0.0.5:1\"\npublic_url = \"https://mcp.example/mcp\"";
        assert_eq!(found(behind), Some(Weight::Note));
    }
}
