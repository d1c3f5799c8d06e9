//! What a client says of itself. Unverified: it may shape answers, never a decision.

use super::{Json, Object};

/// `_meta` keys of the modern era (SPEC 2026-07-28, basic/index).
pub const META_VERSION: &str = "io.modelcontextprotocol/protocolVersion";
pub const META_CAPABILITIES: &str = "io.modelcontextprotocol/clientCapabilities";
pub const META_CLIENT: &str = "io.modelcontextprotocol/clientInfo";
pub const META_SERVER: &str = "io.modelcontextprotocol/serverInfo";
pub const META_LOG_LEVEL: &str = "io.modelcontextprotocol/logLevel";
pub const META_SUBSCRIPTION: &str = "io.modelcontextprotocol/subscriptionId";
/// The tasks extension.
pub const EXTENSION_TASKS: &str = "io.modelcontextprotocol/tasks";

/// Name, version and capabilities as stated by the client.
#[derive(Clone, Debug, Default)]
pub struct ClientInfo {
    pub name: String,
    pub version: String,
    pub capabilities: Object,
}

/// What the gateway has a use for, made anew: a session keeps it for long, and it reaches servers, so
/// nothing of the client's own choosing stays in it.
fn known(stated: &Object) -> Object {
    const MEMBERS: [(&str, &[&str]); 4] = [
        ("elicitation", &["form", "url"]),
        ("sampling", &["tools", "context"]),
        ("roots", &["listChanged"]),
        ("extensions", &[EXTENSION_TASKS]),
    ];
    let mut capabilities = Object::new();
    for (name, members) in MEMBERS {
        let Some(Json::Object(within)) = stated.get(name) else { continue };
        let mut kept = Object::new();
        for member in members.iter().filter(|member| within.get(member).is_some()) {
            kept.insert(member, Object::new());
        }
        // `{}` means forms; modes that nobody knows must not become that.
        if name != "elicitation" || !kept.is_empty() || within.is_empty() {
            capabilities.insert(name, kept);
        }
    }
    capabilities
}

/// Longest client name or version that is kept, in bytes; it ends up in logs and records.
const STATED_BYTES_MAX: usize = 128;

impl ClientInfo {
    /// From the `clientInfo` and `capabilities` objects of either era.
    pub fn new(info: Option<&Json>, capabilities: Option<&Json>) -> Self {
        let stated = |key: &str| {
            let text = info.and_then(|info| info.get(key)).and_then(Json::as_str).unwrap_or("");
            text.chars().filter(|c| !c.is_control()).take(STATED_BYTES_MAX).collect()
        };
        let capabilities = capabilities.and_then(Json::as_object).map(known).unwrap_or_default();
        Self { name: stated("name"), version: stated("version"), capabilities }
    }

    /// Whether the client declared that it answers `method` (a request from a server).
    pub fn answers(&self, method: &str, params: &Object) -> bool {
        match method {
            "elicitation/create" => self.elicits(params.str("mode").unwrap_or("form")),
            "sampling/createMessage" => self.capabilities.get("sampling").is_some(),
            "roots/list" => self.capabilities.get("roots").is_some(),
            _ => false,
        }
    }

    /// `{}` declares forms only (SPEC client/elicitation).
    fn elicits(&self, mode: &str) -> bool {
        match self.capabilities.get("elicitation").and_then(Json::as_object) {
            None => false,
            Some(modes) if mode == "form" => modes.get("form").is_some() || modes.is_empty(),
            Some(modes) => modes.get(mode).is_some(),
        }
    }

    pub fn has_extension(&self, name: &str) -> bool {
        let extensions = self.capabilities.get("extensions");
        extensions.and_then(|extensions| extensions.get(name)).is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_what_a_client_states_only_the_known_is_kept() {
        let stated = Object::from([
            ("elicitation", Object::from([("form", Object::new().into())]).into()),
            ("roots", Object::from([("listChanged", true.into())]).into()),
            ("sampling", "x".repeat(1 << 20).into()),
            ("experimental", Object::from([("x", "y".repeat(1 << 20).into())]).into()),
        ]);
        let client = ClientInfo::new(None, Some(&Json::Object(stated)));
        assert!(client.answers("elicitation/create", &Object::new()));
        assert!(client.answers("roots/list", &Object::new()));
        assert!(!client.answers("sampling/createMessage", &Object::new()));
        assert!(Json::from(client.capabilities).to_string().len() < 100);
    }

    #[test]
    fn modes_that_nobody_knows_are_not_taken_for_forms() {
        let modes = Object::from([("telepathy", Object::new().into())]);
        let stated = Object::from([("elicitation", modes.into())]);
        let client = ClientInfo::new(None, Some(&Json::Object(stated)));
        assert!(!client.answers("elicitation/create", &Object::new()));
    }
}
