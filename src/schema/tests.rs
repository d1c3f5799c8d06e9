use super::{Schema, SchemaError};
use crate::mcp::json::{Json, Limits, parse};

fn json(text: &str) -> Json {
    parse(text.as_bytes(), &Limits::default()).expect("test JSON")
}

#[test]
fn a_mismatch_names_the_place_and_not_the_value() {
    let schema = Schema::compile(&json(
        r#"{"type":"object","properties":{"age":{"type":"integer"}},"required":["age"]}"#,
    ))
    .expect("schema");
    assert!(schema.check(&json(r#"{"age":3}"#)).is_ok());
    let error = schema.check(&json(r#"{"age":"s3cret"}"#)).expect_err("text is no integer");
    assert_eq!(error.place, "/age");
    assert!(!error.what.contains("s3cret"), "{error}");
}

#[test]
fn nothing_is_fetched() {
    for target in ["https://example.com/a.json", "file:///etc/passwd", "other.json"] {
        let schema = json(&format!(r#"{{"$ref":"{target}"}}"#));
        assert!(matches!(Schema::compile(&schema), Err(SchemaError::External(_))), "{target}");
    }
}

#[test]
fn schemas_that_would_never_finish_are_refused() {
    let mut doubling = String::from(r#"{"$defs":{"d0":{"type":"string"}"#);
    for level in 1..40 {
        let below = level - 1;
        doubling.push_str(&format!(
            r##","d{level}":{{"allOf":[{{"$ref":"#/$defs/d{below}"}},{{"$ref":"#/$defs/d{below}"}}]}}"##
        ));
    }
    doubling.push_str(r##"},"$ref":"#/$defs/d39"}"##);
    for text in [
        doubling.as_str(),
        r##"{"$ref":"#"}"##,
        r##"{"allOf":[{"$ref":"#"},{"type":"object"}]}"##,
        r##"{"anyOf":[{"properties":{"a":{"$ref":"#"}}},{"properties":{"a":{"$ref":"#"}}},
            {"properties":{"a":{"$ref":"#"}}},{"properties":{"a":{"$ref":"#"}}}]}"##,
    ] {
        assert!(matches!(Schema::compile(&json(text)), Err(SchemaError::TooCostly)), "{text}");
    }
}

#[test]
fn honest_recursion_is_fine() {
    let tree = json(
        r##"{"type":"object","properties":{"name":{"type":"string"},
            "children":{"type":"array","items":{"$ref":"#"}}},"additionalProperties":false}"##,
    );
    let schema = Schema::compile(&tree).expect("a tree");
    assert!(schema.check(&json(r#"{"children":[{"name":"a","children":[]}]}"#)).is_ok());
    assert!(schema.check(&json(r#"{"children":[{"nome":"a"}]}"#)).is_err());
}

#[test]
fn patterns_cannot_backtrack() {
    assert!(Schema::compile(&json(r#"{"pattern":"(a+)+$"}"#)).is_ok());
    assert!(Schema::compile(&json(r#"{"pattern":"(?=a)b"}"#)).is_err());
}
