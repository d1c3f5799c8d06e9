//! The configuration as it is written. The doc comments here are the reference page.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use super::bundle::BundleFile;
pub use super::marks::Spotlight;
use super::text::Text;
use crate::{
    approval::Waits,
    audit::Durability,
    capture, classifier, flow,
    identity::{authenticators, jwks},
    inspect::{Mode, Profile},
    limits,
    settings::Risk,
    spotlight,
    upstream::oauth,
};

/// `bartizan.toml`
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct File {
    /// `observe` lets every door decide and record, and not refuse. Callers without identity, malformed
    /// messages, changed definitions, full tables and calls without a record are refused as ever. Default
    /// `enforce`.
    pub mode: Option<Mode>,
    /// How findings become actions: `transparent`, `balanced` or `strict`.
    pub profile: Profile,
    /// `plain` keeps the tool names of a single upstream; the default puts `NAME__` before them.
    pub naming: Naming,
    /// Where state is kept: approvals, pins, records, keys. Default: the user's state folder.
    pub data_dir: Option<PathBuf>,
    pub listen: Listen,
    /// Who may call, and how callers show it. Without any, only `--development` lets callers in.
    pub identity: authenticators::Settings,
    pub access: Access,
    pub policy: Policy,
    pub limits: Limits,
    pub firewall: FirewallFile,
    pub classifier: classifier::settings::Settings,
    pub scan: ScanFile,
    pub spotlight: Spotlight,
    pub flow: Flow,
    pub approvals: Approvals,
    pub audit: Audit,
    /// What calls carried, kept encrypted for people.
    pub capture: capture::Settings,
    /// Doors that only observe, one by one.
    pub doors: Doors,
    /// Tool servers, by the name that stands before their tools.
    pub upstreams: BTreeMap<String, Upstream>,
}

impl File {
    /// Lets the files of keys and secrets start at `folder`, the configuration's own.
    pub(super) fn start_at(&mut self, folder: &Path) {
        if let Some(jwt) = &mut self.identity.jwt
            && let jwks::Source::File(path) = &mut jwt.jwks
        {
            *path = folder.join(&*path);
        }
        for upstream in self.upstreams.values_mut() {
            let secret = upstream.oauth.as_mut().and_then(|it| it.client_secret.as_mut());
            secret.into_iter().for_each(|secret| secret.start_at(folder));
            let words = upstream.command.iter_mut().flatten().chain(&mut upstream.url);
            let texts = words.chain(upstream.env.values_mut()).chain(upstream.headers.values_mut());
            texts.for_each(|text| text.start_at(folder));
        }
    }
}

#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Naming {
    #[default]
    Prefixed,
    Plain,
}

/// Where callers connect.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Listen {
    /// Address and port. Port 0 takes a free one.
    pub address: String,
    /// Further host names under which callers may reach it.
    pub hosts: Vec<String>,
    /// Origins whose web pages may call it.
    pub origins: Vec<String>,
    /// The canonical address that callers use, for OAuth metadata. Default: `http://ADDRESS/mcp`.
    pub public_url: Option<String>,
    /// Authorization servers to name in the metadata. Default: the issuer of `identity.jwt`.
    pub authorization_servers: Vec<String>,
    /// Scopes to name in the metadata.
    pub scopes: Vec<String>,
}

impl Default for Listen {
    fn default() -> Self {
        Self {
            address: "127.0.0.1:8420".to_owned(),
            hosts: Vec::new(),
            origins: Vec::new(),
            public_url: None,
            authorization_servers: Vec::new(),
            scopes: Vec::new(),
        }
    }
}

/// What callers may do.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Access {
    /// A folder of `*.cedar` policies. Without one, nobody may do anything (in development mode
    /// everybody may do everything).
    pub policies: Option<PathBuf>,
}

/// Policies that are not in force yet.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Policy {
    /// A folder of `*.cedar` policies that are asked beside those in force and decide nothing. Where
    /// they would have decided otherwise, the record says so.
    pub candidate: Option<PathBuf>,
}

/// How often and how much. Every refusal names the limit that was reached.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Requests of one principal of any kind, refused ones included.
    pub requests_per_principal: limits::Rate,
    /// Calls of one principal.
    pub calls_per_principal: limits::Rate,
    /// Calls of one principal to one tool.
    pub calls_per_tool: limits::Rate,
    /// Calls of all principals.
    pub calls_in_all: limits::Rate,
    /// Calls of one principal that run at once.
    pub executing_per_principal: u32,
    /// Calls that run at once in all.
    pub executing_in_all: u32,
    /// Held calls and open streams of one principal that wait at once.
    pub waiting_per_principal: u32,
    /// Bytes of one message, in either direction.
    pub message_bytes_max: usize,
    /// Nested arrays and objects of one message.
    pub depth_max: usize,
    /// Values in one message.
    pub values_max: usize,
    /// Connections over HTTP in all; further ones wait.
    pub connections_max: usize,
    /// Connections from one address (in IPv6, from one /64); further ones are closed.
    pub connections_per_address: usize,
    /// Sessions of legacy clients in all.
    pub sessions_max: usize,
    /// Sessions of one principal.
    pub sessions_per_principal: usize,
    /// Seconds after which an unused session ends.
    pub session_idle_s: u32,
    /// Seconds after which a gateway that wraps started ends, when the last of them has left.
    pub local_idle_s: u32,
    /// Modern calls that wait for their caller's answers.
    pub parked_max: usize,
    /// Seconds a caller has to come back with answers.
    pub parked_s: u32,
}

