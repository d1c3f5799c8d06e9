//! Names that pass for another server's: an offered name is `SERVER__NAME`, and whoever writes such
//! a name himself speaks in that server's place.

use std::{collections::HashMap, sync::Arc};

use super::build::SEPARATOR;
use crate::firewall::undisguised;

/// How some clients begin the names of all tools.
const CLIENT_PREFIX: &str = "mcp__";

/// A name as a reader in a hurry takes it: disguises undone, one case, one kind of line.
pub(super) fn plain(name: &str) -> String {
    let line = |c: char| if matches!(c, '-' | '.' | ' ') { '_' } else { c };
    undisguised(name).text().to_lowercase().chars().map(line).collect()
}

/// The names of all servers, as they are read.
#[derive(Debug)]
pub(super) struct Names(HashMap<String, Arc<str>>);

impl Names {
    pub(super) fn new<'a>(names: impl IntoIterator<Item = &'a Arc<str>>) -> Self {
        Self(names.into_iter().map(|name| (plain(name), Arc::clone(name))).collect())
    }

    /// The other server whose tool `name` of server `own` passes for, if there is one.
    pub(super) fn imitated(&self, own: &str, name: &str) -> Option<&Arc<str>> {
        let (own, name) = (plain(own), plain(name));
        let name = name.strip_prefix(CLIENT_PREFIX).unwrap_or(&name);
        let prefixes = name.match_indices(SEPARATOR).filter_map(|(end, _)| name.get(..end));
        let mut others = prefixes.filter(|prefix| *prefix != own);
        others.find_map(|prefix| self.0.get(prefix))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::Names;

    #[test]
    fn who_begins_a_name_with_another_servers_imitates_it() {
        let servers: Vec<Arc<str>> = ["github", "evil", "a-b"].map(Into::into).to_vec();
        let names = Names::new(&servers);
        let imitated = |own: &str, name: &str| names.imitated(own, name).map(ToString::to_string);
        for name in [
            "github__create_issue",
            "GitHub__create_issue",
            "github-_create_issue",
            "github___create_issue",
            "mcp__github__create_issue",
            "g\u{456}thub__create_issue",
            "\u{ff47}ithub__create_issue",
        ] {
            assert_eq!(imitated("evil", name).as_deref(), Some("github"), "{name}");
        }
        assert_eq!(imitated("evil", "a_b__c").as_deref(), Some("a-b"));
        for name in ["github_create_issue", "create_github__issue", "read_file", "__init__", ""] {
            assert_eq!(imitated("evil", name), None, "{name}");
        }
        assert_eq!(imitated("github", "github__create_issue"), None, "its own name");
    }
}
