//! Secrets by reference. A configuration file names where a secret lies; one that holds the
//! secret itself is refused, with the way to reference it instead.

use std::borrow::Cow;
use std::fmt;
use std::fs::File;
use std::io::Read as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, Visitor};

mod shape;
mod word;

#[cfg(test)]
mod tests;

pub use shape::looks_like_secret;
pub use word::{address_holds_secret, word_holds_secret};

/// Bytes that a secret may have; a file that is longer is not a secret.
const BYTES_MAX: u64 = 64 << 10;

/// What to write instead, in every message that refuses a secret.
pub const MEND: &str =
    "write `{ file = \"/path/of/a/file\" }` or `{ env = \"NAME\" }` and keep the secret there";

/// Where a secret lies. Reading is left to [`Secret::reveal`], so that a configuration can be
/// checked where its secrets are not, and so that a rotated secret is seen.
#[derive(Clone, Eq, PartialEq)]
pub struct Secret(Place);

#[derive(Clone, Eq, PartialEq)]
enum Place {
    File(PathBuf),
    Environment(String),
}

/// Why a secret cannot be had. Never shows any of it.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    #[error("the secret file `{path}` cannot be read: {source}", path = .path.display())]
    Unreadable {
        path: PathBuf,
        #[source]
        source: std::io::Error,
    },
    #[error(
        "the secret file `{path}` may be read by others (mode {mode:04o}); `chmod 600 {path}`",
        path = .path.display()
    )]
    Exposed { path: PathBuf, mode: u32 },
    #[error("the secret file `{path}` is no regular file", path = .path.display())]
    NotAFile { path: PathBuf },
    #[error("the environment variable `{name}` is not set or is not UTF-8")]
    Unset { name: String },
    #[error("{place} holds no secret: it is empty, longer than 64 KiB, or not UTF-8")]
    Unusable { place: String },
}

impl Secret {
    pub fn file(path: impl Into<PathBuf>) -> Self {
        Self(Place::File(path.into()))
    }

    pub fn environment(name: impl Into<String>) -> Self {
        Self(Place::Environment(name.into()))
    }

    /// The environment variable it lies in, if it lies in one.
    pub fn variable(&self) -> Option<&str> {
        match &self.0 {
            Place::File(_) => None,
            Place::Environment(name) => Some(name),
        }
    }

    /// Lets a relative path start at `folder`.
    pub(super) fn start_at(&mut self, folder: &Path) {
        if let Place::File(path) = &mut self.0 {
            *path = folder.join(&*path);
        }
    }

    /// Reads the secret. Line ends at its end are dropped.
    ///
    /// # Errors
    /// A file or variable that is not there, is empty, or (a file) may be read by others.
    pub fn reveal(&self) -> Result<Revealed, SecretError> {
        match &self.0 {
            Place::File(path) => read_file(path),
            Place::Environment(name) => {
                let value = std::env::var(name);
                let value = value.map_err(|_| SecretError::Unset { name: name.clone() })?;
                Revealed::new(value.into_bytes(), || format!("the environment variable `{name}`"))
            }
        }
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Secret(..)")
    }
}

/// A secret in memory, overwritten when dropped.
pub struct Revealed(Vec<u8>);

impl Revealed {
    fn new(mut bytes: Vec<u8>, place: impl Fn() -> String) -> Result<Self, SecretError> {
        while bytes.last().is_some_and(|byte| matches!(byte, b'\n' | b'\r')) {
            bytes.pop();
        }
        let revealed = Self(bytes);
        let usable = !revealed.0.is_empty()
            && revealed.0.len() as u64 <= BYTES_MAX
            && std::str::from_utf8(&revealed.0).is_ok();
        if usable { Ok(revealed) } else { Err(SecretError::Unusable { place: place() }) }
    }

    /// The secret. Whoever calls this keeps it out of logs, records and errors.
    pub fn expose(&self) -> &str {
        std::str::from_utf8(&self.0).expect("checked to be UTF-8 when it was read")
    }
}