impl Default for Limits {
    fn default() -> Self {
        let calls = limits::Limits::default();
        let message = crate::mcp::json::Limits::default();
        Self {
            requests_per_principal: calls.requests_per_principal,
            calls_per_principal: calls.calls_per_principal,
            calls_per_tool: calls.calls_per_tool,
            calls_in_all: calls.calls_in_all,
            executing_per_principal: calls.executing_per_principal,
            executing_in_all: calls.executing_in_all,
            waiting_per_principal: calls.waiting_per_principal,
            message_bytes_max: message.bytes_max,
            depth_max: message.depth_max,
            values_max: message.values_max,
            connections_max: 65_536,
            connections_per_address: 16_384,
            sessions_max: 10_000,
            sessions_per_principal: 2_000,
            session_idle_s: 3_600,
            local_idle_s: 600,
            parked_max: 10_000,
            parked_s: 600,
        }
    }
}

impl Limits {
    pub fn calls(&self) -> limits::Limits {
        limits::Limits {
            requests_per_principal: self.requests_per_principal,
            calls_per_principal: self.calls_per_principal,
            calls_per_tool: self.calls_per_tool,
            calls_in_all: self.calls_in_all,
            executing_per_principal: self.executing_per_principal,
            executing_in_all: self.executing_in_all,
            waiting_per_principal: self.waiting_per_principal,
        }
    }

    pub const fn message(&self) -> crate::mcp::json::Limits {
        crate::mcp::json::Limits {
            bytes_max: self.message_bytes_max,
            depth_max: self.depth_max,
            values_max: self.values_max,
        }
    }
}

/// The content firewall.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct FirewallFile {
    /// A folder of further rule files, beside the core ruleset.
    pub rules: Option<PathBuf>,
    /// The scores at which a message is suspicious: labelled, and under `strict` not let through.
    pub thresholds: crate::firewall::score::Thresholds,
    /// Signed bundles of rules, taken over as they appear.
    pub bundle: Option<BundleFile>,
    /// A folder of documents that say what rules err on here (`docs/reference/exclusions.md`).
    pub exclusions: Option<PathBuf>,
    /// Rules up to this level run, from 1 (hardly ever wrong) to 4 (finds most, errs often). Default 2,
    /// and 4 in the profile `strict`.
    #[schemars(range(min = 1, max = 4))]
    pub level: Option<u8>,
    /// Rules above this level are recorded and change nothing. Default: all that run act.
    #[schemars(range(min = 1, max = 4))]
    pub blocking_level: Option<u8>,
    /// What shipped rules and those of a bundle do at first that are new or changed in an upgrade:
    /// `shadow` (they are recorded and change nothing until a person promotes them) or `enforce`.
    pub upgrades: crate::firewall::stage::Upgrades,
    /// When a rule that suddenly stops far too much is taken out of force by itself.
    pub breaker: crate::firewall::breaker::Limits,
}

/// Texts that other programs send to be read (`POST /scan`).
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ScanFile {
    /// Answers callers with what the rules find in their texts. Whoever may ask can try out what the
    /// rules let pass.
    pub enabled: bool,
    /// Texts of one request.
    pub texts_max: Option<usize>,
}

/// What a run may still do after what it read.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Flow {
    /// A folder of further files of flow rules, beside the shipped ones.
    pub rules: Option<PathBuf>,
    /// `observe` records what flow rules would hold or refuse, and does neither.
    pub mode: Mode,
    /// What single rules do, by their id: `off`, `flag`, `hold` or `block`.
    pub actions: BTreeMap<String, flow::Override>,
    /// Destinations that are the organisation's own: hosts (`git.example.org`, `*.example.org`), mail
    /// addresses (`ada@example.org`, `@example.org`), folders (`/srv/out/`), accounts and names.
    pub trusted_destinations: Vec<String>,
    pub limits: flow::FlowLimits,
}

/// How people decide.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Approvals {
    #[serde(rename = "wait")]
    pub waits: Waits,
    /// Who may decide, each with a key of their own (`bartizan approvals enroll`).
    pub approvers: Vec<Approver>,
}

/// A person with an enrolled key.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Approver {
    /// The name that decisions are recorded under.
    pub name: String,
    /// The Ed25519 public key, in hex.
    pub public_key: String,
}

/// The record.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Audit {
    /// `process` survives `kill -9`; `power` also survives a power cut and costs a disk sync.
    pub durability: Option<RecordSurvives>,
    /// Where records are kept. Default: `audit` in `data_dir`.
    pub folder: Option<PathBuf>,
}

