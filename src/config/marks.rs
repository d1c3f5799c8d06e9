//! What the configuration says of marks, gathered into lines that are looked up in one place.

use super::{Config, ConfigError};
use crate::spotlight::{Choice, Choices, Mode};

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
