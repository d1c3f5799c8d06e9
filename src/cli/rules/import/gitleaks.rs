//! gitleaks' configuration (TOML, as its README describes it): `[[rules]]` with `regex`, `secretGroup`,
//! `entropy` and allow-lists.

use toml::{Table, Value};

use super::{Draft, Taken, ascii};

/// Keys of a rule that are carried over, or need not be.
const KNOWN: [&str; 9] = [
    "id",
    "description",
    "regex",
    "secretGroup",
    "entropy",
    "keywords",
    "tags",
    "allowlist",
    "allowlists",
];

pub(super) fn read(text: &str) -> anyhow::Result<Taken> {
    let table: Table = text.parse()?;
    let mut taken = Taken::default();
    for key in ["allowlist", "allowlists", "extend"] {
        if table.contains_key(key) {
            let reason = "it holds for all rules; write exclusions instead";
            taken.left.push((format!("[{key}]"), reason.to_owned()));
        }
    }
    let rules = table.get("rules").and_then(Value::as_array);
    let rules = rules.ok_or_else(|| anyhow::anyhow!("there is no `[[rules]]`"))?;
    for (number, rule) in rules.iter().enumerate() {
        let name = string(rule, "id").unwrap_or_else(|| format!("rule-{number}"));
        match draft(rule, &name) {
            Ok(draft) => taken.drafts.push(draft),
            Err(reason) => taken.left.push((name, reason)),
        }
    }
    Ok(taken)
}

fn string(rule: &Value, key: &str) -> Option<String> {
    rule.get(key)?.as_str().map(str::to_owned)
}

fn strings(value: Option<&Value>) -> Vec<String> {
    let items = value.and_then(Value::as_array).into_iter().flatten();
    items.filter_map(|item| item.as_str().map(str::to_owned)).collect()
}

fn draft(rule: &Value, name: &str) -> Result<Draft, String> {
    let Some(pattern) = string(rule, "regex") else {
        return Err("it looks at paths alone, and messages have none".to_owned());
    };
    let pattern = ascii::classes(&pattern);
    let mut draft = Draft {
        name: name.to_owned(),
        title: string(rule, "description").unwrap_or_else(|| name.to_owned()),
        severity: "high",
        secret: true,
        tags: vec!["owasp-mcp:MCP01", "owasp-llm:LLM02", "atlas:AML.T0055"],
        entropy: rule.get("entropy").and_then(number),
        ..Draft::default()
    };
    draft.capture = capture(rule, &pattern, &mut draft.notes);
    draft.pattern = Some(pattern);
    for key in rule.as_table().into_iter().flat_map(Table::keys) {
        if !KNOWN.contains(&key.as_str()) {
            draft.notes.push(format!("`{key}` was not carried over"));
        }
    }
    let single = rule.get("allowlist").into_iter();
    let several = rule.get("allowlists").and_then(Value::as_array).into_iter().flatten();
    single.chain(several).for_each(|list| allow(list, &mut draft));
    Ok(draft)
}

fn number(value: &Value) -> Option<f64> {
    value.as_float().or_else(|| value.as_str()?.parse().ok()).or_else(|| {
        let whole = i32::try_from(value.as_integer()?).ok()?;
        Some(f64::from(whole))
    })
}

/// The group that is the secret: the one named, else the first, as gitleaks takes it.
fn capture(rule: &Value, pattern: &str, notes: &mut Vec<String>) -> Option<i64> {
    let stated = rule.get("secretGroup").and_then(Value::as_integer);
    let groups = regex_syntax::parse(pattern).ok()?.properties().explicit_captures_len();
    match (stated, groups) {
        (Some(group), _) if group > 0 => Some(group),
        (_, 0) => None,
        (_, 1) => Some(1),
        (_, more) => {
            notes.push(format!("the pattern has {more} groups; the first is taken for the secret"));
            Some(1)
        }
    }
}

/// Stop words and plain texts become `except`; the rest of an allow-list has no place in a message.
fn allow(list: &Value, draft: &mut Draft) {
    let condition = string(list, "condition").unwrap_or_default();
    if condition.eq_ignore_ascii_case("and") {
        draft
            .notes
            .push("an allow-list with `condition = \"AND\"` was not carried over".to_owned());
        return;
    }
    draft.except.extend(strings(list.get("stopwords")));
    let target = string(list, "regexTarget").unwrap_or_default();
    for pattern in strings(list.get("regexes")) {
        let inner = pattern.trim_start_matches("(?i)").trim_matches(['^', '$']);
        let plain = inner.len() >= 4 && regex::escape(inner) == inner;
        if plain && (target.is_empty() || target == "secret") && inner == pattern {
            draft.except.push(inner.to_owned());
        } else {
            draft.notes.push(format!("the allowed pattern `{pattern}` was not carried over"));
        }
    }
    for key in ["paths", "commits"] {
        if list.get(key).is_some() {
            draft.notes.push(format!("allowed `{key}` were not carried over"));
        }
    }
}
