use super::*;

#[test]
fn bad_text_points_at_its_line() {
    let told =
        refused("permit (principal, action, resource);\n\npermit (principal, action resource);");
    assert!(told.starts_with("test.cedar:3: "), "{told}");
}

#[test]
fn a_misspelt_attribute_points_at_its_line_and_policy() {
    let told = refused(
        "@id(\"p\")\npermit (principal, action, resource)\nwhen {\n  resource.rsik == Risk::\"low\"\n};",
    );
    assert!(told.starts_with("test.cedar:4: policy `p`: "), "{told}");
    assert!(told.contains("rsik"), "{told}");
}

#[test]
fn every_error_of_every_source_is_reported() {
    let sources = [
        source("a.cedar", "permit (principal, action, resource) when { resource.nmae == \"x\" };"),
        source(
            "b.cedar",
            "// a comment\n\nforbid (principal, action == Action::\"cal\", resource);\nnonsense",
        ),
        source("c.cedar", "permit (principal, action, resource in Sever::\"x\");"),
    ];
    let told = lines(&Policies::from_sources(&sources).expect_err("all three are wrong"));
    for place in ["a.cedar:1: ", "b.cedar:4: ", "c.cedar:1: "] {
        assert!(told.contains(place), "{place} is missing in {told}");
    }
}

#[test]
fn policies_that_can_never_apply_are_refused() {
    for text in [
        r#"forbid (principal, action, resource == Server::"files");"#,
        r#"forbid (principal is Group, action, resource);"#,
        r#"forbid (principal, action, resource) when { resource.risk == Risk::"hihg" };"#,
        r#"forbid (principal, action, resource) when { principal.proof == Proof::"token" };"#,
        r#"forbid (principal, action, resource) when { 1 == 2 };"#,
        r#"forbid (principal == ?principal, action, resource);"#,
    ] {
        let told = refused(text);
        assert!(told.starts_with("test.cedar:1: "), "{text}: {told}");
    }
}

#[test]
fn arguments_are_typed_by_their_use_and_checked_with_everything_else() {
    for (condition, part) in [
        // Two types for one argument.
        (r#"context.arguments.a < 3 && context.arguments.a like "x""#, "expected"),
        // Asked for with `has`, used without that guard elsewhere.
        (r#"context.arguments has a || context.arguments.a == "x""#, "optional"),
        // A misspelling beside an argument.
        (r#"context.arguments.a == "x" && resource.nmae == "y""#, "nmae"),
    ] {
        let policy = r#"permit (principal, action == Action::"call", resource)"#;
        let told = refused(&format!("{policy} when {{ {condition} }};"));
        assert!(told.starts_with("test.cedar:1: ") && told.contains(part), "{condition}: {told}");
    }
    let told =
        refused(r#"permit (principal, action, resource) when { context.arguments.a == "x" };"#);
    assert!(told.contains(r#"`action == Action::"call"`"#), "{told}");
}

#[test]
fn misplaced_holds_are_refused() {
    for text in [
        r#"@hold("why") permit (principal, action, resource);"#,
        "@hold forbid (principal, action, resource);",
        r#"@hold(" ") forbid (principal, action, resource);"#,
        r#"@hold("why") forbid (principal, action == Action::"list", resource);"#,
    ] {
        assert!(refused(text).contains("@hold"), "{text}");
    }
}

#[test]
fn ids_are_unique_across_sources() {
    let text = r#"@id("same") permit (principal, action, resource);"#;
    let sources = [source("a.cedar", text), source("b.cedar", &format!("\n{text}"))];
    let told = lines(&Policies::from_sources(&sources).expect_err("one id, two policies"));
    assert!(told.starts_with("b.cedar:2: the id `same` is already taken at a.cedar:1"), "{told}");
    let ground =
        r#"@id("ground.bearer-reaches-no-high-risk") permit (principal, action, resource);"#;
    assert!(refused(ground).contains("already taken"));
}

#[test]
fn places_count_past_comments() {
    let text = "// permit (principal, action, resource);\n\n  // permit\npermit (principal, action, resource);\n\
                forbid (principal == Agent::\"x\", action, resource);";
    assert_eq!(decided(&policies(text), &call()), "allow test.cedar:4");
    let mut other = call();
    other.caller.agent = "x";
    assert_eq!(decided(&policies(text), &other), "deny test.cedar:5");
}

#[test]
fn limits_are_kept() {
    let text = "permit (principal, action, resource);";
    let sources = [source("a.cedar", text)];
    let tight = |limits| lines(&Policies::with_limits(&sources, limits).expect_err("too large"));
    let bytes = super::super::Limits { source_bytes: 10, ..Default::default() };
    assert!(tight(bytes).starts_with("`a.cedar` is larger than the limit of 10 bytes"));
    let count = super::super::Limits { policies: 1, ..Default::default() };
    assert!(tight(count).starts_with("`policies` is larger than the limit of 1 policies"));
    let groups = super::super::Limits { groups: 1, ..Default::default() };
    let policies = Policies::with_limits(&sources, groups).expect("within limits");
    let (one, two) = (["a".to_owned()], ["a".to_owned(), "b".to_owned()]);
    let mut question = call();
    question.caller.groups = &one;
    assert!(decided(&policies, &question).starts_with("allow"));
    question.caller.groups = &two;
    assert!(decided(&policies, &question).starts_with("deny, error: "));
}

#[test]
fn a_folder_is_read_in_order_and_an_empty_one_is_refused() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let errors = Policies::load(folder.path()).expect_err("no policy");
    assert!(lines(&errors).contains("no *.cedar file"));
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text);
    write("b.cedar", "permit (principal, action, resource);").expect("written");
    write("a.cedar", "forbid (principal == Agent::\"x\", action, resource);").expect("written");
    write("notes.txt", "nonsense").expect("written");
    let policies = Policies::load(folder.path()).expect("two good files");
    assert_eq!(policies.count(), 3);
    assert_eq!(decided(&policies, &call()), "allow b.cedar:1");
    assert!(Policies::load(&folder.path().join("missing")).is_err());
}

#[test]
fn a_policy_file_that_cannot_be_read_is_not_left_out() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let permit = "permit (principal, action, resource);";
    std::fs::write(folder.path().join("a.cedar"), permit).expect("written");
    std::os::unix::fs::symlink("nowhere", folder.path().join("b.cedar")).expect("linked");
    let told = lines(&Policies::load(folder.path()).expect_err("a link to nowhere"));
    assert!(told.starts_with("cannot read `") && told.contains("b.cedar"), "{told}");
}

#[test]
fn the_digest_follows_names_texts_and_order() {
    let permit = "permit (principal, action, resource);";
    let digest = |sources: &[Source]| {
        Policies::from_sources(sources).expect("good sources").digest().to_owned()
    };
    let first = digest(&[source("a.cedar", permit)]);
    assert_eq!(first.len(), 64);
    assert_eq!(first, digest(&[source("a.cedar", permit)]));
    assert_ne!(first, digest(&[source("b.cedar", permit)]));
    assert_ne!(first, digest(&[source("a.cedar", &format!("{permit}\n"))]));
}
