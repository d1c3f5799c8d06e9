//! Which server of which file goes by which upstream name, remembered so that a name stays.
//!
//! Two clients may both call a server `github` and mean different ones. The same description
//! shares a name; another gets one of its own, and the client's own entry keeps its name anyway.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::Error;
use super::file;

/// How many names are tried for one server before giving up.
const MAX_TRIES: usize = 100;

/// Longest name that a configuration takes.
const MAX_NAME_CHARS: usize = 32;

/// The names given so far.
#[derive(Debug, Clone, Default)]
pub(super) struct Ledger {
    owners: BTreeMap<String, Owned>,
    reserved: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Owned {
    name: String,
    fingerprint: String,
}

impl Ledger {
    /// Reads the ledger of `data`. Names in `configured` that it doesn't know were written by a
    /// person and aren't given away.
    ///
    /// # Errors
    /// The ledger is there and can't be read.
    pub(super) fn load(data: &Path, configured: Vec<String>) -> Result<Self, Error> {
        let path = place(data);
        let owners: BTreeMap<String, Owned> = match file::read(&path)? {
            None => BTreeMap::new(),
            Some(text) => serde_json::from_str(&text)
                .map_err(|_| Error::Backup { path, reason: "this record of names is broken" })?,
        };
        let ours = |name: &String| owners.values().any(|owned| owned.name == *name);
        let reserved = configured.into_iter().filter(|name| !ours(name)).collect();
        Ok(Self { owners, reserved })
    }

    /// Writes the ledger.
    ///
    /// # Errors
    /// It can't be written.
    pub(super) fn save(&self, data: &Path) -> Result<(), Error> {
        file::private_folder(data)?;
        let text = serde_json::to_string_pretty(&self.owners).unwrap_or_default();
        file::replace(&place(data), &text, Some(file::PRIVATE))
    }

    /// The name for the server that `owner` calls `wanted`: the one it had, else `wanted`, else
    /// `wanted-client`, else that with a number.
    pub(super) fn name(
        &mut self,
        owner: &str,
        wanted: &str,
        client: &str,
        fingerprint: &str,
    ) -> Option<String> {
        let wanted = slug(wanted);
        let earlier = self.owners.get(owner).map(|owned| owned.name.clone());
        let behind = |suffix: String| {
            let room = MAX_NAME_CHARS.saturating_sub(suffix.len());
            let head: String = wanted.chars().take(room).collect();
            format!("{}{suffix}", head.trim_end_matches(['-', '_']))
        };
        let numbered = (2..MAX_TRIES).map(|number| behind(format!("-{client}-{number}")));
        let candidates = earlier
            .into_iter()
            .chain([wanted.clone(), behind(format!("-{client}"))])
            .chain(numbered)
            .find(|name| self.is_free(name, owner, fingerprint))?;
        let owned = Owned { name: candidates.clone(), fingerprint: fingerprint.to_owned() };
        self.owners.insert(owner.to_owned(), owned);
        Some(candidates)
    }

    fn is_free(&self, name: &str, owner: &str, fingerprint: &str) -> bool {
        let clashes = |(other, owned): (&String, &Owned)| {
            other != owner && owned.name == name && owned.fingerprint != fingerprint
        };
        !self.reserved.iter().any(|reserved| reserved == name) && !self.owners.iter().any(clashes)
    }
}

/// A name that the configuration takes: no `__`, which parts it from a tool's, and no `_` or `-`
/// at its ends. It is safe in a URL path, a file name and a bare TOML key besides.
fn slug(name: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || "-_".contains(c) { c } else { '-' };
    let mut slug = String::new();
    for c in name.chars().map(plain) {
        if !(c == '_' && slug.ends_with('_')) {
            slug.push(c);
        }
    }
    let cut: String = slug.trim_start_matches(['-', '_']).chars().take(MAX_NAME_CHARS).collect();
    match cut.trim_end_matches(['-', '_']) {
        "" => "server".to_owned(),
        trimmed => trimmed.to_owned(),
    }
}

fn place(data: &Path) -> PathBuf {
    data.join("clients.json")
}

#[cfg(test)]
mod tests {
    use super::Ledger;

    #[test]
    fn the_same_server_shares_a_name_and_another_does_not() {
        let mut ledger = Ledger { reserved: vec!["mine".into()], ..Ledger::default() };
        let mut name = |owner, wanted, print| ledger.name(owner, wanted, "cursor", print);
        assert_eq!(name("a", "github", "1").as_deref(), Some("github"));
        assert_eq!(name("b", "github", "1").as_deref(), Some("github"));
        assert_eq!(name("c", "github", "2").as_deref(), Some("github-cursor"));
        assert_eq!(name("d", "github", "3").as_deref(), Some("github-cursor-2"));
        assert_eq!(name("c", "github", "4").as_deref(), Some("github-cursor"), "a name stays");
        assert_eq!(name("e", "mine", "5").as_deref(), Some("mine-cursor"));
        assert_eq!(name("f", "../My Server", "6").as_deref(), Some("My-Server"));
        assert_eq!(name("g", "日本", "7").as_deref(), Some("server"));
        assert_eq!(name("h", "_my__db_", "8").as_deref(), Some("my_db"));
        let long = "a-very-long-name-that-nobody-would-type";
        assert_eq!(name("i", long, "9").as_deref(), Some("a-very-long-name-that-nobody-wou"));
        assert_eq!(name("j", long, "10").as_deref(), Some("a-very-long-name-that-nob-cursor"));
    }
}
