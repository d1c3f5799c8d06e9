//! What is asked: who wants to list or call what, with which arguments, and when. Everything is
//! borrowed, so asking costs nothing; nothing here says how the answer is found.

use serde_json::Value;

/// What the caller wants to do with the target.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Action {
    /// See that the target exists, in a list.
    List,
    /// Call a tool, get a prompt or read a resource.
    Call,
}

impl Action {
    /// Both actions, in the order in which the law asks them.
    pub const ALL: [Self; 2] = [Self::List, Self::Call];

    /// The id of the Cedar action.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::List => "list",
            Self::Call => "call",
        }
    }
}

/// What kind of thing a server offers.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum TargetKind {
    /// Offered by `tools/list`.
    Tool,
    /// Offered by `prompts/list`.
    Prompt,
    /// Offered by `resources/list` or `resources/templates/list`.
    Resource,
}

impl TargetKind {
    /// Every kind.
    pub const ALL: [Self; 3] = [Self::Tool, Self::Prompt, Self::Resource];

    /// The Cedar entity type.
    #[must_use]
    pub const fn entity_type(self) -> &'static str {
        match self {
            Self::Tool => "Tool",
            Self::Prompt => "Prompt",
            Self::Resource => "Resource",
        }
    }

    /// The word for people and for decision tables.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Tool => "tool",
            Self::Prompt => "prompt",
            Self::Resource => "resource",
        }
    }
}

/// What is to be listed or called.
#[derive(Clone, Copy, Debug)]
pub struct Target<'a> {
    /// Tool, prompt or resource.
    pub kind: TargetKind,
    /// The server's name in the configuration. A name with a `/` is refused, because the entity id
    /// is `server/name`.
    pub server: &'a str,
    /// The name that the server gives it; for a resource its URI.
    pub name: &'a str,
    /// `low`, `medium`, `high` or `critical`; anything else is refused.
    pub risk: &'a str,
    /// Labels from the catalog or the configuration, such as `destructive`.
    pub classes: &'a [String],
}

/// Who asks.
#[derive(Clone, Copy, Debug)]
pub struct Caller<'a> {
    /// The agent's logical id.
    pub agent: &'a str,
    /// The person for whom it acts, if any.
    pub user: Option<&'a str>,
    /// The groups that its credential or the configuration puts it in.
    pub groups: &'a [String],
    /// `development`, `local`, `bearer`, `dpop` or `mtls`; anything else is refused.
    pub proof: &'a str,
    /// The run that the call belongs to.
    pub run: Option<&'a str>,
}

/// One question to the policies.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    /// Who asks.
    pub caller: Caller<'a>,
    /// What for.
    pub action: Action,
    /// About what.
    pub target: Target<'a>,
    /// The final arguments of a call: a JSON object, or nothing.
    pub arguments: Option<&'a Value>,
    /// When, in milliseconds since 1970-01-01 UTC. Given by the caller, because this module has no
    /// clock.
    pub time: i64,
}
