use std::sync::Arc;

use super::{Running, run, session::Session};
use crate::{
    catalog::Scope,
    exchange::Line,
    gateway::Departure,
    identity::{Principal, Proof},
    mcp::{ClientInfo, Id, Object, Revision, RpcError},
};

fn session() -> Arc<Session> {
    Session::new(
        Arc::new(Principal::new("agent", Proof::Local)),
        Arc::new(ClientInfo::new(None, None)),
        Revision::NEWEST_LEGACY,
        Scope::All,
    )
}

/// A request of `session` whose corridor does `work`.
fn started(
    session: &Arc<Session>,
    work: impl Future<Output = Departure> + Send + 'static,
) -> (Running, bool) {
    let (line, events) = Line::open(None, None);
    let id = Id::Integer(7);
    let fresh = session.begin(&id, &line);
    (run(line, events, String::new(), Some((Arc::clone(session), id)), work), fresh)
}

fn passed() -> Departure {
    Departure { outcome: Ok(Object::new()), retry_after: None }
}

#[tokio::test]
async fn a_door_that_panics_refuses_its_own_call_and_no_other() {
    let session = session();
    let (running, _) = started(&session, async { panic!("a door failed") });
    let departure = running.done.await.expect("an answer");
    let error = departure.outcome.expect_err("a refusal");
    assert_eq!(error.code, RpcError::INTERNAL);
    assert!(!error.message.contains("door"), "nothing of the fault is told: {}", error.message);
    // The same id, the same session: served as ever.
    let (running, fresh) = started(&session, async { passed() });
    assert!(fresh, "the id of the broken call is free again");
    assert!(running.done.await.expect("an answer").outcome.is_ok());
}
