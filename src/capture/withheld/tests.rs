use std::sync::Arc;

use super::{CallKey, Keeping, Settings, Withheld, WithheldError};
use crate::{
    capture::Vault,
    identity::{Principal, Proof},
    mcp::Object,
    seal::Sealer,
    store::Store,
};

struct Kept {
    withheld: Withheld,
    _folder: tempfile::TempDir,
}

async fn open(settings: Settings) -> Kept {
    let folder = tempfile::tempdir().expect("folder");
    let store = Arc::new(Store::open(folder.path()).await.expect("opens"));
    let vault = Arc::new(Vault::new(&[7; 32]));
    let sealer = Arc::new(Sealer::new(&[8; 32]));
    let withheld = Withheld::open(store, vault, sealer, settings).await.expect("opens");
    Kept { withheld, _folder: folder }
}

fn call<'a>(principal: &'a Principal, arguments_digest: &'a str) -> CallKey<'a> {
    let (client, method, upstream, target) = ("c", "tools/call", "r", "r__t");
    CallKey { principal, client, method, upstream, target, arguments_digest }
}

fn alice() -> Principal {
    Principal::new("alice", Proof::Development)
}

async fn keep(kept: &Kept, reference: &str, text: &str, releasable: bool) {
    let (alice, result) = (alice(), Object::from([("text", text.into())]));
    let call = call(&alice, "abc");
    let (why, rules) = ("a rule", "injection.x");
    let keeping = Keeping { reference, call, result: &result, why, rules, releasable };
    kept.withheld.keep(keeping).await.expect("kept");
}

#[tokio::test]
async fn a_released_result_goes_once_to_the_same_call_and_to_no_other() {
    let kept = open(Settings::default()).await;
    let withheld = &kept.withheld;
    keep(&kept, "req_1", "what was said", true).await;
    let (alice, bob) = (alice(), Principal::new("bob", Proof::Development));
    assert!(withheld.take(call(&alice, "abc")).await.expect("asked").is_none(), "not released");
    assert!(!withheld.any_released());
    withheld.release("req_1", "ana", true).await.expect("released");
    assert!(withheld.any_released());
    assert!(withheld.take(call(&bob, "abc")).await.expect("asked").is_none(), "another caller");
    assert!(withheld.take(call(&alice, "abd")).await.expect("asked").is_none(), "another call");
    let (row, result) = withheld.take(call(&alice, "abc")).await.expect("asked").expect("it");
    assert_eq!(
        (row.released_by.as_deref(), result.str("text")),
        (Some("ana"), Some("what was said"))
    );
    assert!(withheld.take(call(&alice, "abc")).await.expect("asked").is_none(), "once");
    let again = withheld.release("req_1", "ana", true).await;
    assert!(matches!(again, Err(WithheldError::Spent(_))), "{again:?}");
    withheld.tidy().await.expect("tidied");
    assert!(!withheld.any_released());
}

#[tokio::test]
async fn what_no_agent_can_be_given_is_not_released() {
    let kept = open(Settings::default()).await;
    keep(&kept, "req_1", "half of it", false).await;
    let released = kept.withheld.release("req_1", "ana", true).await;
    assert!(matches!(released, Err(WithheldError::ForPeopleOnly(_))), "{released:?}");
}

#[tokio::test]
async fn room_and_time_are_bounded() {
    let kept = open(Settings { withheld_mb: 1, ..Settings::default() }).await;
    let long = "x".repeat(400 << 10);
    for reference in ["req_1", "req_2", "req_3"] {
        keep(&kept, reference, &long, true).await;
    }
    assert!(kept.withheld.get("req_1").await.is_err(), "the oldest made room");
    assert!(kept.withheld.get("req_3").await.is_ok());
    let none = open(Settings { withheld_hours: 0, ..Settings::default() }).await;
    keep(&none, "req_1", "text", true).await;
    assert!(matches!(none.withheld.get("req_1").await, Err(WithheldError::NotKept(_))));
    let late = open(Settings { retry_minutes: 0, ..Settings::default() }).await;
    keep(&late, "req_1", "text", true).await;
    late.withheld.release("req_1", "ana", true).await.expect("released");
    assert!(late.withheld.take(call(&alice(), "abc")).await.expect("asked").is_none(), "too late");
}
