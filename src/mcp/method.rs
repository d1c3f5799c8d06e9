//! Every method a client may send. What is not here is refused, whoever would understand it.

use super::Era;

/// A request from a client.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Method {
    Initialize,
    Ping,
    Discover,
    ToolsList,
    ToolsCall,
    PromptsList,
    PromptsGet,
    ResourcesList,
    ResourceTemplatesList,
    ResourcesRead,
    ResourcesSubscribe,
    ResourcesUnsubscribe,
    Complete,
    SetLevel,
    Listen,
    TasksGet,
    TasksUpdate,
    TasksCancel,
}

/// Each method, its name, and the eras in which it exists (legacy, modern).
const METHODS: &[(Method, &str, bool, bool)] = &[
    (Method::Initialize, "initialize", true, false),
    (Method::Ping, "ping", true, false),
    (Method::Discover, "server/discover", false, true),
    (Method::ToolsList, "tools/list", true, true),
    (Method::ToolsCall, "tools/call", true, true),
    (Method::PromptsList, "prompts/list", true, true),
    (Method::PromptsGet, "prompts/get", true, true),
    (Method::ResourcesList, "resources/list", true, true),
    (Method::ResourceTemplatesList, "resources/templates/list", true, true),
    (Method::ResourcesRead, "resources/read", true, true),
    (Method::ResourcesSubscribe, "resources/subscribe", true, false),
    (Method::ResourcesUnsubscribe, "resources/unsubscribe", true, false),
    (Method::Complete, "completion/complete", true, true),
    (Method::SetLevel, "logging/setLevel", true, false),
    (Method::Listen, "subscriptions/listen", false, true),
    (Method::TasksGet, "tasks/get", false, true),
    (Method::TasksUpdate, "tasks/update", false, true),
    (Method::TasksCancel, "tasks/cancel", false, true),
];

impl Method {
    /// The method `name` means in `era`; `None` for unknown and removed ones alike.
    pub fn parse(name: &str, era: Era) -> Option<Self> {
        let (method, _, legacy, modern) = METHODS.iter().find(|(_, known, ..)| *known == name)?;
        let known = match era {
            Era::Legacy => *legacy,
            Era::Modern => *modern,
        };
        known.then_some(*method)
    }

    pub fn name(self) -> &'static str {
        let row = METHODS.iter().find(|(method, ..)| *method == self);
        row.expect("METHODS lists every variant, as a test shows").1
    }

    /// The parameter that `Mcp-Name` mirrors (SEP-2243 and the tasks extension).
    pub const fn name_param(self) -> Option<&'static str> {
        match self {
            Self::ToolsCall | Self::PromptsGet => Some("name"),
            Self::ResourcesRead => Some("uri"),
            Self::TasksGet | Self::TasksUpdate | Self::TasksCancel => Some("taskId"),
            _ => None,
        }
    }

    /// Whether a modern server may answer with `input_required` (MRTR).
    pub const fn may_ask(self) -> bool {
        matches!(self, Self::ToolsCall | Self::PromptsGet | Self::ResourcesRead)
    }

    /// Whether a modern result carries `ttlMs` and `cacheScope`.
    pub const fn is_cacheable(self) -> bool {
        matches!(
            self,
            Self::Discover
                | Self::ToolsList
                | Self::PromptsList
                | Self::ResourcesList
                | Self::ResourceTemplatesList
                | Self::ResourcesRead
        )
    }
}

#[cfg(test)]
mod tests {
    use super::{METHODS, Method};
    use crate::mcp::Era;

    #[test]
    fn a_method_exists_only_in_its_eras() {
        assert_eq!(Method::parse("initialize", Era::Modern), None);
        assert_eq!(Method::parse("server/discover", Era::Legacy), None);
        assert_eq!(Method::parse("tools/call", Era::Modern), Some(Method::ToolsCall));
        assert_eq!(Method::parse("tools/Call", Era::Modern), None);
        for (method, name, ..) in METHODS {
            assert_eq!(method.name(), *name);
        }
    }
}
