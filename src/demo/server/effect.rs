//! What a tool really did, written down where the demo can see it: a mail sent, a payment made.
//! The gateway's own record says what was decided; this says what happened.

use std::{fs::OpenOptions, io::Write as _, path::Path};

use serde::{Deserialize, Serialize};

/// Something that happened and cannot be taken back.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Effect {
    /// The tool, such as `pay`.
    pub tool: String,
    /// Whom it reached.
    pub to: String,
}

impl Effect {
    /// Appends one line.
    pub(super) fn note(&self, path: &Path) -> std::io::Result<()> {
        let mut line = serde_json::to_vec(self)?;
        line.push(b'\n');
        OpenOptions::new().create(true).append(true).open(path)?.write_all(&line)
    }

    /// How often `tool` really ran.
    ///
    /// # Errors
    /// The file cannot be read. A missing one means that nothing happened yet.
    pub fn count(path: &Path, tool: &str) -> std::io::Result<usize> {
        let text = match std::fs::read_to_string(path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(0),
            read => read?,
        };
        let effects = text.lines().filter_map(|line| serde_json::from_str::<Self>(line).ok());
        Ok(effects.filter(|effect| effect.tool == tool).count())
    }
}

#[cfg(test)]
mod tests {
    use super::Effect;

    #[test]
    fn effects_are_counted_by_tool_and_none_is_lost() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("effects");
        assert_eq!(Effect::count(&path, "pay").expect("a missing file means none"), 0);
        for tool in ["pay", "send_mail", "pay"] {
            Effect { tool: tool.into(), to: "x".into() }.note(&path).expect("written");
        }
        assert_eq!(Effect::count(&path, "pay").expect("readable"), 2);
        assert_eq!(Effect::count(&path, "send_mail").expect("readable"), 1);
    }
}
