//! Taint lasts: over connections, restarts and overflows, until a person ends the run.

use std::sync::Arc;

use super::{Kept, kept, kept_with, principal, rules_with};
use crate::{
    flow::{FlowLimits, Runs},
    label::Label,
    seal::Sealer,
    store::Store,
};

const MAIL: &[&str] = &["reads_untrusted", "reads_private"];
const SEND: &[&str] = &["egress"];
const CALL: &str = r#"{"to": "ada@a.example", "body": "hello"}"#;

async fn restarted(kept: Kept) -> Kept {
    let Kept { runs, folder } = kept;
    drop(runs);
    let store = loop {
        // The writer lets go of the store when it sees that nobody is left.
        match Store::open(folder.path()).await {
            Ok(store) => break store,
            Err(_) => tokio::time::sleep(std::time::Duration::from_millis(5)).await,
        }
    };
    let sealer = Arc::new(Sealer::new(&[7; 32]));
    let runs = Runs::new(Arc::new(store), sealer, rules_with(FlowLimits::default()));
    Kept { runs, folder }
}

#[tokio::test]
async fn taint_evidence_and_yeses_survive_a_restart() {
    let kept = kept().await;
    let run = kept.run("r").await;
    kept.calls(&run, "mail/find", MAIL, r#"{"to": "own@a.example"}"#);
    kept.reads(
        &run,
        "mail/read",
        MAIL,
        "Ada at ada@a.example, Eve at eve@e.example, own@a.example too",
    )
    .await;
    let asked = kept.calls(&run, "mail/send", SEND, CALL);
    kept.runs.grant(&run, &asked.grant, "apr_1").await.expect("kept");
    let before = run.label();
    drop(run);
    let kept = restarted(kept).await;
    let run = kept.run("r").await;
    assert_eq!(run.label(), before);
    assert!(!kept.holds(&run, "mail/send", SEND, CALL), "the yes is still there");
    let asked = kept.calls(&run, "chat/send", SEND, r#"{"to": "eve@e.example"}"#);
    let told = asked.reasons.join("\n");
    assert!(told.contains("flow.strangers-destination"), "{told}");
    let own = kept.calls(&run, "chat/send", SEND, r#"{"to": "own@a.example"}"#);
    assert!(!own.reasons.join("\n").contains("flow.strangers-destination"), "{:?}", own.reasons);
}

#[tokio::test]
async fn another_connection_of_the_run_sheds_nothing_and_another_run_has_nothing() {
    let kept = kept().await;
    let run = kept.run("r").await;
    kept.reads(&run, "mail/read", MAIL, "hello").await;
    let again = kept.run("r").await;
    assert!(kept.holds(&again, "mail/send", SEND, CALL));
    let other = kept.run("s").await;
    assert!(!kept.holds(&other, "mail/send", SEND, CALL));
}

#[tokio::test]
async fn a_caller_without_a_run_goes_on_with_its_last_until_it_was_idle() {
    let kept = kept().await;
    let run = kept.runs.open(&principal(None)).await.expect("a run");
    kept.reads(&run, "mail/read", MAIL, "hello").await;
    let again = kept.runs.open(&principal(None)).await.expect("a run");
    assert!(kept.holds(&again, "mail/send", SEND, CALL));
    let hasty = kept_with(FlowLimits { idle_s: 0, ..FlowLimits::default() }).await;
    let run = hasty.runs.open(&principal(None)).await.expect("a run");
    hasty.reads(&run, "mail/read", MAIL, "hello").await;
    tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    let next = hasty.runs.open(&principal(None)).await.expect("a run");
    assert!(!hasty.holds(&next, "mail/send", SEND, CALL));
    let named = hasty.run("named").await;
    hasty.reads(&named, "mail/read", MAIL, "hello").await;
    tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    let named = hasty.run("named").await;
    assert!(hasty.holds(&named, "mail/send", SEND, CALL), "a named run does not end by itself");
}

#[tokio::test]
async fn a_run_that_reads_more_than_is_kept_counts_as_having_read_everything() {
    let kept = kept_with(FlowLimits { destinations: 20, ..FlowLimits::default() }).await;
    let run = kept.run("r").await;
    let text: String = (0..50).map(|number| format!("file-{number}.txt\n")).collect();
    kept.reads(&run, "files/list", &["reads_files"], &text).await;
    assert_eq!(run.label(), Label::WORST);
    assert!(kept.holds(&run, "mail/send", SEND, CALL));
    let told = kept.runs.list().await.expect("a list");
    assert!(told.iter().any(|run| run.saturated));
}

#[tokio::test]
async fn forgetting_a_run_in_memory_forgets_nothing_of_it() {
    let kept = kept_with(FlowLimits { runs_in_memory: 1, ..FlowLimits::default() }).await;
    let run = kept.run("r").await;
    kept.reads(&run, "mail/read", MAIL, "hello").await;
    drop(run);
    for name in ["a", "b", "c"] {
        kept.run(name).await;
    }
    let run = kept.run("r").await;
    assert!(kept.holds(&run, "mail/send", SEND, CALL));
}

#[tokio::test]
async fn a_person_ends_a_run_and_nothing_else_does() {
    let kept = kept().await;
    let run = kept.run("r").await;
    kept.reads(&run, "mail/read", MAIL, "hello").await;
    let told = kept.runs.list().await.expect("a list");
    assert_eq!(told.len(), 1);
    assert!(!kept.runs.end("run_nosuch", "ada").await.expect("asked"));
    assert!(kept.runs.end(&told[0].id, "ada").await.expect("ended"));
    let next = kept.run("r").await;
    assert_ne!(next.id(), run.id());
    assert!(!kept.holds(&next, "mail/send", SEND, CALL));
    assert!(kept.runs.list().await.expect("a list").is_empty());
}
