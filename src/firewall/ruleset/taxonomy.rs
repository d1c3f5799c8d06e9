//! The catalogues that tags of rules refer to.
//!
//! Catalogues grow, so an unknown entry is worth a word and keeps no rule from running.

/// What is known of a tag.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Known {
    /// The entry stands in the catalogue.
    Entry,
    /// The catalogue is known, the entry is not.
    Catalogue,
    /// Neither is.
    Nothing,
}

/// Looks a tag up.
pub(super) fn look_up(tag: &str) -> Known {
    let Some((catalogue, entry)) = tag.split_once(':') else { return Known::Nothing };
    let known = match catalogue {
        "owasp-llm" => is_numbered(entry, "LLM", 10),
        "owasp-asi" => is_numbered(entry, "ASI", 10),
        "owasp-mcp" => is_numbered(entry, "MCP", 10),
        "atlas" => entry.strip_prefix("AML.T").is_some_and(|id| ATLAS.contains(&id)),
        "safe-mcp" => entry.strip_prefix("SAFE-T").is_some_and(|id| SAFE_MCP.contains(&id)),
        "cwe" => !entry.starts_with('0') && (1..=4).contains(&entry.len()) && is_digits(entry),
        _ => return Known::Nothing,
    };
    if known { Known::Entry } else { Known::Catalogue }
}

/// `LLM01` to `LLM10` and the like.
fn is_numbered(entry: &str, prefix: &str, last: u32) -> bool {
    let number = entry.strip_prefix(prefix).filter(|it| it.len() == 2 && is_digits(it));
    number.and_then(|it| it.parse().ok()).is_some_and(|number| (1..=last).contains(&number))
}

fn is_digits(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Techniques of MITRE ATLAS 5.6.0 that bear on agents and their tools, without `AML.T`.
const ATLAS: &[&str] = &[
    "0010.005", "0034.002", "0051", "0051.000", "0051.001", "0051.002", "0053", "0054", "0055",
    "0056", "0057", "0061", "0067", "0068", "0070", "0071", "0077", "0080", "0080.000", "0080.001",
    "0081", "0082", "0083", "0084", "0084.001", "0085", "0085.001", "0086", "0092", "0093", "0094",
    "0098", "0099", "0100", "0101", "0104", "0105", "0109", "0110",
];

/// Techniques of SAFE-MCP (commit 5be9702) that are about messages, without `SAFE-T`.
const SAFE_MCP: &[&str] = &[
    "1001", "1004", "1008", "1101", "1102", "1103", "1104", "1105", "1106", "1110", "1201", "1204",
    "1301", "1309", "1401", "1402", "1403", "1404", "1406", "1501", "1502", "1503", "1603", "1701",
    "1703", "1801", "1902", "1910", "1911", "1912", "1913", "1914", "2101", "2102", "2104",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_catalogues_and_neither_are_told_apart() {
        for tag in [
            "owasp-llm:LLM10",
            "owasp-asi:ASI01",
            "atlas:AML.T0051.001",
            "safe-mcp:SAFE-T1911",
            "cwe:78",
        ] {
            assert_eq!(look_up(tag), Known::Entry, "{tag}");
        }
        for tag in
            ["owasp-llm:LLM11", "owasp-mcp:MCP1", "atlas:T0051", "safe-mcp:SAFE-T0001", "cwe:x"]
        {
            assert_eq!(look_up(tag), Known::Catalogue, "{tag}");
        }
        for tag in ["LLM01", "owasp:LLM01", ""] {
            assert_eq!(look_up(tag), Known::Nothing, "{tag}");
        }
    }
}
