//! What a server says of itself on the whole: scanned and pinned like a definition, and withheld
//! alone.

use super::pins::Seen;
use crate::{
    firewall::{Disposition, Surface},
    inspect::{Firewall, Subject},
    mcp::{Json, Object},
};

/// The kind of its pin, and its name, which no tool can have.
const KIND: &str = "instructions";
const NAME: &str = "@instructions";

/// Instructions on their way into the catalog.
#[derive(Debug)]
pub(super) struct Instructions {
    received: Json,
    /// What will be offered: edited where the firewall says so.
    text: String,
    suspicion: Option<String>,
    /// Why they are kept back, if they are.
    pub(super) quarantine: Option<String>,
}

impl Instructions {
    pub(super) async fn new(upstream: &str, received: &str, firewall: &Firewall) -> Self {
        let mut text = Json::from(received);
        let subject = Subject::of_server(upstream);
        let inspection = firewall.read_from(subject, "", Surface::Instructions, &mut text).await;
        let text = text.as_str().unwrap_or_default().to_owned();
        let suspicion = (inspection.disposition != Disposition::Allow)
            .then(|| "the firewall found an attack in them".to_owned());
        let received = Object::from([(KIND, received.into())]).into();
        Self { received, text, suspicion, quarantine: None }
    }

    /// As they are compared with their pin.
    pub(super) fn seen(&self) -> Seen<'_> {
        let suspicion = self.suspicion.clone();
        Seen { kind: KIND, name: NAME, definition: &self.received, suspicion }
    }

    /// The text, unless it is kept back; then a problem says so.
    pub(super) fn offered(self, upstream: &str, problems: &mut Vec<String>) -> Option<String> {
        let Some(reason) = self.quarantine else { return Some(self.text) };
        tracing::warn!(upstream, reason, "Instructions are kept back. See `bartizan pins diff`.");
        problems.push(format!(
            "{upstream}: its `instructions` are kept back; see `bartizan pins diff --server {upstream}`"
        ));
        None
    }
}
