//! What the configuration says of marks: as it is written, and gathered into lines that are looked up in one place.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use super::{Config, ConfigError};
use crate::spotlight::{Choice, Choices, Mode, Structured};

/// Marks on what tools return.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Spotlight {
    /// `auto`, `off`, `label`, `fence`, `linemark` or `datamark`. `auto` is `linemark` for prose from
    /// tools of the class `reads_untrusted`, else `fence`.
    pub mode: Mode,
    /// By the name that a client states: `label` for programs that parse what they get, `base64` for
    /// clients whose model is known to read it.
    pub clients: BTreeMap<String, Mode>,
    /// Modes for single clients, upstreams, tools and kinds of content. A line that names the client
    /// comes before one that does not, then one with the tool, the upstream, the kind. A mode that
    /// stands in `clients`, at an upstream or at a tool is such a line too.
    #[serde(rename = "for")]
    pub lines: Vec<Choice>,
    /// The mode that a result gets at least in which something of high severity was found, where it
    /// gets a fence at all.
    pub suspicious: Option<Mode>,
    /// What happens to structured content: `pass`, `mark-leaves` or `drop`.
    pub structured: Structured,
    /// Puts a constant sentence before every description of a tool, so that a model knows whose words
    /// they are.
    pub quote_descriptions: bool,
    /// Fences the texts of progress and log messages too, for clients that show them to a model.
    pub fence_notifications: bool,
}

impl Default for Spotlight {
    fn default() -> Self {
        Self {
            mode: Mode::Auto,
            clients: BTreeMap::new(),
            lines: Vec::new(),
            suspicious: None,
            structured: Structured::Pass,
            quote_descriptions: true,
            fence_notifications: false,
        }
    }
}

const NEEDS_CLIENT: &str = "`base64` is for a client whose model is known to read it; name the client in \
    `[spotlight.clients]`, or in the `client` of a `[[spotlight.for]]`";

impl Config {
    /// How results are marked, by client, upstream, tool and kind of content.
    pub fn marks(&self) -> Choices {
        let stated = &self.file.spotlight;
        let mut lines = vec![Choice { mode: stated.mode, ..Choice::default() }];
        for (name, upstream) in &self.file.upstreams {
            let own = Choice { upstream: Some(name.clone()), ..Choice::default() };
            lines.extend(upstream.spotlight.map(|mode| Choice { mode, ..own.clone() }));
            for (tool, settings) in &upstream.tools {
                let own = Choice { tool: Some(tool.clone()), ..own.clone() };
                lines.extend(settings.spotlight.map(|mode| Choice { mode, ..own }));
            }
        }
        let clients = stated.clients.iter().map(|(name, mode)| Choice {
            client: Some(name.clone()),
            mode: *mode,
            ..Choice::default()
        });
        lines.extend(clients);
        lines.extend(stated.lines.iter().cloned());
        let mut choices = Choices::new(lines);
        choices.suspicious = stated.suspicious;
        choices.fence_notifications = stated.fence_notifications;
        choices.quote_descriptions = stated.quote_descriptions;
        choices
    }

    /// Base64 costs a model four times the tokens, and many cannot read it: only a client says so.
    pub(super) fn check_marks(&self) -> Result<(), ConfigError> {
        let stated = &self.file.spotlight;
        let wrong = |path: &[&str]| Err(self.wrong(path, NEEDS_CLIENT));
        if stated.mode == Mode::Base64 {
            return wrong(&["spotlight", "mode"]);
        }
        if stated.suspicious == Some(Mode::Base64) {
            return wrong(&["spotlight", "suspicious"]);
        }
        for (index, line) in stated.lines.iter().enumerate() {
            if line.mode == Mode::Base64 && line.client.is_none() {
                return wrong(&["spotlight", "for", &index.to_string(), "mode"]);
            }
        }
        for (name, upstream) in &self.file.upstreams {
            if upstream.spotlight == Some(Mode::Base64) {
                return wrong(&["upstreams", name, "spotlight"]);
            }
            for (tool, settings) in &upstream.tools {
                if settings.spotlight == Some(Mode::Base64) {
                    return wrong(&["upstreams", name, "tools", tool, "spotlight"]);
                }
            }
        }
        Ok(())
    }
}
