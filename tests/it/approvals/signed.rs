//! Decisions with an approver's signature, over the socket that people's commands use.

use serde_json::{Value, json};

use super::{definition_is_quarantined, hello, holding, refusal, ticket};
use crate::support::{Gateway, texts};

/// Makes an approver's key with the command that people use; the configuration it asks for.
async fn enroll(gateway: &Gateway, name: &str) -> (String, String) {
    let key = gateway.folder.path().join(format!("{name}.key")).display().to_string();
    let (done, said) =
        gateway.command(&["approvals", "enroll", "--name", name, "--key", &key]).await;
    assert!(done, "{said}");
    let section = said.split_once("[[approvals").expect("a section").1;
    (key, format!("[[approvals{section}\n"))
}

#[tokio::test]
async fn where_approvers_are_enrolled_only_their_signature_decides() {
    let (gateway, fixture) = holding(0, 600, &[]).await;
    let (ana, section) = enroll(&gateway, "ana").await;
    let (eve, _) = enroll(&gateway, "eve").await;
    let config = std::fs::read_to_string(gateway.config_path()).expect("a configuration");
    std::fs::write(gateway.config_path(), format!("{config}\n{section}")).expect("written");
    gateway.app.as_ref().expect("it runs").reload().await.expect("a good configuration");

    let client = gateway.modern().await;
    let id = ticket(&gateway, &client, 1).await;
    let approve = async |more: &[&str]| {
        let words = [&["approvals", "approve", id.as_str()], more].concat();
        gateway.command(&words).await
    };
    for (more, why) in [
        (&["--as", "ana"][..], "must be signed"),
        (&["--as", "eve", "--key", &eve], "`eve` is no enrolled approver"),
        (&["--as", "ana", "--key", &eve], "the signature is not one of `ana`"),
    ] {
        let (done, said) = approve(more).await;
        assert!(!done && said.contains(why), "{more:?}: {said}");
    }
    assert!(gateway.decide(&id, false).await.is_err(), "a no must be signed as well");
    let row = gateway.approval(&id).await;
    assert_eq!((&row["state"], &row["decided_by"]), (&json!("pending"), &Value::Null));
    assert_eq!(refusal(&client.call("f__echo", hello()).await), "approval_pending");
    assert_eq!(fixture.started().await, 0);

    let (done, said) = approve(&["--as", "ana", "--key", &ana]).await;
    assert!(done && said.contains("Friction only"), "development mode proves nothing: {said}");
    assert_eq!(texts(&client.call("f__echo", hello()).await), ["hello"]);
    assert_eq!(gateway.approval(&id).await["decided_by"], "ana");
    assert_eq!(fixture.started().await, 1);
    gateway.end().await;
}

/// A call that waits in the store of a gateway that does not run yet.
async fn held_before(folder: &std::path::Path, id: &str) {
    let store = bartizan::store::Store::open(&folder.join("state")).await.expect("a store");
    let now = bartizan::ids::now_ms();
    let text = |text: &str| text.to_owned();
    let row = bartizan::store::approvals::ApprovalRow {
        id: text(id),
        state: text("pending"),
        lookup: id.as_bytes().to_vec(),
        principal: text("ada"),
        client: text("it"),
        run: None,
        upstream: text("f"),
        tool: text("echo"),
        definition_digest: text("d"),
        route_digest: text("r"),
        arguments: text("{}"),
        arguments_digest: text("abc"),
        reasons: text("a test"),
        policy_digest: text("p"),
        ruleset_digest: text("r"),
        created: now,
        expires: now + 600_000,
        decided_by: None,
        decided_at: None,
        proven: None,
        note: None,
        consumed_at: None,
        outcome: None,
    };
    assert!(store.hold(&row).await.expect("the store works"));
}

#[tokio::test]
async fn a_signature_proves_a_decision_where_the_agent_has_no_key_and_no_other_decision() {
    use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
    use bartizan::app::{AdminRequest, decision_text};
    let hex = |bytes: &[u8]| bytes.iter().map(|it| format!("{it:02x}")).collect::<String>();
    let pair = Ed25519KeyPair::generate().expect("a key");
    let folder = crate::support::gateway::folder();
    for id in ["apr_one", "apr_two"] {
        held_before(folder.path(), id).await;
    }
    let public_key = hex(pair.public_key().as_ref());
    let text = format!("[[approvals.approvers]]\nname = \"ana\"\npublic_key = \"{public_key}\"\n");
    let gateway = Gateway::start_strict(folder, &text).await;
    let decide = async |approve: bool, signed: &str| {
        let signature = Some(hex(pair.sign(signed.as_bytes()).as_ref()));
        let (id, by, note) = ("apr_one".to_owned(), "ana".to_owned(), None);
        gateway.admin(&AdminRequest::Decide { id, approve, by, note, signature }).await
    };
    for (kind, id, verb, digest) in [
        ("approval", "apr_one", "deny", "abc"),
        ("approval", "apr_two", "approve", "abc"),
        ("approval", "apr_one", "approve", "abd"),
        ("pin", "apr_one", "approve", "abc"),
    ] {
        let answer = decide(true, &decision_text(kind, id, verb, digest)).await;
        let error = answer.expect_err("it signs something else");
        assert!(error.contains("not one of `ana` over this decision"), "{error}");
    }
    assert_eq!(gateway.approval("apr_one").await["state"], "pending");
    let answer = decide(true, &decision_text("approval", "apr_one", "approve", "abc")).await;
    assert_eq!(answer.expect("it is signed")["proven"], true);
    let row = gateway.approval("apr_one").await;
    assert_eq!((&row["state"], &row["proven"]), (&json!("approved"), &json!(true)));
    assert_eq!(gateway.approval("apr_two").await["state"], "pending");
    gateway.end().await;
}

#[tokio::test]
async fn a_definition_is_accepted_by_signature_alone_where_approvers_are_enrolled() {
    let (gateway, _fixture) = holding(0, 600, &["--hostile"]).await;
    let (ana, section) = enroll(&gateway, "ana").await;
    let config = std::fs::read_to_string(gateway.config_path()).expect("a configuration");
    std::fs::write(gateway.config_path(), format!("{config}\n{section}")).expect("written");
    gateway.app.as_ref().expect("it runs").reload().await.expect("a good configuration");
    let client = gateway.modern().await;
    definition_is_quarantined(&client).await;
    let (done, said) = gateway.command(&["pins", "accept", "f/echo", "--as", "ana"]).await;
    assert!(!done && said.contains("must be signed"), "{said}");
    assert!(!client.names("tools/list").await.contains(&"f__echo".to_owned()));
    let signed = ["pins", "accept", "f/echo", "--as", "ana", "--key", &ana];
    let (done, said) = gateway.command(&signed).await;
    assert!(done, "{said}");
    assert!(client.names("tools/list").await.contains(&"f__echo".to_owned()));
    gateway.end().await;
}
