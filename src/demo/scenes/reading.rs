//! Scenes in which the agent reads what servers send.

use super::Props;
use crate::demo::{
    agent::Order,
    server::{CONFIG, Effect, NOTE, page},
    told::{Label, Told},
};

pub(super) async fn ordinary_call(props: &Props) -> anyhow::Result<Told> {
    let mut told = Told::default();
    told.line(Label::Asks, "desk__read_note {\"name\":\"shopping\"}");
    told.line(Label::Server, NOTE);
    let reading = props.agent.read("desk__read_note", &[("name", "shopping")]).await?;
    let recorded = props.explain("desk__read_note", &mut told)?;
    told.line(Label::Reads, reading.text());
    told.expect(!reading.failed, "the call failed");
    let [header, note, footer] = reading.blocks.as_slice() else {
        told.expect(false, "the result is not one block between two marks");
        return Ok(told);
    };
    told.expect(note == NOTE, "the note is not what the server sent");
    told.expect(header.contains("from=desk/read_note"), "the mark does not name the source");
    told.expect(footer.starts_with("[END "), "the result has no end mark");
    told.expect(recorded.disposition == "allowed", "the record does not say allowed");
    told.expect(recorded.outcome == "ok", "the record has no outcome");
    Ok(told)
}

pub(super) async fn secret(props: &Props) -> anyhow::Result<Told> {
    let mut told = Told::default();
    told.line(Label::Asks, "desk__read_config {\"name\":\"git\"}");
    told.line(Label::Server, format!("{CONFIG}ghp_… (a GitHub token, 40 characters)"));
    let reading = props.agent.read("desk__read_config", &[("name", "git")]).await?;
    let recorded = props.explain("desk__read_config", &mut told)?;
    told.line(Label::Reads, reading.blocks.get(1).cloned().unwrap_or_default());
    let text = reading.text();
    told.expect(!text.contains("ghp_"), "the token reached the agent");
    told.expect(text.contains("[redacted:secret.github-token]"), "nothing marks what was cut out");
    told.expect(text.contains(CONFIG), "the rest of the file did not arrive");
    told.expect(recorded.found("secret.github-token"), "the record does not name the rule");
    Ok(told)
}

pub(super) async fn hidden_orders(props: &Props) -> anyhow::Result<Told> {
    let mut told = Told::default();
    told.line(Label::Asks, "web__fetch_page {\"url\":\"https://bakeries.example\"}");
    told.line(Label::Server, page());
    let url = [("url", "https://bakeries.example")];
    let reading = props.agent.read("web__fetch_page", &url).await?;
    let recorded = props.explain("web__fetch_page", &mut told)?;
    told.line(Label::Reads, reading.text());
    let text = reading.text();
    let unseen = |c: char| c == '\u{1b}' || matches!(u32::from(c), 0xE_0000..=0xE_007F);
    told.expect(!text.chars().any(unseen), "something unseen reached the agent");
    told.expect(
        recorded.found("injection.override-previous"),
        "the order to ignore instructions was not flagged",
    );
    told.expect(recorded.found("sanitize.invisible"), "the record does not name what was removed");
    let (sent, orders) = (Order::find(&page()), Order::find(&text));
    told.expect(orders.len() < sent.len(), "the unseen order reached the agent");
    told.expect(!orders.is_empty(), "no order is left to obey, so the scene shows nothing");
    for order in &orders {
        obey(props, order, &mut told).await?;
    }
    let mails = Effect::count(&props.folder.effects(), "send_mail")?;
    told.expect(mails == 0, format!("{mails} mails were sent"));
    Ok(told)
}

/// The agent does as told; the gateway holds the mail, nobody approves it.
async fn obey(props: &Props, order: &Order, told: &mut Told) -> anyhow::Result<()> {
    let Order { file, to } = order;
    told.line(Label::Asks, format!("obeys: desk__send_mail to {to} with {file}"));
    let answer = props.agent.obey(order).await?;
    let recorded = props.explain("desk__send_mail", told)?;
    told.line(Label::Reads, answer.text());
    told.expect(answer.code() == "approval_pending", format!("the mail to {to} was not held"));
    told.expect(recorded.found("secret.private-key"), "the key in the mail was not noticed");
    Ok(())
}