impl From<String> for Revealed {
    fn from(secret: String) -> Self {
        Self(secret.into_bytes())
    }
}

impl fmt::Debug for Revealed {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Revealed(..)")
    }
}

impl Drop for Revealed {
    fn drop(&mut self) {
        self.0.fill(0);
        // Keeps the compiler from leaving out a write that nobody seems to read.
        std::hint::black_box(&mut self.0);
    }
}

fn read_file(path: &Path) -> Result<Revealed, SecretError> {
    let unreadable = |source| SecretError::Unreadable { path: path.to_owned(), source };
    // Symbolic links are followed (orchestrators mount secrets so); the mode is that of the file
    // which was opened, so it cannot be exchanged in between. A pipe must not block the open.
    let flags = rustix::fs::OFlags::NONBLOCK | rustix::fs::OFlags::CLOEXEC;
    let opened =
        rustix::fs::open(path, rustix::fs::OFlags::RDONLY | flags, rustix::fs::Mode::empty());
    let file = File::from(opened.map_err(|errno| unreadable(errno.into()))?);
    let metadata = file.metadata().map_err(unreadable)?;
    if !metadata.is_file() {
        return Err(SecretError::NotAFile { path: path.to_owned() });
    }
    let mode = metadata.mode() & 0o7777;
    if mode & 0o077 != 0 {
        return Err(SecretError::Exposed { path: path.to_owned(), mode });
    }
    // Room at once: a growing buffer would leave copies behind that nobody overwrites.
    let mut bytes = Vec::with_capacity(BYTES_MAX as usize + 1);
    file.take(BYTES_MAX + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    Revealed::new(bytes, || format!("the secret file `{}`", path.display()))
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(SecretVisitor)
    }
}

struct SecretVisitor;

/// The refusal for a value in place of a reference. It must not show the value, which serde's own
/// messages do.
fn inline<E: serde::de::Error>() -> E {
    E::custom(format_args!("a secret may not stand in the configuration; {MEND}"))
}

impl<'de> Visitor<'de> for SecretVisitor {
    type Value = Secret;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a reference to a secret")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Secret, A::Error> {
        let Some((kind, place)) = map.next_entry::<String, String>().map_err(|_| inline())? else {
            return Err(inline());
        };
        if map.next_key::<String>().map_err(|_| inline())?.is_some() || place.is_empty() {
            return Err(A::Error::custom(format_args!("one place for a secret; {MEND}")));
        }
        match kind.as_str() {
            "file" => Ok(Secret::file(place)),
            "env" => Ok(Secret::environment(place)),
            _ => Err(inline()),
        }
    }

    fn visit_str<E: serde::de::Error>(self, _: &str) -> Result<Secret, E> {
        Err(inline())
    }

    fn visit_bytes<E: serde::de::Error>(self, _: &[u8]) -> Result<Secret, E> {
        Err(inline())
    }

    fn visit_bool<E: serde::de::Error>(self, _: bool) -> Result<Secret, E> {
        Err(inline())
    }

    fn visit_i64<E: serde::de::Error>(self, _: i64) -> Result<Secret, E> {
        Err(inline())
    }

    fn visit_u64<E: serde::de::Error>(self, _: u64) -> Result<Secret, E> {
        Err(inline())
    }

    fn visit_f64<E: serde::de::Error>(self, _: f64) -> Result<Secret, E> {
        Err(inline())
    }
}

impl JsonSchema for Secret {
    fn schema_name() -> Cow<'static, str> {
        "Secret".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "Where a secret lies; the secret itself may not stand here.",
            "oneOf": [
                {
                    "type": "object",
                    "properties": { "file": { "type": "string", "minLength": 1 } },
                    "required": ["file"],
                    "additionalProperties": false
                },
                {
                    "type": "object",
                    "properties": { "env": { "type": "string", "minLength": 1 } },
                    "required": ["env"],
                    "additionalProperties": false
                }
            ]
        })
    }
}
