use serde_json::json;

use super::{Change, Edit, Format, apply, read, restore};

fn path(keys: &[&str]) -> Vec<String> {
    keys.iter().map(|key| (*key).to_owned()).collect()
}

fn set(keys: &[&str], value: serde_json::Value) -> Edit {
    Edit { path: path(keys), change: Change::Set(value) }
}

fn remove(keys: &[&str]) -> Edit {
    Edit { path: path(keys), change: Change::Remove }
}

fn json_after(text: &str, edit: Edit) -> String {
    apply(Format::Jsonc, text, &[edit]).expect("the edit applies")
}

fn toml_after(text: &str, edit: Edit) -> String {
    apply(Format::Toml, text, &[edit]).expect("the edit applies")
}

#[test]
fn a_set_keeps_comments_order_and_blanks() {
    let text = "{\n  // why\n  \"b\" : 1 , /* c */\n  \"a\":\t\"x\",\n}\r\n";
    let expected = text.replace("\"x\"", "[\"p\", \"q\"]");
    assert_eq!(json_after(text, set(&["a"], json!(["p", "q"]))), expected);
}

#[test]
fn a_removed_line_leaves_no_trace_and_strict_json() {
    let text = "{\n  \"a\": 1,\n  \"b\": 2,\n  \"c\": 3\n}";
    assert_eq!(json_after(text, remove(&["b"])), "{\n  \"a\": 1,\n  \"c\": 3\n}");
    let last = json_after(text, remove(&["c"]));
    assert_eq!(last, "{\n  \"a\": 1,\n  \"b\": 2\n}");
    serde_json::from_str::<serde_json::Value>(&last).expect("no comma dangles");
}

#[test]
fn removing_within_one_line_keeps_the_neighbours() {
    let text = r#"{"a": 1, "b": 2, "c": 3}"#;
    assert_eq!(json_after(text, remove(&["a"])), r#"{"b": 2, "c": 3}"#);
    assert_eq!(json_after(text, remove(&["c"])), r#"{"a": 1, "b": 2}"#);
    assert_eq!(json_after(r#"{"a": 1}"#, remove(&["a"])), "{}");
}

#[test]
fn a_new_member_takes_the_indent_of_its_siblings() {
    let text = "{\n    \"a\": 1\n}";
    assert_eq!(json_after(text, set(&["z"], json!("n"))), "{\n    \"z\": \"n\",\n    \"a\": 1\n}");
    assert_eq!(json_after(r#"{"o": {}}"#, set(&["o", "k"], json!(1))), r#"{"o": { "k": 1 }}"#);
}

#[test]
fn a_change_below_a_deleted_entry_does_nothing() {
    let text = r#"{"mcpServers": {}}"#;
    assert_eq!(json_after(text, set(&["mcpServers", "gone", "url"], json!("x"))), text);
    assert_eq!(json_after(text, remove(&["mcpServers", "gone"])), text);
}

#[test]
fn broken_json_is_refused_with_its_place() {
    for (text, place) in [
        ("{\n  \"a\": ", "2:8"),
        ("{\"a\": 1 \"b\": 2}", "1:9"),
        ("{\"a\": \"x\n\"}", "1:7"),
        ("{} {}", "1:4"),
        ("{\"a\": 1, \"a\": 2}", "1:10"),
        ("{\"a\": tru}", "1:7"),
    ] {
        let fault = read(Format::Jsonc, text).expect_err(text);
        assert!(fault.to_string().starts_with(place), "{text:?} gave {fault}");
    }
    let deep = "[".repeat(100_000);
    assert_eq!(read(Format::Jsonc, &deep).expect_err("too deep").reason, "nested too deep");
}

#[test]
fn toml_keeps_comments_and_windows_line_ends() {
    let text =
        "# top\r\n[s.a] # first\r\ncommand = \"x\" # run\r\nenv = { A = \"1\", B = \"2\" }\r\n";
    let changed = toml_after(text, set(&["s", "a", "command"], json!("y")));
    assert_eq!(changed, text.replace("\"x\"", "\"y\""));
    let inline = toml_after(text, remove(&["s", "a", "env", "A"]));
    assert_eq!(inline, text.replace("A = \"1\", ", ""));
    let inline = toml_after(text, remove(&["s", "a", "env", "B"]));
    assert_eq!(inline, text.replace(", B = \"2\"", ""));
    let line = toml_after(text, remove(&["s", "a", "command"]));
    assert_eq!(line, text.replace("command = \"x\" # run\r\n", ""));
    let added = toml_after(text, set(&["s", "a", "args"], json!(["w"])));
    assert_eq!(added, text.replace("command", "args = [\"w\"]\r\ncommand"));
}

#[test]
fn toml_can_refill_a_table_that_was_emptied() {
    let text = "[s.a]\nurl = \"u\"\n[s.a.env]\nK = \"v\" # note\n[other]\n";
    let emptied = toml_after(text, remove(&["s", "a", "env", "K"]));
    assert_eq!(emptied, "[s.a]\nurl = \"u\"\n[s.a.env]\n[other]\n");
    let refilled = restore(Format::Toml, &emptied, text, &path(&["s", "a", "env", "K"]));
    assert_eq!(refilled.expect("reads"), "[s.a]\nurl = \"u\"\n[s.a.env]\nK = \"v\"\n[other]\n");
}

#[test]
fn restoring_takes_the_original_bytes() {
    let original = "{\"a\": [ 1,2 ], \"b\": 1}";
    let now = "{\"n\": 0, \"a\": 3}";
    let back = restore(Format::Jsonc, now, original, &path(&["a"])).expect("reads");
    assert_eq!(back, "{\"n\": 0, \"a\": [ 1,2 ]}");
    let gone = restore(Format::Jsonc, now, original, &path(&["n"])).expect("reads");
    assert_eq!(gone, "{\"a\": 3}");
}
