//! A text that may be written out or referred to: environment, headers, arguments, addresses.

use std::{
    borrow::Cow,
    fmt,
    path::{Path, PathBuf},
};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, Visitor};

use super::secret::{Secret, SecretError, looks_like_secret, word_holds_secret};

/// Plain text, or where a secret lies, with what stands before it (`Bearer `, say).
#[derive(Clone)]
pub enum Text {
    Plain(String),
    Reference { prefix: String, secret: Secret },
}

impl Text {
    /// The text itself. Whoever calls this keeps it out of logs, records and errors.
    ///
    /// # Errors
    /// The secret cannot be read.
    pub fn reveal(&self) -> Result<String, SecretError> {
        match self {
            Self::Plain(text) => Ok(text.clone()),
            Self::Reference { prefix, secret } => {
                Ok(format!("{prefix}{}", secret.reveal()?.expose()))
            }
        }
    }

    /// Whether a secret was written out where only a reference may stand, or before one.
    pub fn is_inline_secret(&self, key: &str) -> bool {
        match self {
            Self::Plain(text) => looks_like_secret(key, text),
            Self::Reference { prefix, .. } => word_holds_secret(None, prefix),
        }
    }

    /// What is written out: all of it, or what stands before a secret.
    pub(super) fn written(&self) -> &str {
        match self {
            Self::Plain(text) => text,
            Self::Reference { prefix, .. } => prefix,
        }
    }

    pub(super) fn start_at(&mut self, folder: &Path) {
        if let Self::Reference { secret, .. } = self {
            secret.start_at(folder);
        }
    }

    /// The environment variable that holds the secret, if one does.
    pub fn environment(&self) -> Option<&str> {
        match self {
            Self::Plain(_) => None,
            Self::Reference { secret, .. } => secret.variable(),
        }
    }

    pub const fn is_reference(&self) -> bool {
        matches!(self, Self::Reference { .. })
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(if self.is_reference() { "Text(reference)" } else { "Text(plain)" })
    }
}

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TextVisitor)
    }
}

struct TextVisitor;

impl<'de> Visitor<'de> for TextVisitor {
    type Value = Text;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a text, `{ file = \"/path\" }` or `{ env = \"NAME\" }`")
    }

    fn visit_str<E>(self, text: &str) -> Result<Text, E> {
        Ok(Text::Plain(text.to_owned()))
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Text, M::Error> {
        let (mut secret, mut prefix) = (None, String::new());
        while let Some(key) = map.next_key::<String>()? {
            match key.as_str() {
                "file" if secret.is_none() => {
                    secret = Some(Secret::file(map.next_value::<PathBuf>()?));
                }
                "env" if secret.is_none() => {
                    secret = Some(Secret::environment(map.next_value::<String>()?));
                }
                "prefix" => prefix = map.next_value()?,
                _ => {
                    return Err(M::Error::custom("expected one of `file` and `env`, and `prefix`"));
                }
            }
        }
        let secret = secret.ok_or_else(|| M::Error::custom("expected `file` or `env`"))?;
        Ok(Text::Reference { prefix, secret })
    }
}

impl JsonSchema for Text {
    fn schema_name() -> Cow<'static, str> {
        "Text".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "A text, or a reference to a secret",
            "anyOf": [
                {"type": "string"},
                {
                    "type": "object",
                    "properties": {
                        "file": {"type": "string", "description": "A file of mode 0600"},
                        "env": {"type": "string", "description": "An environment variable"},
                        "prefix": {"type": "string", "description": "What stands before the secret"}
                    },
                    "additionalProperties": false
                }
            ]
        })
    }
}
