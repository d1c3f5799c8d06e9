//! Scenes in which somebody decides: a person, or a policy.

use std::{path::Path, time::Duration};

use serde_json::Value;

use super::Props;
use crate::{
    app::{AdminRequest, ask},
    demo::{
        server::Effect,
        told::{Label, Told},
    },
};

const PAY: &str = "bank__pay";
const PAYMENT: [(&str, &str); 2] = [("to", "Mill & Sons"), ("amount", "40")];
/// Who decides in the demo.
const PERSON: &str = "mira";
/// How long the person looks for a call that waits.
const LOOK_TIMEOUT: Duration = Duration::from_secs(10);

pub(super) async fn payment(props: &Props) -> anyhow::Result<Told> {
    let mut told = Told::default();
    let effects = props.folder.effects();
    let first = pay(props, true, &mut told).await?;
    let paid = Effect::count(&effects, "pay")?;
    told.expect(first.0.is_empty(), "the approved payment was refused");
    told.expect(paid == 1, format!("one approval paid {paid} times"));
    let second = pay(props, false, &mut told).await?;
    let paid = Effect::count(&effects, "pay")?;
    told.expect(second.0 == "approval_denied", "the second payment was not refused");
    told.expect(second.1 != first.1, "the second payment used the first one's approval");
    told.expect(paid == 1, format!("after the refusal, {paid} payments were made"));
    told.line(Label::Server, format!("payments that really happened: {paid}"));
    Ok(told)
}

/// One payment and the person's decision: the refusal's code and the approval's name.
async fn pay(props: &Props, approve: bool, told: &mut Told) -> anyhow::Result<(String, String)> {
    told.line(Label::Asks, "bank__pay {\"to\":\"Mill & Sons\",\"amount\":\"40\"}");
    let folder = props.folder.state();
    let person = tokio::task::spawn_blocking(move || decide(&folder, approve));
    let (answer, decided) = tokio::join!(props.agent.read(PAY, &PAYMENT), person);
    let (answer, card) = (answer?, decided??);
    let id = card["id"].as_str().unwrap_or("").to_owned();
    told.line(Label::Gateway, format!("held as {id}, open to {PERSON}"));
    let verb = if approve { "approve" } else { "deny" };
    told.line(Label::Person, format!("{PERSON}: bartizan approvals {verb} {id}"));
    props.explain(PAY, told)?;
    let text = if answer.failed {
        answer.text()
    } else {
        answer.blocks.get(1).cloned().unwrap_or_default()
    };
    told.line(Label::Reads, text);
    Ok((answer.code().to_owned(), id))
}

/// Looks until a payment waits, and decides it.
fn decide(folder: &Path, approve: bool) -> anyhow::Result<Value> {
    const PAUSE: Duration = Duration::from_millis(20);
    let until = std::time::Instant::now() + LOOK_TIMEOUT;
    while std::time::Instant::now() < until {
        let rows = ask(folder, &AdminRequest::Approvals { open: true })?;
        let mut rows = rows.as_array().into_iter().flatten();
        let waiting = rows.find(|row| row["tool"] == "pay" && row["callers_waiting"] != 0);
        if let Some(row) = waiting {
            let request = AdminRequest::Decide {
                id: row["id"].as_str().unwrap_or("").to_owned(),
                approve,
                by: PERSON.to_owned(),
                note: None,
                signature: None,
            };
            ask(folder, &request)?;
            return Ok(row.clone());
        }
        std::thread::sleep(PAUSE);
    }
    anyhow::bail!("no payment waited for a person")
}

pub(super) async fn forbidden(props: &Props) -> anyhow::Result<Told> {
    const FORBIDDEN: &str = "bank__close_account";
    const MISSING: &str = "bank__no_such_tool";
    let mut told = Told::default();
    let tools = props.agent.tools().await?;
    let bank: Vec<&str> =
        tools.iter().map(String::as_str).filter(|tool| tool.starts_with("bank__")).collect();
    told.line(Label::Reads, format!("the bank's tools: {}", bank.join(", ")));
    told.expect(bank == [PAY], "the list is not what the policy allows");
    let mut answers = Vec::new();
    for tool in [FORBIDDEN, MISSING] {
        told.line(Label::Asks, format!("{tool} {{\"account\":\"1\"}}"));
        let answer = props.agent.call(tool, &[("account", "1")]).await?;
        let Err(error) = answer else {
            told.expect(false, format!("`{tool}` was answered"));
            return Ok(told);
        };
        told.line(Label::Reads, format!("error {}: {}", error.code, error.message));
        let mut data = error.data;
        if let Some(data) = data.as_mut().and_then(crate::mcp::Json::as_object_mut) {
            // Each request has a name of its own.
            data.remove(crate::refusal::META_REFERENCE);
        }
        answers.push((error.code, error.message.replace(tool, "NAME"), data));
    }
    let recorded = props.explain(FORBIDDEN, &mut told)?;
    told.expect(answers.first() == answers.last(), "forbidden and unknown answer differently");
    told.expect(
        recorded.policies.iter().any(|id| id == "demo.nobody-closes-accounts"),
        "the record does not name the policy",
    );
    let closed = Effect::count(&props.folder.effects(), "close_account")?;
    told.expect(closed == 0, "an account was closed");
    Ok(told)
}
