//! What is measured: an endpoint with all processes behind it.

use anyhow::Context;

use crate::{
    arguments::Setting,
    bartizan::{self, Gateway, Reach},
    endpoint::Endpoint,
    party::Party,
    process::{self, Usage},
    proxy::Proxy,
    request::{Era, Tool},
    terminal,
    upstream::{self, Upstream},
};

/// The name of the yardstick.
pub(crate) const DIRECT: &str = "direct";

/// A target to be started.
#[derive(Debug, Clone)]
pub(crate) enum Plan {
    /// The upstream itself over HTTP.
    Direct,
    /// Something that runs already.
    Url(String),
    /// The gateway in front of the upstream, over HTTP or stdio.
    Bartizan { gateway: Gateway, http: bool },
    /// Another proxy.
    Proxy(Proxy),
}

/// A target that serves.
#[derive(Debug)]
pub(crate) struct Target {
    pub(crate) name: String,
    pub(crate) endpoint: Endpoint,
    /// The eras it serves, each with its tool.
    pub(crate) eras: Vec<(Era, Tool)>,
    parties: Vec<Party>,
}

impl Plan {
    /// Everything that the command line asks for; what cannot be measured is named and left out.
    pub(crate) fn all(setting: &Setting) -> anyhow::Result<Vec<Self>> {
        let mut plans = Vec::new();
        for target in &setting.target {
            match target.as_str() {
                "direct" => plans.push(Self::Direct),
                "bartizan" => match bartizan::binary(setting) {
                    Ok(binary) => plans.extend(Self::gateways(setting, &binary)?),
                    Err(error) => terminal::line(format!("bartizan: skipped: {error}")),
                },
                other => {
                    let url = other.strip_prefix("URL=").with_context(|| {
                        format!("`{other}` is no target: give direct, bartizan or URL=...")
                    })?;
                    plans.push(Self::Url(url.to_owned()));
                }
            }
        }
        for proxy in &setting.proxy {
            plans.push(Self::Proxy(Proxy::parse(proxy)?));
        }
        Ok(plans)
    }

    fn gateways(setting: &Setting, binary: &std::path::Path) -> anyhow::Result<Vec<Self>> {
        let mut plans = Vec::new();
        for (variant, extra) in bartizan::variants(setting)? {
            for transport in &setting.transport {
                let mut label = format!("bartizan-{transport}");
                if !variant.is_empty() {
                    label = format!("{label}-{variant}");
                }
                let (binary, extra) = (binary.to_owned(), extra.clone());
                let gateway = Gateway { binary, label, upstreams: Vec::new(), extra };
                plans.push(Self::Bartizan { gateway, http: transport == "http" });
            }
        }
        Ok(plans)
    }

    pub(crate) fn name(&self) -> String {
        match self {
            Self::Direct => DIRECT.to_owned(),
            Self::Url(url) => url.clone(),
            Self::Bartizan { gateway, .. } => gateway.label.clone(),
            Self::Proxy(proxy) => proxy.name.clone(),
        }
    }

    /// Starts all its parties, each target with an upstream of its own, and learns what it serves.
    pub(crate) async fn start(&self, upstream: &Upstream, eras: &[Era]) -> anyhow::Result<Target> {
        let name = self.name();
        let mut parties = Vec::new();
        let wants_http = match self {
            Self::Direct => true,
            Self::Url(_) => false,
            Self::Bartizan { http, .. } => *http,
            Self::Proxy(proxy) => proxy.wants_url(),
        };
        let mut served = None;
        if wants_http {
            let server = upstream.start(&format!("{name}-server")).await?;
            let (party, endpoint) =
                server.context("a command for stdio cannot be called directly")?;
            parties.push(party);
            served = Some(endpoint);
        }
        let url = served.as_ref().map(Endpoint::url);
        let (endpoint, party) = match self {
            Self::Direct => (served.context("no endpoint")?, None),
            Self::Url(url) => (Endpoint::parse(url)?, None),
            Self::Bartizan { gateway, .. } => {
                let reach = url.map_or_else(|| Reach::Command(upstream.command()), Reach::Url);
                let upstreams = vec![(upstream::NAME.to_owned(), reach)];
                let (party, endpoint) = Gateway { upstreams, ..gateway.clone() }.start().await?;
                (endpoint, Some(party))
            }
            Self::Proxy(proxy) => {
                let (party, endpoint) = proxy.start(upstream, url.as_deref()).await?;
                (endpoint, Some(party))
            }
        };
        // The gateway goes before its server, so that it is also stopped first.
        parties.splice(0..0, party);
        let direct = matches!(self, Self::Direct);
        let eras = eras.iter().copied().filter(|&era| !direct || upstream.speaks(era));
        Target::open(name, endpoint, parties, eras).await
    }
}

impl Target {
    /// A target that serves whichever of these eras its tool can be found in; it must serve one.
    async fn open(
        name: String,
        endpoint: Endpoint,
        parties: Vec<Party>,
        eras: impl Iterator<Item = Era>,
    ) -> anyhow::Result<Self> {
        let mut served = Vec::new();
        let mut refusal = None;
        for era in eras {
            match endpoint.echo(era).await {
                Ok(tool) => served.push((era, tool)),
                Err(error) => {
                    terminal::line(format!("{name}: {} skipped: {error:#}", era.name()));
                    refusal = Some(error);
                }
            }
        }
        if let (true, Some(error)) = (served.is_empty(), refusal) {
            return Err(error);
        }
        Ok(Self { name, endpoint, eras: served, parties })
    }

    /// Usage of the gateway's processes and of the server's.
    pub(crate) fn usage(&self) -> Vec<Usage> {
        let roots: Vec<u32> = self.parties.iter().map(Party::root).collect();
        process::usage(&roots).to_vec()
    }
}
