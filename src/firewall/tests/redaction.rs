//! What was redacted is in no reading of what is left.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use proptest::prelude::*;

use super::*;
use crate::firewall::readings;

/// Ways to write a token that a reading undoes.
fn written(token: &str, way: usize) -> String {
    let mut middle = token.len() / 2;
    middle -= usize::from(!token.is_char_boundary(middle));
    let (one, two) = token.split_at(middle);
    match way {
        0 => token.to_owned(),
        1 => format!("{one}\u{200B}{two}"),
        2 => STANDARD.encode(format!("the token is {token} here")),
        3 => token.bytes().map(|byte| format!("\\u{byte:04x}")).collect(),
        4 => token.bytes().map(|byte| format!("&#{byte};")).collect(),
        5 => token.bytes().map(|byte| format!("%25{byte:02x}")).collect(),
        6 => format!("<!-- {token} -->"),
        7 => format!("{one}<b></b>{two}"),
        8 => token.chars().filter_map(|c| char::from_u32(0xE0000 + u32::from(c))).collect(),
        _ => STANDARD.encode(STANDARD.encode(format!("the token is {token}"))),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_redacted_token_is_in_no_reading_of_what_is_left(
        ways in prop::collection::vec((0..10_usize, "[a-z ,.\n]{1,12}"), 1..4),
    ) {
        let token = github_token();
        let mut text = String::from("seen: ");
        for (way, gap) in &ways {
            text.push_str(&written(&token, *way));
            text.push(' ');
            text.push_str(gap);
            text.push(' ');
        }
        let findings = scan(Surface::ToolResult, &text);
        let spans: Vec<_> =
            findings.iter().filter(|found| found.action == Action::Redact).map(|found| (found.span.clone(), found.rule.clone())).collect();
        prop_assert!(!spans.is_empty(), "{}", text);
        let clean = redact(&text, &spans);
        readings(&clean, &mut |view, reading, _| {
            assert!(!reading.contains(&token), "{view:?} of {clean:?}");
            Ok(())
        }).expect("what is left is within limits");
    }
}
