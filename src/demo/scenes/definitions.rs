//! Scenes about what tools say of themselves.

use std::time::Duration;

use anyhow::Context as _;
use serde_json::Value;

use super::Props;
use crate::{
    app::{AdminRequest, ask},
    demo::told::{Label, Told},
};

/// How long the gateway may take to see that a server changed.
const NOTICE_TIMEOUT: Duration = Duration::from_secs(8);

pub(super) async fn poisoned(props: &Props) -> anyhow::Result<Told> {
    let mut told = Told::default();
    let pin = pin(props, "web", "daily_quote").await?;
    let diff = lines(&pin);
    told.lines(Label::Server, diff.iter().filter(|line| line.contains("description")).cloned());
    told.line(Label::Gateway, format!("kept back as {}", text(&pin, "state")));
    told.line(Label::Why, text(&pin, "reason"));
    let tools = props.agent.tools().await?;
    told.line(Label::Reads, format!("its tools: {}", tools.join(", ")));
    told.expect(!tools.iter().any(|tool| tool == "web__daily_quote"), "the tool is listed");
    told.expect(tools.iter().any(|tool| tool == "web__fetch_page"), "its neighbour is gone too");
    told.line(Label::Asks, "web__daily_quote {\"topic\":\"work\"} (by a name it heard elsewhere)");
    let answer = props.agent.read("web__daily_quote", &[("topic", "work")]).await?;
    props.explain("web__daily_quote", &mut told)?;
    told.line(Label::Reads, answer.text());
    told.expect(answer.code() == "quarantined", "the poisoned tool could be called");
    Ok(told)
}

pub(super) async fn changed(props: &Props) -> anyhow::Result<Told> {
    const TOOL: &str = "web__exchange_rate";
    let mut told = Told::default();
    told.line(Label::Asks, "web__exchange_rate {\"from\":\"EUR\",\"to\":\"USD\"}");
    let answer = props.agent.read(TOOL, &[("from", "EUR"), ("to", "USD")]).await?;
    told.expect(!answer.failed, "the tool did not work while it was honest");
    told.line(Label::Reads, answer.blocks.get(1).cloned().unwrap_or_default());
    told.line(Label::Server, "announces a new description, now that it is trusted");
    let gone = tokio::time::timeout(NOTICE_TIMEOUT, unlisted(props, TOOL)).await;
    told.expect(gone.is_ok(), "the changed tool is still listed");
    let pin = pin(props, "web", "exchange_rate").await?;
    told.line(
        Label::Gateway,
        format!("kept back as {}; `bartizan pins diff`:", text(&pin, "state")),
    );
    told.lines(Label::Gateway, lines(&pin));
    told.line(Label::Why, text(&pin, "reason"));
    told.expect(lines(&pin).iter().any(|line| line.contains("666")), "the diff hides the change");
    told.line(Label::Asks, "web__exchange_rate once more");
    let answer = props.agent.read(TOOL, &[("from", "EUR"), ("to", "USD")]).await?;
    told.line(Label::Reads, answer.text());
    told.expect(answer.code() == "quarantined", "the changed tool could be called");
    let tools = props.agent.tools().await?;
    told.expect(tools.iter().any(|tool| tool == "web__fetch_page"), "its neighbour is gone too");
    Ok(told)
}

async fn unlisted(props: &Props, tool: &str) -> anyhow::Result<()> {
    const PAUSE: Duration = Duration::from_millis(30);
    while props.agent.tools().await?.iter().any(|name| name == tool) {
        tokio::time::sleep(PAUSE).await;
    }
    Ok(())
}

/// A pinned definition, as `bartizan pins` sees it.
async fn pin(props: &Props, upstream: &str, name: &str) -> anyhow::Result<Value> {
    let folder = props.folder.state();
    let request = AdminRequest::Pins { upstream: Some(upstream.to_owned()) };
    let rows = tokio::task::spawn_blocking(move || ask(&folder, &request)).await??;
    let rows = rows.as_array().cloned().unwrap_or_default();
    let found = rows.into_iter().find(|row| row["name"] == name);
    found.with_context(|| format!("`{upstream}/{name}` is not pinned"))
}

fn lines(pin: &Value) -> Vec<String> {
    let lines = pin["diff"].as_array().into_iter().flatten();
    lines.filter_map(|line| Some(line.as_str()?.to_owned())).collect()
}

fn text(value: &Value, key: &str) -> String {
    value[key].as_str().unwrap_or("").to_owned()
}
