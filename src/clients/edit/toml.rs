//! Changes one value of a TOML text and leaves every other byte as it stands.
//!
//! Works on the spans that `toml_edit` reports rather than on its writer, which would turn
//! Windows line ends into Unix ones.

use std::ops::Range;

use serde_json::Value;
use toml_edit::{Document, Item, TableLike};

use super::Fault;

/// The whole text as a value.
pub(super) fn read(text: &str) -> Result<Value, Fault> {
    parse(text)?;
    let table: toml::Table = toml::from_str(text).map_err(|error| fault(text, error.span()))?;
    serde_json::to_value(table).map_err(|_| fault(text, None))
}

/// Puts `value` (TOML text) at `path`, over what is there or as a new first key of its table.
pub(super) fn set(text: &str, path: &[String], value: &str) -> Result<String, Fault> {
    let document = parse(text)?;
    let Some((key, parents)) = path.split_last() else { return Ok(text.to_owned()) };
    let Some(table) = table_at(document.as_item(), parents) else { return Ok(text.to_owned()) };
    if let Some(span) = table.get(key).and_then(Item::span) {
        return Ok(replace(text, &span, value));
    }
    let written = toml_edit::Key::new(key.as_str()).to_string();
    if let Some(start) = inline_start(document.as_item(), parents) {
        let comma = if table.is_empty() { " " } else { ", " };
        return Ok(replace(text, &(start..start), &format!(" {written} = {value}{comma}")));
    }
    let newline = if text.contains("\r\n") { "\r\n" } else { "\n" };
    let first = table.iter().find(|(_, item)| item.is_value()).map(|(key, _)| key);
    let Some(key_span) = first.and_then(|first| key_span(table, first)) else {
        return Ok(after_header(document.as_item(), parents, text, &written, value, newline));
    };
    let start = line_start(text, key_span.start);
    let lead = text.get(start..key_span.start).unwrap_or_default();
    Ok(replace(text, &(start..start), &format!("{lead}{written} = {value}{newline}")))
}

/// Takes the key at `path` out, with its line.
pub(super) fn remove(text: &str, path: &[String]) -> Result<String, Fault> {
    let document = parse(text)?;
    let Some((key, parents)) = path.split_last() else { return Ok(text.to_owned()) };
    let Some(table) = table_at(document.as_item(), parents) else { return Ok(text.to_owned()) };
    let (Some(item), Some(key_span)) = (table.get(key), key_span(table, key)) else {
        return Ok(text.to_owned());
    };
    let Some(value_span) = item.as_value().and_then(toml_edit::Value::span) else {
        return Ok(text.to_owned());
    };
    if inline_start(document.as_item(), parents).is_some() {
        return Ok(remove_inline(text, key_span.start, value_span.end));
    }
    let start = line_start(text, key_span.start);
    let tail = text.get(value_span.end..).unwrap_or_default();
    let end = tail.find('\n').map_or(text.len(), |newline| value_span.end + newline + 1);
    Ok(replace(text, &(start..end), ""))
}

/// The value at `path` as it is written.
pub(super) fn raw<'t>(text: &'t str, path: &[String]) -> Result<Option<&'t str>, Fault> {
    let document = parse(text)?;
    let Some((key, parents)) = path.split_last() else { return Ok(None) };
    let item = table_at(document.as_item(), parents).and_then(|table| table.get(key));
    let span = item.and_then(Item::as_value).and_then(toml_edit::Value::span);
    Ok(span.and_then(|span| text.get(span)))
}

/// A value of ours as TOML text.
pub(super) fn write(value: &Value) -> String {
    match value {
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(write).collect();
            format!("[{}]", items.join(", "))
        }
        Value::String(text) => toml_edit::Value::from(text.as_str()).to_string(),
        other => other.to_string(),
    }
}

fn parse(text: &str) -> Result<Document<&str>, Fault> {
    Document::parse(text).map_err(|error| fault(text, error.span()))
}

/// The parser's own message can quote the line, and the line can hold a secret: keep the place only.
fn fault(text: &str, span: Option<Range<usize>>) -> Fault {
    let at = span.map_or(0, |span| span.start).min(text.len());
    let before = text.as_bytes().get(..at).unwrap_or_default();
    let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
    let start = before.iter().rposition(|byte| *byte == b'\n').map_or(0, |found| found + 1);
    Fault { line, column: at - start + 1, reason: "this is no TOML" }
}

fn table_at<'d>(root: &'d Item, path: &[String]) -> Option<&'d dyn TableLike> {
    item_at(root, path)?.as_table_like()
}

fn item_at<'d>(root: &'d Item, path: &[String]) -> Option<&'d Item> {
    path.iter().try_fold(root, |item, key| item.as_table_like()?.get(key))
}

fn key_span(table: &dyn TableLike, key: &str) -> Option<Range<usize>> {
    table.get_key_value(key).and_then(|(key, _)| key.span())
}

/// Just behind the `{` when the table is written as `{ … }`.
fn inline_start(root: &Item, path: &[String]) -> Option<usize> {
    let inline = item_at(root, path)?.as_inline_table()?;
    inline.span().map(|span| span.start + 1)
}

fn line_start(text: &str, at: usize) -> usize {
    text.get(..at).and_then(|head| head.rfind('\n')).map_or(0, |newline| newline + 1)
}

fn replace(text: &str, span: &Range<usize>, with: &str) -> String {
    let head = text.get(..span.start).unwrap_or_default();
    let tail = text.get(span.end..).unwrap_or_default();
    format!("{head}{with}{tail}")
}

/// A table with no keys left: the new one goes on the line behind its header.
fn after_header(
    root: &Item,
    path: &[String],
    text: &str,
    key: &str,
    value: &str,
    newline: &str,
) -> String {
    let Some(header) = item_at(root, path).and_then(Item::span) else { return text.to_owned() };
    let tail = text.get(header.start..).unwrap_or_default();
    match tail.find('\n') {
        Some(end) => {
            let at = header.start + end + 1;
            replace(text, &(at..at), &format!("{key} = {value}{newline}"))
        }
        None => format!("{text}{newline}{key} = {value}{newline}"),
    }
}

fn remove_inline(text: &str, start: usize, end: usize) -> String {
    let head = text.get(..start).unwrap_or_default();
    let tail = text.get(end..).unwrap_or_default();
    if let Some(after) = tail.trim_start().strip_prefix(',') {
        return format!("{head}{}", after.trim_start_matches([' ', '\t']));
    }
    let bare = head.trim_end();
    match bare.strip_suffix(',') {
        Some(before) => format!("{before}{tail}"),
        None => format!("{head}{tail}"),
    }
}
