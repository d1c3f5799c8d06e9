//! One message through every door: both client eras against both upstream eras, over each
//! transport.

mod asking;
mod calls;
mod notices;
mod pages;
mod several;
mod tasks;

use crate::support::{Client, Era, Fixture, Gateway, everything};

/// How the one upstream `f` of a test is reached.
#[derive(Clone, Copy, Debug)]
enum Far {
    HttpModern,
    HttpLegacy,
    StdioModern,
    StdioLegacy,
    OldSse,
}

impl Far {
    const ALL: [Self; 5] =
        [Self::HttpModern, Self::HttpLegacy, Self::StdioModern, Self::StdioLegacy, Self::OldSse];

    /// A gateway in front of one fixture; the fixture too, where it is a process of ours.
    async fn start(self, top: &str) -> (Gateway, Option<Fixture>) {
        let (fixture, upstream) = match self {
            Self::HttpModern => served(&["--modern-only"]).await,
            Self::HttpLegacy => served(&["--legacy-only"]).await,
            Self::StdioModern => (None, everything(&["--modern-only"])),
            Self::StdioLegacy => (None, everything(&["--legacy-only"])),
            Self::OldSse => {
                let fixture = Fixture::start(&["--sse"]).await;
                let url = format!("url = \"http://{}/sse\"\ntransport = \"sse\"", fixture.wire.0);
                (Some(fixture), url)
            }
        };
        (Gateway::start(&format!("{top}\n[upstreams.f]\n{upstream}\n")).await, fixture)
    }
}

async fn served(flags: &[&str]) -> (Option<Fixture>, String) {
    let fixture = Fixture::start(flags).await;
    let url = fixture.url();
    (Some(fixture), url)
}

/// Every pair of eras: a client of each kind before each kind of upstream.
async fn each_pair(top: &str, check: impl AsyncFn(Client, Far)) {
    for far in Far::ALL {
        let (gateway, _fixture) = far.start(top).await;
        for era in Era::BOTH {
            check(gateway.client(era).ready().await, far).await;
        }
        gateway.end().await;
    }
}
