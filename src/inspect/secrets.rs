//! Secrets that were taken out of a message, so that the run they belong to knows them again. They are
//! kept for as long as the message is, and shown to nobody.

/// Secrets as they stood.
#[derive(Default)]
pub struct Secrets(Vec<String>);

/// Secrets of one message; one that holds more is a list of them, and known by those.
const SECRETS_MAX: usize = 64;

impl Secrets {
    /// Takes what an edit of a rule for secrets took out.
    pub(super) fn take(&mut self, rule: &str, text: &str) {
        if rule.starts_with("secret.") && self.0.len() < SECRETS_MAX {
            self.0.push(text.to_owned());
        }
    }

    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }
}

impl std::fmt::Debug for Secrets {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Secrets({})", self.0.len())
    }
}
