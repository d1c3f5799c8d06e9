//! A definition on its way into the catalog: read by the firewall, its name checked, its schema
//! made ready.

use std::collections::HashSet;

use super::{
    Kind,
    pins::{Seen, Standing},
};
use crate::{
    firewall::{Disposition, Surface, rule::Origin, sanitize::sanitize},
    inspect::Firewall,
    mcp::{Json, Object},
    schema::Schema,
};

/// A definition on its way into the catalog.
pub(super) struct Draft<'a> {
    pub(super) kind: Kind,
    pub(super) name: &'a str,
    pub(super) received: &'a Json,
    /// What will be offered: edited where the firewall says so.
    pub(super) offered: Object,
    /// Why the firewall would keep it back, if it would.
    pub(super) suspicion: Option<String>,
    pub(super) pin: String,
    /// Why it is kept back, if it is.
    pub(super) quarantine: Option<String>,
}

impl<'a> Draft<'a> {
    pub(super) async fn new(
        upstream: &str,
        (kind, name, received): (Kind, &'a str, &'a Json),
        firewall: &Firewall,
    ) -> Self {
        let surface = match kind {
            Kind::Tool => Surface::ToolDefinition,
            Kind::Prompt => Surface::Prompt,
            Kind::Resource | Kind::Template => Surface::Resource,
        };
        let mut offered = received.clone();
        let tool = Some(name).filter(|_| kind == Kind::Tool);
        let origin = Origin { server: Some(upstream), tool, ..Origin::default() };
        let inspection = firewall.read_from(origin, "", surface, &mut offered).await;
        let suspicion = (inspection.disposition != Disposition::Allow).then(|| {
            let rules: Vec<&str> = inspection.rules.iter().map(AsRef::as_ref).collect();
            format!("the firewall found {} in its definition", rules.join(", "))
        });
        let offered = offered.as_object().cloned().unwrap_or_default();
        Self { kind, name, received, offered, suspicion, pin: String::new(), quarantine: None }
    }

    /// As it is compared with its pin.
    pub(super) fn seen(&self) -> Seen<'a> {
        Seen {
            kind: self.kind.name(),
            name: self.name,
            definition: self.received,
            suspicion: self.suspicion.clone(),
        }
    }

    /// Takes its standing, and says so if it is kept back for its own sake.
    pub(super) fn settle(
        &mut self,
        upstream: &str,
        pin: String,
        standing: Standing,
        server: &Standing,
    ) {
        self.pin = pin;
        let kind = self.kind.name();
        if let Standing::Quarantined(reason) = &standing
            && standing != *server
        {
            tracing::warn!(
                upstream,
                name = self.name,
                reason,
                "A {kind} is kept back. See `bartizan pins diff`."
            );
        }
        if let Standing::Quarantined(reason) = standing {
            self.quarantine = Some(reason);
        }
    }
}

/// Names a model can be misled by are refused: odd characters, or twins under folding.
pub(super) fn check_name(
    kind: Kind,
    name: &str,
    seen: &mut HashSet<String>,
) -> Result<(), &'static str> {
    const NAME_BYTES_MAX: usize = 128;
    const URI_BYTES_MAX: usize = 2048;
    match kind {
        Kind::Tool => {
            let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte);
            if name.is_empty() || name.len() > NAME_BYTES_MAX || !name.bytes().all(plain) {
                return Err("the name may have 1 to 128 letters, digits and `_-.`");
            }
            if !seen.insert(name.to_ascii_lowercase()) {
                return Err("another tool of this server has the same name but for case");
            }
        }
        Kind::Prompt => {
            let clean = sanitize(name).removed.total() == 0;
            let visible = clean && !name.chars().any(char::is_control);
            if name.is_empty() || name.len() > NAME_BYTES_MAX || !visible {
                return Err("the name may have 1 to 128 visible characters");
            }
            if !seen.insert(name.to_lowercase()) {
                return Err("another prompt of this server has the same name but for case");
            }
        }
        Kind::Resource | Kind::Template => {
            if name.is_empty() || name.len() > URI_BYTES_MAX {
                return Err("the URI is empty or longer than 2048 bytes");
            }
            if !seen.insert(name.to_owned()) {
                return Err("another resource of this server has the same URI");
            }
        }
    }
    Ok(())
}

pub(super) fn problem(upstream: &str, kind: Kind, name: &str, why: &str) -> String {
    format!("{upstream}: the {} `{}` is left out: {why}", kind.name(), escaped(name))
}

/// The beginning of a stranger's text, fit for a sentence.
pub(super) fn escaped(text: &str) -> String {
    const SHOWN_CHARS_MAX: usize = 80;
    text.chars().take(SHOWN_CHARS_MAX).flat_map(char::escape_debug).collect()
}

/// Arguments of one prompt that are looked at; others are then refused as unknown.
const PROMPT_ARGUMENTS_MAX: usize = 256;

/// Prompts declare arguments as a list; as a schema they can be checked like a tool's.
pub(super) fn prompt_schema(definition: &Object) -> Option<Schema> {
    let arguments = definition.get("arguments")?.as_array()?;
    let (mut properties, mut required) = (Object::new(), Vec::new());
    for argument in arguments.iter().take(PROMPT_ARGUMENTS_MAX) {
        let Some(name) = argument.get("name").and_then(Json::as_str) else { continue };
        properties.insert(name, Object::from([("type", "string".into())]));
        if argument.get("required").and_then(Json::as_bool) == Some(true) {
            required.push(Json::from(name));
        }
    }
    let schema = Object::from([
        ("type", "object".into()),
        ("properties", properties.into()),
        ("required", required.into()),
        ("additionalProperties", Object::from([("type", "string".into())]).into()),
    ]);
    Schema::compile(&schema.into()).ok()
}
