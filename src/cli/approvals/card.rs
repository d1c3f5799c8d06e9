//! The card: what a person sees who is asked about a call. It is made from the stored arguments, what
//! happens comes first, and the agent says nothing here.

use chrono::{DateTime, Local, Utc};
use serde_json::Value;

use super::{ConfigArgument, harmless, say, text};
use crate::mcp::{
    Json,
    json::{Limits, parse},
};

/// Characters of a value, or of a line of one, that are shown before it is folded.
const VALUE_CHARS_MAX: usize = 400;
/// Lines of a value that are shown before it is folded.
const VALUE_LINES_MAX: usize = 12;
/// Places of arguments that are shown before the others are folded.
const PLACES_MAX: usize = 40;
/// What differs from the last call of the tool, in lines.
const DIFF_LINES_MAX: usize = 20;

/// Prints the card of one approval, as the gateway answers it. `whole` unfolds long values.
pub(super) fn show(row: &Value, whole: bool, config: &ConfigArgument) {
    let shown = |key: &str| harmless(text(row, key));
    say(format_args!("{}\n", standing(row)));
    say(format_args!("calls      {}/{}", shown("upstream"), shown("tool")));
    if let Some(classes) = row["classes"].as_array() {
        let classes: Vec<&str> = classes.iter().filter_map(Value::as_str).collect();
        say(format_args!("can        {} (risk {})", classes.join(", "), shown("risk")));
        say(format_args!("undo       {}", undo(&classes)));
    }
    say(format_args!("because    {}", shown("reasons")));
    say(format_args!("asked by   {} (client {})", shown("principal"), shown("client")));
    if let Some(run) = row["run"].as_str() {
        say(format_args!("run        {}", harmless(run)));
    }
    if is_open(row) {
        let waiting = row["callers_waiting"].as_u64().unwrap_or(0);
        let caller = if waiting > 0 { "still waits" } else { "is gone; a retry would run it" };
        say(format_args!("caller     {caller}"));
        say(format_args!("until      {}", times(row["expires"].as_i64().unwrap_or(0))));
    }
    say(format_args!("state      {}", shown("state")));
    if !text(row, "decided_by").is_empty() {
        let proven = if row["proven"] == Value::Bool(true) { "proven" } else { "unproven" };
        say(format_args!("decided    by {} ({proven})", shown("decided_by")));
    }
    say(format_args!("definition {}", shown("definition_digest")));
    let folds = !whole && text(row, "risk") != "critical";
    let folded = arguments(text(row, "arguments"), folds);
    last(&row["last"]);
    if text(row, "state") == "pending" && is_open(row) {
        let id = shown("id");
        if folded {
            let show = config.command(&format!("approvals show {id} --whole"));
            say(format_args!("\nNot all is shown; `{show}` unfolds it."));
        }
        say(format_args!("\n{}", config.command(&format!("approvals approve {id}"))));
        say(config.command(&format!("approvals deny {id} --reason TEXT")));
    }
}

/// Prints the arguments place by place, and says whether any of them was folded.
fn arguments(stored: &str, folds: bool) -> bool {
    say("arguments");
    // As the gateway reads them: numbers stay what they are, and the order stays.
    let limits = Limits { bytes_max: usize::MAX, ..Limits::default() };
    let Ok(arguments) = parse(stored.as_bytes(), &limits) else {
        say("  cannot be shown: deny, or look into the store");
        return false;
    };
    let mut places = Vec::new();
    collect("", &arguments, &mut places);
    let count = if folds { PLACES_MAX } else { places.len() };
    let mut folded = places.len() > count;
    for (path, value) in places.iter().take(count) {
        folded |= argument(path, value, folds);
    }
    if places.len() > count {
        say(format_args!("  … and {} places more", places.len() - count));
    }
    folded
}

/// The values that hold no others, each with its path.
fn collect<'a>(path: &str, value: &'a Json, places: &mut Vec<(String, &'a Json)>) {
    match value {
        Json::Object(members) if members.iter().next().is_some() => {
            for (key, value) in members.iter() {
                collect(&format!("{path}/{}", name(key)), value, places);
            }
        }
        Json::Array(items) if !items.is_empty() => {
            for (index, value) in items.iter().enumerate() {
                collect(&format!("{path}/{index}"), value, places);
            }
        }
        value => places.push((path.to_owned(), value)),
    }
}

/// A key as it stands in a path; quoted where it could be taken for something else.
fn name(key: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-.$".contains(c);
    if !key.is_empty() && key.chars().all(plain) {
        return key.to_owned();
    }
    harmless(&Json::from(key).to_string())
}

/// Prints the value at one place, and says whether it was folded. Texts of several lines get a bar
/// before each, which nothing else on a card has.
fn argument(path: &str, value: &Json, folds: bool) -> bool {
    let whole = match value.as_str() {
        Some(text) if text.contains('\n') => text.to_owned(),
        _ => value.to_string(),
    };
    let (shown, rest) = if folds { fold(&whole) } else { (whole.as_str(), 0) };
    let (path, cut) = if folds { fold(path) } else { (path, 0) };
    let dots = if cut > 0 { "…" } else { "" };
    if whole.contains('\n') {
        say(format_args!("  {path}{dots}:"));
        shown.split('\n').for_each(|line| say(format_args!("    | {}", harmless(line))));
    } else {
        say(format_args!("  {path}{dots}: {}", harmless(shown)));
    }
    if rest > 0 {
        say(format_args!("    … and {rest} bytes more"));
    }
    rest + cut > 0
}

