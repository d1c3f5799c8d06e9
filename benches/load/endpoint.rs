//! Where callers call: an address, a path, and whether the principal is named.

use std::net::{Ipv4Addr, SocketAddr};

use anyhow::Context;
use serde_json::json;

use crate::{
    answer,
    request::{Envelope, Era, Tool},
    wire::Connection,
};

/// An MCP endpoint over plain HTTP.
#[derive(Debug, Clone)]
pub(crate) struct Endpoint {
    pub(crate) address: SocketAddr,
    pub(crate) path: String,
    /// Whether callers name their principal, as Bartizan's development mode wants it.
    pub(crate) named: bool,
}

impl Endpoint {
    pub(crate) fn local(port: u16, path: &str) -> Self {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        Self { address, path: path.to_owned(), named: false }
    }

    /// From `http://ADDRESS:PORT/PATH`.
    pub(crate) fn parse(url: &str) -> anyhow::Result<Self> {
        let rest = url.strip_prefix("http://").context("only `http://` URLs can be measured")?;
        let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
        let host = host.replace("localhost", "127.0.0.1");
        let address = host.parse().with_context(|| format!("`{host}` is no ADDRESS:PORT"))?;
        Ok(Self { address, path: format!("/{path}"), named: false })
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}{}", self.address, self.path)
    }

    /// What every request of this principal carries.
    pub(crate) fn envelope(&self, era: Era, principal: usize) -> Envelope {
        Envelope {
            era,
            host: self.address.to_string(),
            path: self.path.clone(),
            principal: self.named.then(|| format!("load-{principal}")),
            session: None,
        }
    }

    /// The tool that echoes, under whatever prefix the target gives it; of several, the last one.
    pub(crate) async fn echo(&self, era: Era) -> anyhow::Result<Tool> {
        let mut tools = self.tools(era).await?.into_iter().rev();
        tools
            .find(|tool| tool.name.ends_with("echo"))
            .context("no tool whose name ends with `echo`")
    }

    /// All tools, from every page.
    pub(crate) async fn tools(&self, era: Era) -> anyhow::Result<Vec<Tool>> {
        let mut connection = Connection::open(self.address).await?;
        let mut envelope = self.envelope(era, 0);
        open_session(&mut connection, &mut envelope).await?;
        let (mut found, mut params, mut id) = (Vec::new(), json!({}), 2);
        loop {
            let request = envelope.whole(Some(id), "tools/list", params);
            let status = connection.exchange(&request).await?;
            let list = answer::message(&connection.body, id)
                .with_context(|| format!("`tools/list` failed with status {status}"))?;
            let tools = list["result"]["tools"].as_array();
            let tools = tools.with_context(|| format!("no list of tools: {list}"))?;
            found.extend(tools.iter().map(|tool| {
                let argument = tool["inputSchema"]["required"][0].as_str().unwrap_or_default();
                let name = tool["name"].as_str().unwrap_or_default().to_owned();
                Tool { name, argument: argument.to_owned() }
            }));
            let Some(cursor) = list["result"]["nextCursor"].as_str() else { break };
            params = json!({"cursor": cursor});
            id += 1;
        }
        close_session(&mut connection, &envelope).await;
        Ok(found)
    }
}

/// The legacy handshake; the modern era has none.
pub(crate) async fn open_session(
    connection: &mut Connection,
    envelope: &mut Envelope,
) -> anyhow::Result<()> {
    if envelope.era == Era::Modern {
        return Ok(());
    }
    let status = connection.exchange(&envelope.initialize()).await?;
    let answer = answer::message(&connection.body, 1)
        .with_context(|| format!("`initialize` failed with status {status}"))?;
    anyhow::ensure!(answer.get("result").is_some(), "`initialize` was refused: {answer}");
    envelope.session = connection.session.take();
    let ready = envelope.whole(None, "notifications/initialized", json!({}));
    connection.exchange(&ready).await.context("`notifications/initialized` failed")?;
    Ok(())
}

/// Ends the legacy session. Servers may refuse that, so the answer does not matter.
pub(crate) async fn close_session(connection: &mut Connection, envelope: &Envelope) {
    if envelope.era == Era::Legacy && envelope.session.is_some() {
        drop(connection.exchange(&envelope.farewell()).await);
    }
}
