//! Sigma rules: their keywords and the values of `contains`, `startswith`, `endswith` and `re`. Reads
//! the part of YAML that Sigma's own rules use; log sources and fields have no place in a message.

use super::{Draft, Taken};

/// One line: how far it is indented, whether it is an item, its key and its value.
#[derive(Debug)]
struct Line<'a> {
    indent: usize,
    item: bool,
    key: Option<&'a str>,
    value: &'a str,
}

pub(super) fn read(text: &str) -> anyhow::Result<Taken> {
    let mut taken = Taken::default();
    for (number, document) in documents(text).into_iter().enumerate() {
        let lines: Vec<Line<'_>> = document.iter().filter_map(|line| parse(line)).collect();
        if lines.is_empty() {
            continue;
        }
        let name = top(&lines, "title").unwrap_or_else(|| format!("rule-{number}"));
        match draft(&name, &lines) {
            Ok(draft) => taken.drafts.push(draft),
            Err(reason) => taken.left.push((name, reason)),
        }
    }
    anyhow::ensure!(
        !taken.drafts.is_empty() || !taken.left.is_empty(),
        "there is no rule in this file"
    );
    Ok(taken)
}

fn documents(text: &str) -> Vec<Vec<&str>> {
    let lines: Vec<&str> = text.lines().collect();
    lines.split(|line| line.trim_end() == "---").map(<[&str]>::to_vec).collect()
}

fn parse(line: &str) -> Option<Line<'_>> {
    let content = line.trim_start();
    let mut indent = line.len() - content.len();
    let content = content.trim_end();
    if content.is_empty() || content.starts_with('#') {
        return None;
    }
    let (item, content) = match content.strip_prefix("- ") {
        Some(rest) => (true, rest.trim_start()),
        None => (false, content),
    };
    indent += usize::from(item);
    let quoted = content.starts_with(['\'', '"']);
    let pair = content.split_once(": ").or_else(|| Some((content.strip_suffix(':')?, "")));
    match pair.filter(|_| !quoted) {
        Some((key, value)) => Some(Line { indent, item, key: Some(key), value: value.trim() }),
        None => Some(Line { indent, item, key: None, value: content }),
    }
}

/// A scalar without its quotes.
fn scalar(value: &str) -> String {
    let inner = |quote: char| value.strip_prefix(quote)?.strip_suffix(quote);
    if let Some(text) = inner('\'') {
        return text.replace("''", "'");
    }
    match inner('"') {
        Some(text) => text.replace("\\\"", "\"").replace("\\\\", "\\"),
        None => value.split(" #").next().unwrap_or_default().trim().to_owned(),
    }
}

fn top(lines: &[Line<'_>], key: &str) -> Option<String> {
    let line = lines.iter().find(|line| line.indent == 0 && line.key == Some(key))?;
    Some(scalar(line.value)).filter(|text| !text.is_empty())
}

/// The lines below a key of the first level.
fn below<'l, 't>(lines: &'l [Line<'t>], key: &str) -> &'l [Line<'t>] {
    let Some(start) = lines.iter().position(|it| it.indent == 0 && it.key == Some(key)) else {
        return &[];
    };
    let rest = lines.get(start + 1..).unwrap_or_default();
    let end = rest.iter().position(|line| line.indent == 0 && !line.item);
    rest.get(..end.unwrap_or(rest.len())).unwrap_or_default()
}

fn draft(name: &str, lines: &[Line<'_>]) -> Result<Draft, String> {
    let level = top(lines, "level").unwrap_or_default();
    let references = below(lines, "references").iter().map(|line| scalar(line.value));
    let mut draft = Draft {
        name: name.to_owned(),
        title: name.to_owned(),
        severity: severity(&level),
        references: references.filter(|it| it.starts_with("http")).collect(),
        ..Draft::default()
    };
    let detection = below(lines, "detection");
    if detection.is_empty() {
        return Err("it has no `detection`".to_owned());
    }
    let mut patterns = Vec::new();
    let mut field = String::new();
    let mut condition = String::new();
    for line in detection {
        match (line.key, line.value) {
            (Some("condition"), value) => condition = scalar(value),
            (Some(key), "") => field = key.to_owned(),
            (Some(key), value) => add(key, &scalar(value), &mut draft, &mut patterns),
            (None, value) => add(&field, &scalar(value), &mut draft, &mut patterns),
        }
    }
    if patterns.is_empty() && draft.literals.is_empty() {
        return Err(format!("none of its values could be carried over: {:?}", draft.notes));
    }
    draft.pattern = (!patterns.is_empty()).then(|| patterns.join("|"));
    if condition.contains("not ") || condition.contains(" and ") || condition.contains("all of") {
        let what = format!("of the condition `{condition}` this is left: any one of the values");
        draft.notes.push(what);
    }
    Ok(draft)
}

fn severity(level: &str) -> &'static str {
    match level {
        "critical" => "critical",
        "high" => "high",
        "low" | "informational" => "low",
        _ => "medium",
    }
}

/// Bytes that a value must have: shorter ones are in every text.
const VALUE_BYTES_MIN: usize = 4;

fn add(key: &str, value: &str, draft: &mut Draft, patterns: &mut Vec<String>) {
    let (field, modifiers) = key.split_once('|').unwrap_or((key, ""));
    let left = |draft: &mut Draft, why: &str| {
        draft.notes.push(format!("`{key}: {value}` was not carried over: {why}"));
    };
    if modifiers.split('|').any(|it| it == "re") {
        return patterns.push(format!("(?:{value})"));
    }
    let changed = |it: &str| ["base64", "base64offset", "cidr", "gt", "lt", "wide"].contains(&it);
    if modifiers.split('|').any(changed) {
        return left(draft, "its modifier compares no text");
    }
    let exact = modifiers.is_empty() && !["keywords", "keyword", "selection"].contains(&field);
    let text = value.trim_matches('*');
    if exact && text == value && field.chars().next().is_some_and(char::is_uppercase) {
        return left(draft, "it is the whole value of a log's field");
    }
    if text.len() < VALUE_BYTES_MIN {
        return left(draft, "it is too short to be looked for in any text");
    }
    if text.contains(['*', '?']) {
        let pattern = regex::escape(text).replace(r"\*", "[^\\n]{0,64}").replace(r"\?", ".");
        return patterns.push(format!("(?i:{pattern})"));
    }
    draft.literals.push(text.replace("\\\\", "\\"));
}
