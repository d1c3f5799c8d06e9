use proptest::prelude::*;

use super::{Json, Limits, ParseError, parse};

fn read(text: &str) -> Result<Json, ParseError> {
    parse(text.as_bytes(), &Limits::default())
}

#[test]
fn what_was_sent_is_what_is_written() {
    for text in [
        r#"{"z":1,"a":[1.0,1e400,12345678901234567890123,-0],"é":"\u0001\n"}"#,
        r#"[]"#,
        r#"{}"#,
        r#""""#,
        r#"[null,true,false,"a\\b\"c"]"#,
    ] {
        assert_eq!(read(text).expect(text).to_string(), text);
    }
}

#[test]
fn escapes_are_undone_once() {
    assert_eq!(read(r#""\u00e9\ud83d\ude00\/\\n""#).expect("json").as_str(), Some("é😀/\\n"));
}

#[test]
fn what_two_parsers_could_read_differently_is_refused() {
    for text in [
        r#"{"a":1,"a":2}"#,
        r#"{"a":1,"\u0061":2}"#,
        r#""\ud800""#,
        r#""\udc00\ud800""#,
        r#"{"a":1}{"b":2}"#,
        r#"[1,]"#,
        r#"{"a":1,}"#,
        "[01]",
        "[.5]",
        "[1.]",
        "[+1]",
        "[NaN]",
        "\"a\nb\"",
        "",
        "\u{feff}{}",
        "'a'",
    ] {
        assert!(read(text).is_err(), "{text}");
    }
    assert!(parse(b"\"\xff\"", &Limits::default()).is_err());
}

#[test]
fn many_keys_are_still_compared() {
    let members: Vec<String> = (0..40).map(|key| format!("\"k{key}\":0")).collect();
    assert!(read(&format!("{{{}}}", members.join(","))).is_ok());
    assert!(read(&format!("{{{},\"k7\":1}}", members.join(","))).is_err());
}

#[test]
fn limits_hold() {
    let limits = Limits { bytes_max: 64, depth_max: 3, values_max: 10 };
    assert!(parse(b"[[[1]]]", &limits).is_ok());
    assert!(matches!(parse(b"[[[[1]]]]", &limits), Err(ParseError::TooDeep { .. })));
    assert!(matches!(parse(b"[1,2,3,4,5,6,7,8,9,0]", &limits), Err(ParseError::TooMany { .. })));
    assert!(matches!(parse(&[b' '; 65], &limits), Err(ParseError::TooLong { .. })));
    let named: [(&[u8], _); 3] = [
        (b"[[[[1]]]]", "`limits.depth_max` (3)"),
        (b"[1,2,3,4,5,6,7,8,9,0]", "`limits.values_max` (10)"),
        (&[b' '; 65], "`limits.message_bytes_max` (64)"),
    ];
    for (text, name) in named {
        let error = parse(text, &limits).expect_err("it is beyond a limit").to_string();
        assert!(error.contains(name), "a refusal names its limit: {error}");
    }
}

#[test]
fn pins_ignore_order_and_spelling_but_calls_do_not_ignore_literals() {
    let one = read(r#"{"b":1.0,"a":1e21,"é":1e-7}"#).expect("json");
    let two = read(r#"{"é":0.0000001,"a":1000000000000000000000,"b":1}"#).expect("json");
    assert_eq!(one.pin(), two.pin());
    assert_ne!(one.digest(), two.digest());
    assert_ne!(
        read("9007199254740993").expect("json").digest(),
        read("9007199254740992").expect("json").digest()
    );
}

fn any_json() -> impl Strategy<Value = Json> {
    let leaf = prop_oneof![
        Just("null".to_owned()),
        Just("true".to_owned()),
        "-?(0|[1-9][0-9]{0,25})(\\.[0-9]{1,8})?([eE][+-]?[0-9]{1,4})?",
        "\\PC{0,12}".prop_map(|text| Json::from(text).to_string()),
    ]
    .prop_map(|text| read(&text).expect("a leaf is valid"));
    leaf.prop_recursive(4, 48, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Json::Array),
            prop::collection::vec(("\\PC{0,6}", inner), 0..6)
                .prop_map(|members| Json::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn any_tree_survives_writing_and_parsing(tree in any_json()) {
        prop_assert_eq!(parse(&tree.to_bytes(), &Limits::default()), Ok(tree));
    }

    #[test]
    fn any_bytes_are_parsed_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        if let Ok(tree) = parse(&bytes, &Limits::default()) {
            prop_assert_eq!(parse(&tree.to_bytes(), &Limits::default()), Ok(tree));
        }
    }

    #[test]
    fn whatever_passes_reads_the_same_elsewhere(text in "[\\[\\]{}\",:0-9a-e\\\\ ]{0,40}") {
        if let Ok(tree) = read(&text) {
            let other: serde_json::Value = serde_json::from_str(&text).expect("also valid there");
            prop_assert_eq!(tree.to_value(), other);
        }
    }
}
