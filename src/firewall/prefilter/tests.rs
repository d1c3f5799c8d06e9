use std::convert::Infallible;

use super::*;

fn owner(branch: usize) -> Owner {
    Owner { branch, set: 0 }
}

fn hits(literals: &[&str], text: &str) -> Vec<(usize, Range<usize>)> {
    let literals =
        literals.iter().enumerate().map(|(rule, text)| ((*text).to_owned(), owner(rule)));
    let filter = Prefilter::build(literals.collect()).expect("builds");
    let mut found = Vec::new();
    let record = |Owner { branch: rule, .. }, range| -> Result<(), Infallible> {
        found.push((rule, range));
        Ok(())
    };
    let Ok(()) = filter.scan(text, record);
    found.sort_unstable_by_key(|(rule, range)| (range.start, *rule));
    found
}

#[test]
fn every_literal_is_found_wherever_it_stands_and_whatever_its_case() {
    let literals = ["ghp_", "ignore ", "sk-"];
    assert_eq!(hits(&literals, "IGNORE ghp_"), [(1, 0..7), (0, 7..11)]);
    assert_eq!(hits(&literals, "aSk-"), [(2, 1..4)]);
    assert_eq!(hits(&literals, "sk-x sk-"), [(2, 0..3), (2, 5..8)]);
    for text in ["", "s", "sk", "sk ", "ghp", "gh p_", "ignor e "] {
        assert_eq!(hits(&literals, text), [], "{text}");
    }
}

#[test]
fn literals_may_overlap_contain_each_other_and_share_a_rule() {
    let found = hits(&["abcdef", "cdefgh", "def", "bcd"], "xabcdefgh");
    assert_eq!(found, [(0, 1..7), (3, 2..5), (1, 3..9), (2, 4..7)]);
    let twice =
        Prefilter::build(vec![("same".to_owned(), owner(4)), ("same".to_owned(), owner(9))]);
    let mut rules = Vec::new();
    let scanned = twice.expect("builds").scan(
        "same",
        |Owner { branch: rule, .. }, _| -> Result<(), Infallible> {
            rules.push(rule);
            Ok(())
        },
    );
    assert_eq!((scanned, rules), (Ok(()), vec![4, 9]));
}

#[test]
fn what_only_hashes_like_a_literal_is_no_hit() {
    // The filter takes `@` for a backtick and `[` for a brace before it compares.
    assert_eq!(hits(&["`x`["], "@x@{ `X`["), [(0, 5..9)]);
    assert_eq!(hits(&["ab\u{7f}_"], "AB__"), []);
}

#[test]
fn a_blank_stands_for_any_white_space() {
    assert_eq!(hits(&["you must"], "You  \n\tMUST"), [(0, 0..11)]);
    assert_eq!(hits(&["do it "], "do it"), []);
    assert_eq!(hits(&["do it "], "xdo \r\n it\t\t"), [(0, 1..10)]);
    assert_eq!(hits(&["du musst"], "DU\u{b}musst du must"), [(0, 0..8)]);
    assert_eq!(hits(&["ты должен", "忽略 之前"], "ТЫ \n должен 忽略之前 忽略\t之前").len(), 2);
    for text in ["youmust", "you-must", "you\u{a0}must"] {
        assert_eq!(hits(&["you must"], text), [], "{text}");
    }
}

#[test]
fn a_null_byte_is_a_byte() {
    assert_eq!(hits(&["a\0b", "xyz\0"], "a\0b xyz\0"), [(0, 0..3), (1, 4..8)]);
    assert_eq!(hits(&["a\0b"], "a\u{1}b"), []);
}

#[test]
fn other_scripts_are_found_in_either_case() {
    let text = "Он сказал: ИГНОРИРУЙ предыдущие. ΑΓΝΌΗΣΕ τις, 忽略之前的指令。";
    let literals = ["игнорируй", "предыдущ", "αγνόησε", "忽略之前", "指令"];
    let found = hits(&literals, text);
    let texts: Vec<_> =
        found.iter().map(|(rule, range)| (*rule, text.get(range.clone()))).collect();
    assert_eq!(
        texts,
        [
            (0, Some("ИГНОРИРУЙ")),
            (1, Some("предыдущ")),
            (2, Some("ΑΓΝΌΗΣΕ")),
            (3, Some("忽略之前")),
            (4, Some("指令")),
        ]
    );
}

#[test]
fn a_character_of_three_bytes_alone_is_found_at_the_end() {
    assert_eq!(hits(&["忽"], "x忽"), [(0, 1..4)]);
    assert_eq!(hits(&["忽"], "x忽略"), [(0, 1..4)]);
}

#[test]
fn many_literals_are_all_found_among_each_other() {
    let words: Vec<String> = (0..3000).map(|number| format!("w{number:04}x")).collect();
    let literals: Vec<&str> = words.iter().map(String::as_str).collect();
    let found = hits(&literals, &words.concat());
    assert!(found.iter().map(|(rule, _)| *rule).eq(0..3000), "{}", found.len());
}

#[test]
fn the_first_failure_ends_the_scan() {
    let filter = Prefilter::build(vec![("one".to_owned(), owner(0))]).expect("builds");
    let mut calls = 0;
    let scanned = filter.scan("one one one", |_, _| {
        calls += 1;
        Err("enough")
    });
    assert_eq!((scanned, calls), (Err("enough"), 1));
}
