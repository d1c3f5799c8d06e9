//! Changes one value of a JSON text and leaves every other byte as it stands.

use serde_json::Value;

use super::jsonc::{self, Member, Node, SyntaxError};

/// Puts `value` (JSON text) at `path`, over what is there or as a new first member.
///
/// Does nothing where a parent of `path` is missing: an entry that was deleted stays deleted.
pub(super) fn set(text: &str, path: &[String], value: &str) -> Result<String, SyntaxError> {
    let root = jsonc::parse(text)?;
    if let Some((node, _)) = find(&root, path) {
        let (head, tail) = around(text, node.span.start, node.span.end);
        return Ok(format!("{head}{value}{tail}"));
    }
    let Some((key, parents)) = path.split_last() else { return Ok(text.to_owned()) };
    let Some((parent, _)) = find(&root, parents) else { return Ok(text.to_owned()) };
    Ok(insert(text, parent, key, value))
}

/// Takes the member at `path` out, with its line if it stood alone on it.
pub(super) fn remove(text: &str, path: &[String]) -> Result<String, SyntaxError> {
    let root = jsonc::parse(text)?;
    let Some((_, Some((parent, index)))) = find(&root, path) else { return Ok(text.to_owned()) };
    let Some(member) = parent.members().get(index) else { return Ok(text.to_owned()) };
    let before = index.checked_sub(1).and_then(|previous| parent.members().get(previous));
    Ok(cut(text, member, before))
}

/// The bytes of the value at `path`, as they are written.
pub(super) fn raw<'t>(text: &'t str, path: &[String]) -> Result<Option<&'t str>, SyntaxError> {
    let root = jsonc::parse(text)?;
    Ok(find(&root, path).and_then(|(node, _)| text.get(node.span.clone())))
}

type Found<'n> = (&'n Node, Option<(&'n Node, usize)>);

fn find<'n>(root: &'n Node, path: &[String]) -> Option<Found<'n>> {
    let mut found: Found<'n> = (root, None);
    for key in path {
        let parent = found.0;
        let index = parent.members().iter().position(|member| member.key == *key)?;
        found = (&parent.members().get(index)?.node, Some((parent, index)));
    }
    Some(found)
}

fn around(text: &str, start: usize, end: usize) -> (&str, &str) {
    (text.get(..start).unwrap_or_default(), text.get(end..).unwrap_or_default())
}

fn cut(text: &str, member: &Member, before: Option<&Member>) -> String {
    let end = member.comma.map_or(member.node.span.end, |comma| comma + 1);
    let (head, tail) = around(text, member.key_start, end);
    let bare = head.trim_end_matches([' ', '\t']);
    let after = tail.trim_start_matches([' ', '\t', '\r']);
    let alone = bare.ends_with('\n') && after.starts_with('\n');
    let (head, tail) = if alone {
        (bare, after.strip_prefix('\n').unwrap_or(after))
    } else if member.comma.is_some() {
        (head, tail.trim_start_matches([' ', '\t']))
    } else {
        (head, tail)
    };
    // The last member goes: the comma before it would dangle, which strict JSON refuses.
    match before.and_then(|previous| previous.comma) {
        Some(comma) if member.comma.is_none() => {
            let (start, middle) = around(head, comma, comma + 1);
            format!("{start}{}{tail}", middle.trim_end_matches([' ', '\t']))
        }
        _ => format!("{head}{tail}"),
    }
}

fn insert(text: &str, parent: &Node, key: &str, value: &str) -> String {
    let inside = parent.span.start + 1;
    let (head, tail) = around(text, inside, inside);
    let key = Value::String(key.to_owned());
    match parent.members().first() {
        None => format!("{head} {key}: {value} {}", tail.trim_start_matches([' ', '\t'])),
        Some(first) => {
            let gap = text.get(inside..first.key_start).unwrap_or_default();
            let indent = gap.rfind('\n').and_then(|line| gap.get(line..)).unwrap_or(gap);
            let indent = if indent.trim().is_empty() { indent } else { " " };
            format!("{head}{indent}{key}: {value},{tail}")
        }
    }
}
