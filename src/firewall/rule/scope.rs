//! Where the texts come from that a rule reads.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Where the texts come from that a rule reads. What is left out narrows nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Scope {
    /// Names of servers, with `*` for any run of characters and `?` for any one.
    pub servers: Vec<String>,
    /// Names of tools, likewise.
    pub tools: Vec<String>,
    /// How far their source is trusted.
    pub trust: Vec<Trust>,
}

/// Whether the operator vouches for what a source says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Trust {
    /// Nobody but the operator's own people writes there.
    Trusted,
    /// A stranger may have written it.
    Untrusted,
}

/// Where a text came from, as far as it is known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Origin<'a> {
    /// The server's name in the configuration.
    pub server: Option<&'a str>,
    /// The tool's name on that server.
    pub tool: Option<&'a str>,
    /// How far it is trusted.
    pub trust: Option<Trust>,
}

impl Scope {
    /// Whether a text from there is read. What is not known is taken to be in scope.
    pub fn covers(&self, origin: Origin<'_>) -> bool {
        named(&self.servers, origin.server)
            && named(&self.tools, origin.tool)
            && (self.trust.is_empty() || origin.trust.is_none_or(|it| self.trust.contains(&it)))
    }

    /// Whether it reads nothing that a stranger may have written.
    pub fn is_trusted_only(&self) -> bool {
        !self.trust.is_empty() && !self.trust.contains(&Trust::Untrusted)
    }
}

fn named(patterns: &[String], name: Option<&str>) -> bool {
    patterns.is_empty()
        || name.is_none_or(|name| patterns.iter().any(|glob| matches_glob(glob, name)))
}

/// Whether the whole name fits the pattern. Goes back to the last `*` only, so its time is bounded
/// by the product of both lengths.
pub(crate) fn matches_glob(glob: &str, name: &str) -> bool {
    let (glob, name): (Vec<char>, Vec<char>) = (glob.chars().collect(), name.chars().collect());
    let (mut at, mut place) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while let Some(c) = name.get(place) {
        match glob.get(at) {
            Some('*') => {
                star = Some((at, place));
                at += 1;
            }
            Some(wanted) if *wanted == '?' || wanted == c => (at, place) = (at + 1, place + 1),
            _ => {
                let Some((after, taken)) = star else { return false };
                star = Some((after, taken + 1));
                (at, place) = (after + 1, taken + 1);
            }
        }
    }
    glob.iter().skip(at).all(|c| *c == '*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_any_run_and_a_question_mark_for_one() {
        for (glob, name) in
            [("*", ""), ("git*", "github"), ("*.read?", "a.b.reads"), ("a*b*c", "abbc")]
        {
            assert!(matches_glob(glob, name), "{glob} {name}");
        }
        for (glob, name) in [("", "a"), ("git", "github"), ("?", ""), ("a*b", "abc"), ("A", "a")] {
            assert!(!matches_glob(glob, name), "{glob} {name}");
        }
        assert!(!matches_glob(&"*a".repeat(40), &"a".repeat(30)));
    }

    #[test]
    fn what_is_not_known_is_in_scope() {
        let scope = Scope {
            servers: vec!["web".to_owned()],
            tools: vec!["fetch*".to_owned()],
            trust: vec![Trust::Untrusted],
        };
        let origin = Origin { server: Some("web"), tool: Some("fetch_page"), trust: None };
        assert!(scope.covers(Origin::default()) && scope.covers(origin));
        assert!(!scope.covers(Origin { server: Some("mail"), ..origin }));
        assert!(!scope.covers(Origin { tool: Some("search"), ..origin }));
        assert!(!scope.covers(Origin { trust: Some(Trust::Trusted), ..origin }));
        assert!(Scope::default().covers(origin) && !scope.is_trusted_only());
    }
}