/// What a record survives.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum RecordSurvives {
    Process,
    Power,
}

impl From<RecordSurvives> for Durability {
    fn from(stated: RecordSurvives) -> Self {
        match stated {
            RecordSurvives::Process => Self::Process,
            RecordSurvives::Power => Self::Power,
        }
    }
}

/// `enforce` or `observe`, by door.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Doors {
    /// What the policies deny passes.
    pub access: Mode,
    /// What is over a limit passes.
    pub limits: Mode,
    /// What does not fit a tool's schema passes.
    pub schema: Mode,
    /// What the rules would edit or stop passes as it is.
    pub firewall: Mode,
    /// What a person would have to agree to passes.
    pub approval: Mode,
}

/// How an HTTP upstream is spoken to.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq)]
#[serde(rename_all = "lowercase")]
pub enum TransportName {
    /// Streamable HTTP, in whichever era the server speaks.
    Http,
    /// The old HTTP+SSE transport of 2024-11-05.
    Sse,
}

/// How the gateway shows itself to an upstream.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq)]
#[serde(rename_all = "lowercase")]
pub enum Auth {
    /// OAuth; a person logs in once with `bartizan upstreams login NAME`.
    Oauth,
}

/// One tool server: `command` or `url`.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Upstream {
    /// Program and arguments of a server over standard input and output. Secrets are references,
    /// such as `{ prefix = "--token=", env = "NAME" }`.
    pub command: Option<Vec<Text>>,
    /// Address of a server over HTTP. One with a secret in it is a reference.
    pub url: Option<Text>,
    /// How to speak to `url`. Default `http`.
    pub transport: Option<TransportName>,
    /// Environment of the server. Secrets are references.
    pub env: BTreeMap<String, Text>,
    /// Names that the server takes over from the gateway's environment, beside the harmless ones.
    pub env_allow: Vec<String>,
    /// Working folder of the server.
    pub cwd: Option<PathBuf>,
    /// Headers on every request. Secrets are references.
    pub headers: BTreeMap<String, Text>,
    /// `oauth`: a person logs in once with `bartizan upstreams login NAME`.
    pub auth: Option<Auth>,
    /// OAuth details, where the defaults do not do.
    pub oauth: Option<oauth::Settings>,
    /// Seconds for the first connection and its lists. Default 10.
    pub start_timeout_s: Option<u64>,
    /// The same in seconds, by its short name; write one of the two.
    pub start_timeout: Option<u64>,
    /// Seconds of one call without a sign of progress. Default 120.
    pub call_timeout_s: Option<u64>,
    /// The entry of the shipped catalogue that this server is (`bartizan classify --list`), where its
    /// command or address does not show it; `none` for none of them.
    pub catalogue: Option<String>,
    /// `observe` for this upstream alone.
    pub mode: Option<Mode>,
    /// `low`, `medium`, `high` or `critical`. Default `medium`.
    pub risk: Option<Risk>,
    /// What calls do: `egress`, `state_change`, `exec`, `money`, `destructive`, `reads_private`,
    /// `reads_untrusted`, `reads_files`, `persists_instructions`, `computes`, or own words. Default: what
    /// the shipped catalogue says of a known server. Without any: `egress`, `state_change` and
    /// `reads_untrusted`.
    pub classes: Option<Vec<String>>,
    /// How results are marked.
    pub spotlight: Option<spotlight::Mode>,
    /// What happens to structured content: `pass`, `mark-leaves` or `drop`.
    pub structured: Option<spotlight::Structured>,
    /// Every call waits for a person.
    pub hold: Option<bool>,
    /// Settings of single tools, by their name at the server.
    pub tools: BTreeMap<String, ToolFile>,
}

impl Upstream {
    /// What holds of its tools that say nothing themselves.
    ///
    /// Not a flattened field: serde does not refuse unknown keys beside or in one, and a misspelt
    /// `hold` must not pass for none.
    pub(super) fn defaults(&self) -> ToolFile {
        let Self { risk, classes, spotlight, structured, hold, .. } = self;
        ToolFile {
            risk: *risk,
            classes: classes.clone(),
            spotlight: *spotlight,
            structured: *structured,
            hold: *hold,
        }
    }
}

/// Settings of a tool.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ToolFile {
    /// `low`, `medium`, `high` or `critical`. Default `medium`.
    pub risk: Option<Risk>,
    /// What calls do: `egress`, `state_change`, `exec`, `money`, `destructive`, `reads_private`,
    /// `reads_untrusted`, `reads_files`, `persists_instructions`, `computes`, or own words. Default: what
    /// the shipped catalogue says of a known server. Without any: `egress`, `state_change` and
    /// `reads_untrusted`.
    pub classes: Option<Vec<String>>,
    /// How results are marked.
    pub spotlight: Option<spotlight::Mode>,
    /// What happens to structured content: `pass`, `mark-leaves` or `drop`.
    pub structured: Option<spotlight::Structured>,
    /// Every call waits for a person.
    pub hold: Option<bool>,
}
