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
fn references_lead_where_the_bound_follows_them() {
    let encoded = r##"{"$defs":{"a<b>":{"type":"string"}},"$ref":"#/$defs/a%3Cb%3E"}"##;
    let schema = Schema::compile(&json(encoded)).expect("an encoded name");
    assert!(schema.check(&json("1")).is_err());
    let mut doubling = String::from(r#"{"$defs":{"d0":{"type":"string"}"#);
    for level in 1..40 {
        let below = level - 1;
        doubling.push_str(&format!(
            r##","d{level}":{{"allOf":[{{"$ref":"#/$defs/%64{below}"}},{{"$ref":"#/$defs/%64{below}"}}]}}"##
        ));
    }
    doubling.push_str(r##"},"$ref":"#/$defs/d39"}"##);
    assert!(matches!(Schema::compile(&json(&doubling)), Err(SchemaError::TooCostly)));
    let dangling = json(r##"{"$ref":"#/$defs/nowhere"}"##);
    assert!(matches!(Schema::compile(&dangling), Err(SchemaError::Unresolved(_))));
    let embedded = json(r##"{"properties":{"a":{"$id":"urn:x","$ref":"#"}}}"##);
    assert!(matches!(Schema::compile(&embedded), Err(SchemaError::Embedded)));
}

#[test]
fn a_value_that_would_take_for_ever_does_not_fit() {
    let many: Vec<String> = (0..5_000).map(|size| format!(r#"{{"minimum":{size}}}"#)).collect();
    let wide = format!(r#"{{"items":{{"allOf":[{}]}}}}"#, many.join(","));
    let schema = Schema::compile(&json(&wide)).expect("cheap on one value");
    let long = json(&format!("[{}]", vec!["9999"; 100_000].join(",")));
    assert!(schema.check(&json("[9999]")).is_ok());
    assert!(schema.check(&long).expect_err("too much").what.contains("steps"));

    let branching = r##"{"anyOf":[{"properties":{"a":{"$ref":"#"}},"required":["b"]},
        {"properties":{"a":{"$ref":"#"}},"required":["c"]},{"type":"string"}]}"##;
    let schema = Schema::compile(&json(branching)).expect("cheap on a shallow value");
    let nested =
        |depth: usize| json(&format!("{}\"x\"{}", "{\"a\":".repeat(depth), "}".repeat(depth)));
    assert!(schema.check(&nested(2)).expect_err("`b` is missing").what.contains("anyOf"));
    assert!(schema.check(&nested(60)).expect_err("too deep").what.contains("steps"));
}

#[test]
fn no_way_of_writing_a_schema_hides_its_cost() {
    let chain = |link: &dyn Fn(usize) -> String, levels: usize| {
        let links: Vec<String> = (1..levels).map(link).collect();
        let last = levels - 1;
        json(&format!(
            r##"{{"$defs":{{"d0":{{"type":"object"}},{}}},"$ref":"#/$defs/d{last}"}}"##,
            links.join(",")
        ))
    };
    let again = |level: usize| {
        let below = level - 1;
        format!(
            r##""d{level}":{{"anyOf":[{{"$ref":"#/$defs/d{below}"}}],"unevaluatedProperties":false}}"##
        )
    };
    let single =
        |level: usize| format!(r##""d{level}":{{"allOf":[{{"$ref":"#/$defs/d{}"}}]}}"##, level - 1);
    let deeper = |level: usize| {
        let below = level - 1;
        format!(
            r##""d{level}":{{"properties":{{"a":{{"$ref":"#/$defs/d{below}"}},"b":{{"$ref":"#/$defs/d{below}"}}}}}}"##
        )
    };
    assert!(Schema::compile(&chain(&again, 30)).is_err(), "every branch is asked again");
    assert!(Schema::compile(&chain(&single, 5_000)).is_err(), "a stack has an end");
    assert!(Schema::compile(&chain(&deeper, 5_000)).is_err(), "so it has below");
    let branching = Schema::compile(&chain(&deeper, 40)).expect("one part to each depth");
    assert!(branching.check(&json(r#"{"a":{"b":{}}}"#)).is_ok());
    let circle = format!(
        r##"{{"$defs":{{"l":{{"allOf":[{{"$ref":"#/$defs/l"}}]}}}},{}"$ref":"#/$defs/l"{}}}"##,
        r#""properties":{"a":{"#.repeat(13),
        "}}".repeat(13)
    );
    let circle = Schema::compile(&json(&circle));
    let nested = json(&format!("{}1{}", r#"{"a":"#.repeat(14), "}".repeat(14)));
    assert!(circle.is_err() || circle.is_ok_and(|schema| schema.check(&nested).is_err()));
    let named = json(r##"{"$defs":{"x":{"$anchor":"x"}},"properties":{"a":{"$ref":"#x"}}}"##);
    assert!(matches!(Schema::compile(&named), Err(SchemaError::Unresolved(_))));
    let pattern = json(r#"{"pattern":"[a-m][a-y]{9000}[0-9A-Z_]"}"#);
    assert!(Schema::compile(&pattern).is_err(), "a pattern has a size");
}

#[test]
fn a_large_value_that_fits_nowhere_is_refused_without_a_reason_for_each_part() {
    let choices = vec![r#"{"items":{"type":"string"}}"#; 40].join(",");
    let schema = Schema::compile(&json(&format!(r#"{{"anyOf":[{choices}]}}"#))).expect("choices");
    let numbers = json(&format!("[{}]", vec!["1"; 100_000].join(",")));
    assert_eq!(schema.check(&numbers).expect_err("numbers").what, "it does not fit the schema");
}

#[test]
fn examples_are_data_and_their_words_no_keywords() {
    let schema = json(
        r##"{"properties":{"pet":{"examples":[{"$ref":"#/components/schemas/Pet","$id":"x"}],
            "default":{"$ref":"elsewhere"}}}}"##,
    );
    assert!(Schema::compile(&schema).is_ok());
}

#[test]
fn a_schema_of_all_json_takes_large_and_deep_values() {
    let any = r##"{"anyOf":[{"type":["string","number","boolean","null"]},
        {"type":"array","items":{"$ref":"#"}},
        {"type":"object","additionalProperties":{"$ref":"#"}}]}"##;
    let schema = Schema::compile(&json(any)).expect("any JSON");
    let deep = json(&format!("{}1{}", "[".repeat(60), "]".repeat(60)));
    assert!(schema.check(&deep).is_ok());
    let long = json(&format!("[{}]", vec![r#"{"a":[1,"b"]}"#; 50_000].join(",")));
    assert!(schema.check(&long).is_ok());
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
