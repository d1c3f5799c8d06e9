//! What is asked: one exact call, and everything its approval is bound to.

use crate::{
    identity::Principal,
    mcp::{Json, Object, json::Limits},
    seal::Sealer,
    store::approvals::ApprovalRow,
};

/// A call that needs a person.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    pub principal: &'a Principal,
    /// The client's stated name; part of the binding, proof of nothing.
    pub client: &'a str,
    pub upstream: &'a str,
    pub tool: &'a str,
    /// The pin of the definition in force.
    pub definition: &'a str,
    /// The pin of how its server is reached.
    pub route: &'a str,
    pub arguments: &'a Object,
    pub reasons: &'a str,
    pub policy_digest: &'a str,
    pub ruleset_digest: &'a str,
}

/// An approved call, taken for its one use.
#[derive(Clone, Debug)]
pub struct Held {
    pub id: String,
    /// As they were stored when the call was held.
    pub arguments: Object,
    /// Why a person was asked, as they were told.
    pub reasons: String,
}

/// Of the bytes that a lookup digest covers; a new layout takes a new name.
const DOMAIN: &[u8] = b"bartizan held call v2";

impl Request<'_> {
    /// Finds the same call by the same caller again, and no other.
    pub(super) fn lookup(&self, sealer: &Sealer) -> Vec<u8> {
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        sealer.lookup(&[
            DOMAIN,
            self.principal.agent.as_bytes(),
            text(&self.principal.user).as_bytes(),
            text(&self.principal.run).as_bytes(),
            self.client.as_bytes(),
            self.upstream.as_bytes(),
            self.tool.as_bytes(),
            self.definition.as_bytes(),
            self.route.as_bytes(),
            &self.arguments.canonical(),
        ])
    }

    pub(super) fn row(
        &self,
        id: String,
        lookup: Vec<u8>,
        created: i64,
        expires: i64,
    ) -> ApprovalRow {
        ApprovalRow {
            id,
            state: "pending".into(),
            lookup,
            principal: self.principal.to_string(),
            client: self.client.to_owned(),
            run: self.principal.run.clone(),
            upstream: self.upstream.to_owned(),
            tool: self.tool.to_owned(),
            definition_digest: self.definition.to_owned(),
            route_digest: self.route.to_owned(),
            arguments: self.arguments.to_string(),
            arguments_digest: self.arguments.digest(),
            reasons: self.reasons.to_owned(),
            policy_digest: self.policy_digest.to_owned(),
            ruleset_digest: self.ruleset_digest.to_owned(),
            created,
            expires,
            decided_by: None,
            decided_at: None,
            proven: None,
            note: None,
            consumed_at: None,
            outcome: None,
        }
    }

    /// Whether everything the approval is bound to still holds.
    pub(super) fn still_is(&self, row: &ApprovalRow) -> Result<(), &'static str> {
        if row.definition_digest != self.definition {
            return Err("the definition changed");
        }
        if row.route_digest != self.route {
            return Err("the server is another one");
        }
        if row.arguments_digest != self.arguments.digest() {
            return Err("the arguments differ");
        }
        if row.upstream != self.upstream || row.tool != self.tool {
            return Err("the tool differs");
        }
        if row.principal != self.principal.to_string() || row.run != self.principal.run {
            return Err("the caller differs");
        }
        Ok(())
    }
}

impl Held {
    pub(super) fn from_row(row: &ApprovalRow) -> Option<Self> {
        let limits = Limits { bytes_max: usize::MAX, ..Limits::default() };
        let Json::Object(arguments) =
            crate::mcp::json::parse(row.arguments.as_bytes(), &limits).ok()?
        else {
            return None;
        };
        Some(Self { id: row.id.clone(), arguments, reasons: row.reasons.clone() })
    }
}