/// As much of a value as is shown at once, and the bytes that are not.
fn fold(value: &str) -> (&str, usize) {
    let lines = value.match_indices('\n').nth(VALUE_LINES_MAX - 1).map(|(at, _)| at);
    let chars = value.char_indices().nth(VALUE_CHARS_MAX).map(|(at, _)| at);
    let end = lines.into_iter().chain(chars).min().unwrap_or(value.len());
    let (shown, rest) = value.split_at_checked(end).unwrap_or((value, ""));
    (shown, rest.len())
}

/// What is different from the call of this tool that a person let run last.
fn last(last: &Value) {
    if last.is_null() {
        return say("before     no call of this tool ran with a person's yes");
    }
    let (by, when) = (harmless(text(last, "decided_by")), last["consumed_at"].as_i64());
    let when = when.map(times).unwrap_or_default();
    let lines = last["diff"].as_array().map(Vec::as_slice).unwrap_or_default();
    let same = if lines.is_empty() { ", with these arguments" } else { ", which differs in" };
    say(format_args!("before     {by} let one run, {when}{same}"));
    for line in lines.iter().take(DIFF_LINES_MAX).filter_map(Value::as_str) {
        let (line, rest) = fold(line);
        let more = if rest > 0 { " …" } else { "" };
        say(format_args!("  {}{more}", harmless(line)));
    }
    if lines.len() > DIFF_LINES_MAX {
        say(format_args!("  … and {} places more", lines.len() - DIFF_LINES_MAX));
    }
}

/// Whether what a tool of these classes does can be taken back.
fn undo(classes: &[&str]) -> &'static str {
    let has = |class: &str| classes.contains(&class);
    if has("money") || has("destructive") {
        "no: what it pays or loses does not come back"
    } else if has("egress") {
        "no: what is sent stays sent"
    } else if has("exec") {
        "nobody can say: it runs a program"
    } else if has("persists_instructions") {
        "by hand, and before an agent or a program obeys what was written"
    } else if has("state_change") {
        "by hand, if what was there is known elsewhere"
    } else {
        "there is nothing to undo: it only reads"
    }
}

/// Time left, as people say it.
pub(super) fn left(row: &Value) -> String {
    let expires = row["expires"].as_i64().unwrap_or(0);
    let seconds = (expires - crate::ids::now_ms()) / 1000;
    match seconds {
        ..=0 => "over".to_owned(),
        1..=119 => format!("{seconds} s"),
        _ => format!("{} min", seconds / 60),
    }
}

/// A time in milliseconds since 1970, as the clock on the wall and in UTC.
fn times(ms: i64) -> String {
    let Some(utc) = DateTime::<Utc>::from_timestamp_millis(ms) else { return String::new() };
    let local = utc.with_timezone(&Local).format("%Y-%m-%d %H:%M:%S");
    format!("{local} here, {} UTC", utc.format("%H:%M:%S"))
}

/// Whether the call may still run.
fn is_open(row: &Value) -> bool {
    let expired = row["expires"].as_i64().unwrap_or(0) <= crate::ids::now_ms();
    !expired && matches!(text(row, "state"), "pending" | "approved")
}

/// What becomes of the call if nobody does anything more.
fn standing(row: &Value) -> String {
    match text(row, "state") {
        "pending" if is_open(row) => {
            format!("If you do nothing, the call is refused in {}.", left(row))
        }
        "approved" if is_open(row) => {
            format!("Approved: it runs once, if it is asked for in the next {}.", left(row))
        }
        "pending" | "approved" => "Expired: it did not run and will not.".to_owned(),
        "denied" => "Denied: it did not run and will not.".to_owned(),
        "consumed" => "Used: the call that it allowed was made; nothing more can run.".to_owned(),
        state => format!("Over ({}): nothing more can run.", harmless(state)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_value_is_folded_at_a_line_or_a_character_and_its_rest_is_counted() {
        assert_eq!(fold("short"), ("short", 0));
        let long = "é".repeat(VALUE_CHARS_MAX + 3);
        let (shown, rest) = fold(&long);
        assert_eq!((shown.chars().count(), rest), (VALUE_CHARS_MAX, 6));
        let lines = "a\n".repeat(VALUE_LINES_MAX + 1);
        let (shown, rest) = fold(&lines);
        assert_eq!((shown.lines().count(), rest), (VALUE_LINES_MAX, 3));
    }

    #[test]
    fn every_place_has_a_path_that_no_key_can_imitate() {
        let text =
            r#"{"a":{"b":[1,{"c/d: 5":"x"}]},"n":12345678901234567890123,"":{},"e\nf":null}"#;
        let value = parse(text.as_bytes(), &Limits::default()).expect("JSON");
        let mut places = Vec::new();
        collect("", &value, &mut places);
        let shown: Vec<String> =
            places.iter().map(|(path, value)| format!("{path}: {value}")).collect();
        let expected = [
            "/a/b/0: 1",
            "/a/b/1/\"c/d: 5\": \"x\"",
            "/n: 12345678901234567890123",
            "/\"\": {}",
            "/\"e\\nf\": null",
        ];
        assert_eq!(shown, expected);
    }

    #[test]
    fn the_worst_that_a_tool_can_do_says_whether_it_can_be_undone() {
        for (classes, told) in [
            (&["state_change", "money"][..], "no: what it pays"),
            (&["egress", "state_change"], "no: what is sent"),
            (&["state_change"], "by hand"),
            (&["reads_private"], "nothing to undo"),
        ] {
            assert!(undo(classes).contains(told), "{classes:?}: {}", undo(classes));
        }
    }
}
