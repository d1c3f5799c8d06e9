use super::*;

const TEXT: &str = "schema = 1\nid = \"a.b\"\n\tname = 'tab'\n";

fn at(needle: &str) -> Diagnostic {
    let start = TEXT.find(needle).expect("in the text");
    let range = start..start + needle.len();
    Place::new("mine.toml", TEXT).diagnostic(Code::Id, &range, "no id", Some("write one".into()))
}

#[test]
fn the_long_form_shows_the_line_with_carets_the_mend_and_the_page() {
    let expected = "\
error[R0005]: no id
 --> mine.toml:2:6
  |
2 | id = \"a.b\"
  |      ^^^^^
  = mend: write one
  = see: docs/reference/diagnostics/R0005.md
";
    assert_eq!(at("\"a.b\"").render(), expected);
    assert_eq!(at("\"a.b\"").to_string(), "mine.toml:2: error[R0005]: no id; write one");
}

#[test]
fn carets_stand_below_their_place_behind_tabs_and_in_long_lines() {
    assert!(at("'tab'").render().contains("3 |  name = 'tab'\n  |         ^^^^^\n"));
    let line = format!("{}HERE{}", "é".repeat(300), "x".repeat(300));
    let start = line.find("HERE").expect("there");
    let place = Place::new("f", &line);
    let rendered = place.diagnostic(Code::Id, &(start..start + 4), "m", None).render();
    let lines: Vec<&str> = rendered.lines().collect();
    let column = |line: &str, what| line.chars().position(|c| c == what);
    assert_eq!(column(lines[3], 'H'), column(lines[4], '^'), "{rendered}");
    assert!(lines[3].chars().count() < 120 && lines[4].ends_with(" ^^^^"), "{rendered}");
    assert!(rendered.contains("f:1:301"), "{rendered}");
}

#[test]
fn what_acts_on_a_terminal_is_not_printed() {
    let text = "id = \"\u{1b}[2J\u{202e}\u{200b}\"";
    let place = Place::new("a\u{1b}b", text);
    let rendered = place.diagnostic(Code::Id, &(5..text.len()), "\u{9b}31m", None).render();
    let acts = |c: char| (c.is_control() && c != '\n') || c == '\u{202e}' || c == '\u{200b}';
    assert!(!rendered.contains(acts), "{rendered:?}");
}

#[test]
fn a_range_beyond_the_text_or_inside_a_character_has_a_place() {
    let place = Place::new("f", "é\n");
    assert_eq!(place.diagnostic(Code::Id, &(99..100), "m", None).line, 2);
    assert_eq!(place.diagnostic(Code::Id, &(1..2), "m", None).column, 1);
    assert!(
        !Place::new("ruleset", "")
            .diagnostic(Code::Limit, &(0..0), "m", None)
            .render()
            .contains(" | ")
    );
}

#[test]
fn the_machine_readable_form_has_the_names_that_are_printed() {
    let json = serde_json::to_value(at("\"a.b\"")).expect("serialises");
    let expected = serde_json::json!({
        "code": "R0005", "level": "error", "file": "mine.toml", "line": 2, "column": 6,
        "message": "no id", "mend": "write one",
    });
    assert_eq!(json, expected);
}

#[test]
fn every_code_has_a_number_of_its_own_in_order() {
    let numbers: Vec<String> = Code::ALL.iter().map(|code| code.name().to_owned()).collect();
    let counted: Vec<String> = (1..=Code::ALL.len()).map(|n| format!("R{n:04}")).collect();
    assert_eq!(numbers, counted);
}
